internal import Libc

/// A file of the kernel that stays open and is read again and again from its beginning.
final class CounterFile: Sendable {
    private let descriptor: CInt

    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// What there is of it, at most the buffer's size; null: it can't be read, or is empty.
    func read(into buffer: inout [UInt8]) -> ArraySlice<UInt8>? {
        let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return count > 0 ? buffer[..<count] : nil
    }
}

extension Int {
    /// Takes one more decimal digit; stays at the largest number rather than pass it.
    mutating func append(digit: UInt8) {
        let tenfold = multipliedReportingOverflow(by: 10)
        let sum = tenfold.partialValue.addingReportingOverflow(Int(digit) - Int(UInt8(ascii: "0")))
        self = tenfold.overflow || sum.overflow ? .max : sum.partialValue
    }

    /// The sum, or the largest number rather than pass it. Of numbers that are not negative.
    func addingUpToMost(_ other: Int) -> Int {
        let sum = addingReportingOverflow(other)
        return sum.overflow ? .max : sum.partialValue
    }
}
