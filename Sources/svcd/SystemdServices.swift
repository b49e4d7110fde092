internal import ServiceLifecycle
internal import SleepCore
internal import SleepEngine
internal import Systemd

/// Feeds systemd's watchdog, as long as everything turns; what is stuck lets it starve, and systemd starts us anew.
struct WatchdogService: ServiceLifecycle.Service {
    let supervisor: Supervisor
    let limit: Duration

    /// Waits for no pulse: what is stuck must not keep svcd from stopping.
    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await supervisor.pulse { ServiceManager.tell(.watchdog) }
                try await Task.sleep(for: limit / 3)
            }
        }
    }
}

/// Keeps the line that `systemctl status` shows.
struct StatusService: ServiceLifecycle.Service {
    let supervisor: Supervisor

    /// The shortest time between two lines.
    private static let pause = Duration.seconds(1)

    func run() async throws {
        var shown: Summary?
        // A flock of transitions can cost the subscription.
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let (id, notices) = await supervisor.subscribe()
            for await _ in notices.cancelOnGracefulShutdown() {
                // The last one of a flock counts.
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
                let summary = await supervisor.summary
                if summary != shown { ServiceManager.tell(.status(Self.sentence(summary))) }
                shown = summary
            }
            await supervisor.unsubscribe(id)
        }
    }

    static func sentence(_ summary: Summary) -> String {
        var sentence = "\(summary.services) service\(summary.services == 1 ? "" : "s"), \(summary.asleep) asleep"
        if summary.handedBackBytes > 0 { sentence += ", \(size(summary.handedBackBytes)) handed back" }
        switch summary.mode {
        case .auto: break
        case .observe: sentence += "; mode observe: nothing is touched"
        case .off: sentence += "; mode off"
        }
        if !summary.isEngineReachable { sentence += "; Docker does not answer" }
        return sentence
    }

    private static func size(_ bytes: Int) -> String {
        let tenths = bytes * 10 >> 30
        return tenths >= 10 ? "\(tenths / 10).\(tenths % 10) GiB" : "\(bytes >> 20) MiB"
    }
}
