internal import SleepCore

extension WakeTrigger {
    /// A packet that comes for a sleeper. Its kernel completes handshakes and keeps what comes, so that nothing is
    /// lost until the thaw.
    static let packets = WakeTrigger(
        source: .traffic, trigger: .traffic, veto: { .noPacketWakes($0) },
        watch: { container, settings, host, wake in
            host.watchTraffic(container, ignoring: settings.ignoreSources, wake)
        })
}
