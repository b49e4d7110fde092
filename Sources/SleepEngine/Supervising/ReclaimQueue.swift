internal import SleepCore

/// One service's memory on its way back to the host.
struct ReclaimJob: Sendable {
    /// The service's key.
    var service: UInt64
    /// The number under which its machine wants to hear how it ended.
    var id: UInt64
    var containers: [Container]
    /// 0...1 of what is resident.
    var share: Double
    let flag = HaltFlag()
}

/// Memory is handed back by one service at a time, the first come first.
struct ReclaimQueue {
    private var underWay: ReclaimJob?
    private var waiting: [ReclaimJob] = []
    /// Why memory couldn't be handed back, as far as it has been logged.
    private var told: Set<String> = []

    var isIdle: Bool { underWay == nil }

    /// True: begin it now. False: `finish` will bring it up.
    mutating func enter(_ job: ReclaimJob) -> Bool {
        guard underWay == nil else {
            waiting.append(job)
            return false
        }
        underWay = job
        return true
    }

    /// Halts a service's. One that hasn't begun ends at once, and is answered: a wake doesn't wait for its turn.
    mutating func halt(_ service: UInt64) -> ReclaimJob? {
        if let index = waiting.firstIndex(where: { $0.service == service }) { return waiting.remove(at: index) }
        if let underWay, underWay.service == service { underWay.flag.raise() }
        return nil
    }

    /// The one under way has ended: the one to begin now.
    mutating func finish() -> ReclaimJob? {
        underWay = waiting.isEmpty ? nil : waiting.removeFirst()
        return underWay
    }

    /// Whether a reason is to be logged: once each.
    mutating func isNews(_ reason: String) -> Bool { told.insert(reason).inserted }
}
