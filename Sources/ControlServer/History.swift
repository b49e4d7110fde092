internal import ControlTypes
internal import SleepCore
internal import SleepEngine

extension History.Entry {
    init(_ row: Journal.TransitionRow) {
        self.init(
            at: Wire.timestamp(milliseconds: row.atMilliseconds), service: row.service, from: row.from, to: row.to,
            depth: row.depth, trigger: row.trigger, by: row.by, elapsedMs: row.elapsedMicroseconds.map(milliseconds),
            outcome: row.outcome, error: row.error, residentBeforeBytes: row.residentBefore,
            residentAfterBytes: row.residentAfter)
    }
}

extension EventAnswer {
    init(_ notice: EngineNotice) {
        self.init(
            kind: notice.kind.rawValue, at: Wire.timestamp(milliseconds: notice.atMilliseconds),
            transition: notice.row.map(History.Entry.init), message: notice.message)
    }
}
