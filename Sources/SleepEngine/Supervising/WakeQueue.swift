internal import SleepCore

/// Lets a limited number of wakes run at once, the most urgent first: the shorter the wake budget, the
/// higher the tier; among equals the first come.
struct WakeQueue {
    struct Entry {
        var driver: UInt64
        var operation: SleepMachine.Operation
        var budget: Duration
    }

    var limit: Int
    private(set) var running = 0
    private var waiting: [Entry] = []

    init(limit: Int) { self.limit = limit }

    /// True: begin now. False: `finish` will bring it up.
    mutating func enter(_ entry: Entry) -> Bool {
        if running < limit {
            running += 1
            return true
        }
        let position = waiting.firstIndex { $0.budget > entry.budget } ?? waiting.endIndex
        waiting.insert(entry, at: position)
        return false
    }

    /// One has ended: the ones to begin now.
    mutating func finish() -> [Entry] {
        running -= 1
        var next: [Entry] = []
        while running < limit, !waiting.isEmpty {
            running += 1
            next.append(waiting.removeFirst())
        }
        return next
    }
}
