/// Speaking with systemd: readiness and status, the watchdog, inherited sockets, the journal.
///
/// Everything here works without systemd, too: it tells nothing, watches nothing, inherits nothing, and logs go to
/// standard error. It knows no services, no Docker and no HTTP.
///
///      systemd ── sockets, NOTIFY_SOCKET, WATCHDOG_USEC ──▶ svcd ── READY, STATUS, WATCHDOG ──▶ systemd
///                                                             └──── records with fields ──────▶ journald
internal import CSystemd
internal import Libc

/// The manager that started this process, if it wants to be told; see sd_notify(3).
package enum ServiceManager {
    package enum Message: Sendable {
        /// It serves; also after a reload.
        case ready
        case reloading
        case stopping
        /// A sentence for `systemctl status`.
        case status(String)
        /// It is alive.
        case watchdog
        /// Starting or stopping takes so much longer.
        case extendTimeout(Duration)
    }

    /// Sends one datagram, in microseconds; nothing happens where systemd doesn't listen.
    package static func tell(_ messages: Message...) {
        sd_notify(0, messages.map(\.text).joined(separator: "\n"))
    }

    /// How long the manager waits for a sign of life before it kills; null: it doesn't.
    package static var watchdogLimit: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(microseconds))
    }

    /// The listening sockets that this process has inherited, by the names that their units give (sd_listen_fds(3)).
    ///
    /// Asks once: the environment that tells of them is cleared, so that no child takes them for its own.
    package static func takeSockets() -> [String: [CInt]] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        guard count > 0, let names else { return [:] }
        defer { free(names) }
        var sockets: [String: [CInt]] = [:]
        for index in 0..<Int(count) {
            guard let name = names[index] else { continue }
            defer { free(name) }
            let descriptor = CInt(SD_LISTEN_FDS_START) + CInt(index)
            guard sd_is_socket(descriptor, AF_UNSPEC, CInt(SOCK_STREAM.rawValue), 1) > 0 else { continue }
            sockets[String(cString: name), default: []].append(descriptor)
        }
        return sockets
    }
}

extension ServiceManager.Message {
    fileprivate var text: String {
        switch self {
        case .ready: "READY=1"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        case .status(let sentence): "STATUS=" + sentence.split(whereSeparator: \.isNewline).joined(separator: " ")
        case .extendTimeout(let span): "EXTEND_TIMEOUT_USEC=\(span / .microseconds(1))".prefix { $0 != "." }.description
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)"
        }
    }

    private static var monotonicMicroseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
    }
}
