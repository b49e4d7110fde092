import Foundation
import Testing

@testable import Systemd

@Suite("systemd", .serialized)
struct ServiceManagerTests {
    /// What a manager gets that listens while `body` runs.
    private func told(_ body: () -> Void) throws -> String {
        let path = NSTemporaryDirectory() + "/n\(getpid())"
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        defer {
            close(descriptor)
            unlink(path)
            unsetenv("NOTIFY_SOCKET")
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        setenv("NOTIFY_SOCKET", path, 1)
        body()
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = recv(descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    @Test("messages go out as sd_notify(3) has them, in one datagram")
    func messages() throws {
        #expect(try told { ServiceManager.tell(.ready, .status("two\nlines")) } == "READY=1\nSTATUS=two lines")
        #expect(
            try told { ServiceManager.tell(.stopping, .extendTimeout(.milliseconds(1500))) }
                == "STOPPING=1\nEXTEND_TIMEOUT_USEC=1500000")
        #expect(try told { ServiceManager.tell(.watchdog) } == "WATCHDOG=1")
        let reloading = try told { ServiceManager.tell(.reloading) }
        let stamp = try #require(reloading.split(separator: "=").last.flatMap { Int($0) })
        #expect(reloading == "RELOADING=1\nMONOTONIC_USEC=\(stamp)" && stamp > 0)
    }

    @Test("without systemd nothing is told, watched or inherited, and the journal isn't used")
    func without() {
        ServiceManager.tell(.ready)
        #expect(ServiceManager.watchdogLimit == nil)
        #expect(ServiceManager.takeSockets().isEmpty)
        #expect(JournalLog(fields: { _, _ in [] }) == nil)
        // Somebody else's stream: what is written to standard error doesn't go there.
        setenv("JOURNAL_STREAM", "1:2", 1)
        defer { unsetenv("JOURNAL_STREAM") }
        #expect(JournalLog(fields: { _, _ in [] }) == nil)
    }

    @Test("the watchdog's limit is known to the process that it is meant for")
    func watchdog() {
        setenv("WATCHDOG_USEC", "30000000", 1)
        setenv("WATCHDOG_PID", "\(getpid())", 1)
        #expect(ServiceManager.watchdogLimit == .seconds(30))
        setenv("WATCHDOG_PID", "1", 1)
        #expect(ServiceManager.watchdogLimit == nil)
        for name in ["WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) }
    }
}
