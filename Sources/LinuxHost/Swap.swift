internal import SleepCore

/// Where this host swaps to (proc(5), /proc/swaps).
struct Swap {
    enum Medium { case none, zram, disk }

    var medium = Medium.none
    var totalBytes = 0
    var freeBytes = 0

    /// - Parameter text: of /proc/swaps.
    init(_ text: String) {
        var priority = Int.min
        for line in text.split(separator: "\n").dropFirst() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 5, let size = Int(words[2]), let used = Int(words[3]), let rank = Int(words[4]) else {
                continue
            }
            totalBytes += size * 1024
            freeBytes += (size - used) * 1024
            // The kernel fills the device of the highest priority first.
            if rank > priority {
                priority = rank
                medium = words[0].contains("/zram") ? .zram : .disk
            }
        }
    }

    static func read(proc: String = "/proc") -> Swap { Swap(readText("\(proc)/swaps") ?? "") }

    /// Below this much free swap nothing more is handed back: the host may need it.
    var floorBytes: Int { max(64 << 20, totalBytes / 20) }

    /// What a major fault costs a process: 4 to 9 us from zram, page by page; 150 to 500 us from a file on
    /// disk, in clusters of eight pages. Measured by touching 40 MB of a container that had been swapped.
    var majorFaultCost: Duration {
        switch medium {
        case .none: .zero
        case .zram: .microseconds(7)
        case .disk: .microseconds(300)
        }
    }
}
