internal import SleepCore

/// Requests that a service has taken in and not answered: use, however few bytes they have.
///
/// The kernel tells on which connections the peer has said the last word. That is a request, or one of the
/// messages that many protocols never answer, as a WebSocket's pong. A connection on which nothing more was said
/// since the last look has a request that takes long; one on which little was said back and forth, below every
/// floor, is a conversation that goes on without anybody.
extension Supervisor {
    /// How long a request may take.
    private static let longestAnswer = Duration.seconds(600)

    /// Before a fall: what waits for its answer, in words; null: nothing.
    func requestBeforeFall(_ driver: ServiceDriver) -> String? {
        let heard = driver.heard
        let waiting = openRequests(driver, within: Self.longestAnswer).first { request in
            heard[request.connection].map { $0.segments == request.segments } ?? true
        }
        return waiting.map { "a request on port \($0.port) waits for its answer" }
    }

    /// After a freeze: what has come since `requestBeforeFall`, in words; null: nothing.
    func requestDuringFall(_ driver: ServiceDriver) -> String? {
        let heard = driver.heard
        let new = openRequests(driver, within: Self.news).first { heard[$0.connection]?.segments != $0.segments }
        return new.map { "a request on port \($0.port) came" }
    }

    /// After a freeze that nobody looked before: whether somebody waits who would only be heard again by a packet.
    func isWaitedFor(_ driver: ServiceDriver) -> Bool {
        let requests = openRequests(driver, within: Self.news)
        let now = now
        return requests.contains { request in driver.heard[request.connection].map { now - $0.at < Self.news } ?? false
        }
    }

    private func openRequests(_ driver: ServiceDriver, within limit: Duration) -> [OpenRequest] {
        let settings = driver.policy.settings
        guard !settings.activity.isDisjoint(with: [.network, .connections]) || settings.wakeOn.contains(.traffic) else {
            return []
        }
        let requests = driver.machine.containers.filter { $0.pid > 0 && $0.status != .down }.flatMap {
            world.host.unanswered($0, within: limit, ignoring: settings.ignoreSources)
        }
        let open = Set(requests.map(\.connection))
        driver.heard = driver.heard.filter { open.contains($0.key) || now - $0.value.at < Self.longestAnswer }
        for request in requests where driver.heard[request.connection]?.segments != request.segments {
            driver.heard[request.connection] = (request.segments, now)
        }
        return requests
    }
}
