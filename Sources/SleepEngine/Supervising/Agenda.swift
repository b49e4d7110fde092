internal import HeapModule
internal import SleepCore

/// What is due by itself, and when. There is one alarm for all of it.
struct Agenda {
    enum Item: Hashable {
        /// The machine of the service with this key wants to be called.
        case service(UInt64)
        /// Meters are to be read.
        case sampling
        /// A sign of life is wanted.
        case pulse
    }

    private struct Entry: Comparable {
        var at: Instant
        var item: Item
        static func < (left: Entry, right: Entry) -> Bool { left.at < right.at }
    }

    private var entries = Heap<Entry>()
    private var times: [Item: Instant] = [:]
    private var armed: Instant?

    /// Puts an item on. What stands there for an earlier time stays.
    mutating func add(_ item: Item, at instant: Instant) {
        if let time = times[item], time <= instant { return }
        times[item] = instant
        entries.insert(Entry(at: instant, item: item))
    }

    mutating func remove(_ item: Item) { times[item] = nil }

    /// Takes what is due, the earliest first. Whoever calls this has heard the alarm: none is set any more.
    mutating func takeDue(_ now: Instant) -> [Item] {
        armed = nil
        var due: [Item] = []
        while let first = entries.min, first.at <= now {
            entries.removeMin()
            // Anything else was put earlier, or taken off.
            guard times[first.item] == first.at else { continue }
            times[first.item] = nil
            due.append(first.item)
        }
        return due
    }

    /// The alarm to set; null: the one that is set will do.
    mutating func nextAlarm() -> Instant? {
        guard let earliest = entries.min?.at, armed.map({ earliest < $0 }) ?? true else { return nil }
        armed = earliest
        return earliest
    }
}
