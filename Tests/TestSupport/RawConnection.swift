import Foundation

/// A unix socket that sends just the bytes it is told to.
package final class RawConnection: Sendable {
    package let descriptor: CInt

    package init(_ path: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        var limit = timeval(tv_sec: 15, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else { throw Overdue(description: "connect: \(String(cString: strerror(errno)))") }
    }

    package func send(_ text: String) throws { try Bytes.send(descriptor, text) }

    /// What has come; throws when nothing more will, or nothing does for a while.
    package func receive() throws -> String { try Bytes.receive(descriptor) }

    /// One request and its whole answer, by its Content-Length.
    package func exchange(_ request: String) throws -> String {
        try send(request)
        var answer = ""
        while true {
            answer += try receive()
            guard let end = answer.range(of: "\r\n\r\n") else { continue }
            let head = answer[..<end.lowerBound]
            let field = head.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            let length = field.flatMap { Int($0.split(separator: ":")[1].trimmingCharacters(in: .whitespaces)) } ?? 0
            if request.hasPrefix("HEAD") || answer[end.upperBound...].utf8.count >= length { return answer }
        }
    }

    package func closeOutput() { shutdown(descriptor, CInt(SHUT_WR)) }
    package func close() { Foundation.close(descriptor) }
}

/// A TCP connection to a container.
package final class TCPConnection: Sendable {
    private let descriptor: CInt

    package init(host: String, port: UInt16) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Overdue(description: "connect: \(String(cString: strerror(errno)))") }
    }

    package func send(_ text: String) throws { try Bytes.send(descriptor, text) }
    package func receive() throws -> String { try Bytes.receive(descriptor) }

    /// How many bytes have come and were thrown away (MSG_TRUNC, tcp(7)).
    package func discard() throws -> Int {
        let count = recv(descriptor, nil, 1 << 20, CInt(MSG_TRUNC))
        guard count > 0 else { throw Overdue(description: "closed") }
        return count
    }

    package func close() { Foundation.close(descriptor) }
}

private enum Bytes {
    static func send(_ descriptor: CInt, _ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Overdue(description: "send: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }

    static func receive(_ descriptor: CInt) throws -> String {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { throw Overdue(description: count == 0 ? "closed" : String(cString: strerror(errno))) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
