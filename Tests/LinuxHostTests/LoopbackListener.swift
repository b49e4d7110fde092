import Libc
import Testing

/// A TCP socket that listens on 127.0.0.1; closed with the value that opened it.
final class LoopbackListener {
    let descriptor: CInt
    let port: UInt16

    init() throws {
        let opened = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        try #require(opened >= 0)
        descriptor = opened
        var address = Self.address(port: 0)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var length = size
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(opened, $0, size) == 0 && listen(opened, 8) == 0 && getsockname(opened, $0, &length) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        try #require(isListening)
    }

    deinit { close(descriptor) }

    /// A client's end. On loopback what is sent has arrived when the call returns.
    func connect(sending count: Int) throws -> CInt {
        let client = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        try #require(client >= 0)
        var address = Self.address(port: port)
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Libc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isConnected)
        let bytes = [UInt8](repeating: 0, count: count)
        try #require(send(client, bytes, count, 0) == count)
        return client
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
