/// The plainest hook: `GET /hook/NAME… HTTP/1.1`, complete, and with no header that has a say in how it is
/// answered. Knows no more of HTTP than that, and leaves all else to the parser.
enum PlainHook {
    private static let start = Array("GET /hook/".utf8)
    private static let version = Array("HTTP/1.1\r\n".utf8)

    /// The service that it is for; null: not the plainest hook, or not exactly one.
    static func service(_ bytes: Span<UInt8>) -> String? {
        guard has(bytes, start, at: 0) else { return nil }
        var at = start.count
        while at < bytes.count, isNameByte(bytes[at]) { at += 1 }
        let name = start.count..<at
        guard !name.isEmpty, at < bytes.count, "/? ".utf8.contains(bytes[at]) else { return nil }
        // What follows the name says nothing.
        while at < bytes.count, bytes[at] > UInt8(ascii: " "), bytes[at] < 0x7F { at += 1 }
        guard at < bytes.count, bytes[at] == UInt8(ascii: " "), has(bytes, version, at: at + 1) else { return nil }
        guard hasPlainHeaders(bytes, from: at + 1 + version.count) else { return nil }
        return bytes.extracting(name).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the rest is header lines and the empty line, and none may mean something.
    private static func hasPlainHeaders(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        var at = start
        while at + 1 < bytes.count {
            if bytes[at] == UInt8(ascii: "\r") { return bytes[at + 1] == UInt8(ascii: "\n") && at + 2 == bytes.count }
            let name = at
            while at < bytes.count, isNameByte(bytes[at]) { at += 1 }
            guard at < bytes.count, bytes[at] == UInt8(ascii: ":"), at > name else { return false }
            guard !maySay(bytes[name] | 0x20, at - name) else { return false }
            while at < bytes.count, bytes[at] >= UInt8(ascii: " ") || bytes[at] == UInt8(ascii: "\t") { at += 1 }
            guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\r"), bytes[at + 1] == UInt8(ascii: "\n") else {
                return false
            }
            at += 2
        }
        return false
    }

    /// Whether a header with this first letter and length can be Connection, Content-Length, Expect,
    /// Transfer-Encoding or Upgrade. Some others are, too; the parser knows better.
    private static func maySay(_ first: UInt8, _ length: Int) -> Bool {
        switch (first, length) {
        case (UInt8(ascii: "c"), 10), (UInt8(ascii: "c"), 14), (UInt8(ascii: "e"), 6), (UInt8(ascii: "t"), 17),
            (UInt8(ascii: "u"), 7):
            true
        default: false
        }
    }

    /// What names of services and of headers are made of; rarer signs are the parser's.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte | 0x20 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
        }
    }

    private static func has(_ bytes: Span<UInt8>, _ part: [UInt8], at start: Int) -> Bool {
        guard bytes.count - start >= part.count else { return false }
        for index in part.indices where bytes[start + index] != part[index] { return false }
        return true
    }
}
