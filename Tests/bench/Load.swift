import Foundation
import TestSupport

/// Keep-alive connections to a unix socket, each with one request under way, driven by one thread with
/// nothing between it and the kernel.
final class Load {
    private let request: [UInt8]
    private let descriptors: [CInt]
    private var polled: [pollfd]
    private var buffer = [UInt8](repeating: 0, count: 4096)

    /// - Parameter target: what to GET.
    init(_ path: String, _ target: String, connections: Int = 64) throws {
        request = Array("GET \(target) HTTP/1.1\r\nHost: svcd\r\n\r\n".utf8)
        descriptors = try (0..<connections).map { _ in try RawConnection(path).descriptor }
        polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    /// As many requests as the server answers.
    ///
    /// - Returns: answers a second.
    func flatOut(_ seconds: Double) throws -> Double {
        let began = Self.now
        let end = began + UInt64(seconds * 1e9)
        for descriptor in descriptors { try send(descriptor) }
        var (answers, pending) = (0, descriptors.count)
        while pending > 0 {
            poll(&polled, nfds_t(polled.count), 1000)
            let isOver = Self.now >= end
            for entry in polled where entry.revents != 0 {
                try receive(entry.fd)
                answers += 1
                if isOver { pending -= 1 } else { try send(entry.fd) }
            }
        }
        return Double(answers) / (Double(Self.now - began) / 1e9)
    }

    /// Requests at a fixed rate, whether or not earlier ones have been answered.
    ///
    /// - Returns: milliseconds from when each was due to its answer.
    func paced(_ rate: Double, _ seconds: Double) throws -> [Double] {
        let began = Self.now
        let total = Int(rate * seconds)
        let step = 1e9 / rate
        func due(_ number: Int) -> UInt64 { began + UInt64(Double(number) * step) }
        var latencies: [Double] = []
        latencies.reserveCapacity(total)
        var idle = Array(descriptors.indices)
        var dueOf = [UInt64](repeating: 0, count: descriptors.count)
        var sent = 0
        while latencies.count < total {
            while sent < total, let index = idle.last, due(sent) <= Self.now {
                idle.removeLast()
                dueOf[index] = due(sent)
                try send(descriptors[index])
                sent += 1
            }
            poll(&polled, nfds_t(polled.count), 0)
            for (index, entry) in polled.enumerated() where entry.revents != 0 {
                try receive(entry.fd)
                latencies.append(Double(Self.now - dueOf[index]) / 1e6)
                idle.append(index)
            }
        }
        return latencies
    }

    private static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

    private func send(_ descriptor: CInt) throws {
        guard Foundation.send(descriptor, request, request.count, CInt(MSG_NOSIGNAL)) == request.count else {
            throw Overdue(description: "send: \(String(cString: strerror(errno)))")
        }
    }

    private func receive(_ descriptor: CInt) throws {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 9, buffer[9] == UInt8(ascii: "2") else { throw Overdue(description: "no 2xx: \(count)") }
    }
}
