internal import Libc

/// Addresses from `start` up to, not including, `end`; page-aligned.
struct AddressRange: Sendable, Equatable {
    var start: UInt
    var end: UInt
    var length: UInt { end - start }
}

/// The memory of another process: its mappings, which of its pages are where, and advice to the kernel.
final class ProcessMemory {
    struct Mapping {
        var range: AddressRange
        /// Backed by no file: only swap can take it.
        var isAnonymous: Bool
    }

    enum Advice: Int32 {
        case willNeed = 3
        case pageOut = 21
    }

    static let pageSize = UInt(sysconf(Int32(_SC_PAGESIZE)))
    /// process_madvise(2) takes no more ranges at once (IOV_MAX).
    private static let mostRanges = 1024
    /// Pages whose entries are read at most of one process: reserved address space can be terabytes.
    private static let mostScannedPages: UInt = 1 << 21

    private let proc: String
    private let pid: Int32
    private let descriptor: CInt
    /// -1 where it may not be read.
    private let pagemap: CInt
    private var entries = [UInt64](repeating: 0, count: 8192)

    /// Null: there is no such process, or pidfds are not to be had (Linux before 5.3).
    init?(_ pid: Int32, proc: String = "/proc") {
        pagemap = open("\(proc)/\(pid)/pagemap", O_RDONLY | O_CLOEXEC)
        descriptor = linux_pidfd_open(pid)
        guard descriptor >= 0 else { return nil }
        self.pid = pid
        self.proc = proc
    }

    deinit {
        close(descriptor)
        close(pagemap)
    }

    /// In ascending order; without what the kernel maps itself.
    var mappings: [Mapping] {
        (readText("\(proc)/\(pid)/maps", most: 16 << 20) ?? "").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard words.count >= 5 else { return nil }
            let ends = words[0].split(separator: "-")
            guard ends.count == 2, let start = UInt(ends[0], radix: 16), let end = UInt(ends[1], radix: 16) else {
                return nil
            }
            let name = words.count > 5 ? words[5] : ""
            if name.hasPrefix("[v") { return nil }
            return Mapping(range: AddressRange(start: start, end: end), isAnonymous: words[4] == "0")
        }
    }

    /// Gives the kernel advice on ranges; 0, or the errno of the first that it refused.
    func advise(_ advice: Advice, _ ranges: [AddressRange]) -> CInt {
        var first: CInt = 0
        var rest = ranges[...]
        while !rest.isEmpty {
            let vectors = rest.prefix(Self.mostRanges).map {
                iovec(iov_base: UnsafeMutableRawPointer(bitPattern: $0.start), iov_len: Int($0.length))
            }
            rest = rest.dropFirst(vectors.count)
            if linux_process_madvise(descriptor, vectors, vectors.count, advice.rawValue) < 0, first == 0 {
                first = errno
            }
        }
        return first
    }

    enum Whereabouts {
        case present, swapped

        /// Of an entry of the pagemap (Documentation/admin-guide/mm/pagemap.rst).
        var bit: UInt64 { self == .present ? 1 << 63 : 1 << 62 }
    }

    /// The anonymous pages that are there now, as ranges in ascending order.
    func pages(_ wanted: Whereabouts) -> [AddressRange] {
        var found: [AddressRange] = []
        var left = Self.mostScannedPages
        for mapping in mappings where mapping.isAnonymous && left > 0 {
            scan(mapping.range, most: &left) { page, entry in
                guard entry & wanted.bit != 0 else { return }
                let start = page * Self.pageSize
                if let last = found.last, last.end == start {
                    found[found.count - 1].end += Self.pageSize
                } else {
                    found.append(AddressRange(start: start, end: start + Self.pageSize))
                }
            }
        }
        return found
    }

    /// How much of a range is in memory; all of it where the kernel doesn't tell.
    func presentBytes(in range: AddressRange) -> Int {
        guard pagemap >= 0 else { return Int(range.length) }
        var left = Self.mostScannedPages
        var count = 0
        scan(range, most: &left) { _, entry in if entry & Whereabouts.present.bit != 0 { count += 1 } }
        return count * Int(Self.pageSize)
    }

    private func scan(_ range: AddressRange, most left: inout UInt, _ body: (UInt, UInt64) -> Void) {
        var page = range.start / Self.pageSize
        let end = range.end / Self.pageSize
        while page < end, left > 0, pagemap >= 0 {
            let count = min(Int(end - page), entries.count, Int(left))
            let bytes = entries.withUnsafeMutableBytes { pread(pagemap, $0.baseAddress, count * 8, off_t(page * 8)) }
            guard bytes > 0 else { return }
            for index in 0..<(bytes / 8) { body(page + UInt(index), entries[index]) }
            page += UInt(bytes / 8)
            left -= UInt(bytes / 8)
        }
    }
}

extension [AddressRange] {
    /// What both have; both in ascending order.
    func intersection(_ other: [AddressRange]) -> [AddressRange] {
        var result: [AddressRange] = []
        var (left, right) = (0, 0)
        while left < count, right < other.count {
            let start = Swift.max(self[left].start, other[right].start)
            let end = Swift.min(self[left].end, other[right].end)
            if start < end { result.append(AddressRange(start: start, end: end)) }
            if self[left].end < other[right].end { left += 1 } else { right += 1 }
        }
        return result
    }

    /// What either has, in ascending order; ranges less than `gap` apart become one.
    func union(_ other: [AddressRange], gap: UInt) -> [AddressRange] {
        var result: [AddressRange] = []
        for range in (self + other).sorted(by: { $0.start < $1.start }) {
            if let last = result.last, range.start <= last.end + gap {
                result[result.count - 1].end = Swift.max(last.end, range.end)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// One range without these, which are in ascending order.
    static func subtracting(_ holes: [AddressRange], from range: AddressRange) -> [AddressRange] {
        var result: [AddressRange] = []
        var start = range.start
        for hole in holes where hole.end > range.start && hole.start < range.end {
            if hole.start > start { result.append(AddressRange(start: start, end: hole.start)) }
            start = Swift.max(start, hole.end)
        }
        if start < range.end { result.append(AddressRange(start: start, end: range.end)) }
        return result
    }
}
