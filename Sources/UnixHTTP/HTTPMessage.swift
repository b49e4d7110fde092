package import NIOCore

package struct HTTPRequest: Sendable {
    package var method: String
    /// Path and query, escaped.
    package var target: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?

    package init(
        _ method: String, _ target: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }
}

package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: ByteBuffer

    /// The first header of that name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Why there is no answer.
package enum HTTPFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// No connection: nothing was sent.
    case unreachable(path: String, why: String)
    /// The socket is there, and its mode keeps this process out.
    case notPermitted(path: String)
    case deadlineExceeded
    /// The connection broke before the answer was whole.
    case closed
    case garbled(String)
    case tooLarge
    case cancelled

    package var description: String {
        switch self {
        case .unreachable(let path, let why): "\(path): \(why)"
        case .notPermitted(let path): "\(path): permission denied"
        case .deadlineExceeded: "no answer in time"
        case .closed: "the connection broke before the answer"
        case .garbled(let why): "the answer is not HTTP: \(why)"
        case .tooLarge: "the answer is too large"
        case .cancelled: "cancelled"
        }
    }
}

extension String {
    /// Escaped for one segment of a path, or one value of a query: only unreserved characters of RFC 3986
    /// stay, so that no text can reach another path.
    package var escapedForURL: String {
        var escaped = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return escaped
    }
}

/// Cuts a stream of bytes into lines. A line longer than `longest` is dropped whole.
struct LineSplitter {
    private var pending = ByteBuffer()
    private var isSkipping = false
    private let longest: Int

    init(longest: Int) { self.longest = longest }

    /// The lines that are whole now, without their ends.
    mutating func add(_ chunk: ByteBuffer) -> [ByteBuffer] {
        var chunk = chunk
        var lines: [ByteBuffer] = []
        while let end = chunk.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            let length = end - chunk.readerIndex
            guard var part = chunk.readSlice(length: length + 1) else { break }
            part.moveWriterIndex(to: part.writerIndex - 1)
            if isSkipping || pending.readableBytes + length > longest {
                isSkipping = false
                pending.clear()
                continue
            }
            if pending.readableBytes > 0 {
                pending.writeBuffer(&part)
                part = pending
                pending = ByteBuffer()
            }
            if part.readableBytesView.last == UInt8(ascii: "\r") { part.moveWriterIndex(to: part.writerIndex - 1) }
            lines.append(part)
        }
        if !isSkipping { pending.writeBuffer(&chunk) }
        if pending.readableBytes > longest {
            pending.clear()
            isSkipping = true
        }
        return lines
    }
}
