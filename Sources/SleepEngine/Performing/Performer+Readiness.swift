internal import Logging
internal import SleepCore

/// What a wake waits for after the thaw: that the service answers, and that what it requires is awake.
extension Performer {
    /// Health checks run every few seconds; asking more often than this finds nothing sooner.
    private static let longestHealthWait = Duration.milliseconds(100)

    func waitUntilReady(
        _ ids: [String], afterStart: Bool, _ sleeper: Sleeper, _ limit: Duration, _ wake: Waker
    ) async -> Outcome {
        let deadline = world.time.now + limit
        do {
            for id in ids {
                if let readiness = sleeper.settings.ready {
                    try await answers(id, readiness, afterStart, deadline, sleeper)
                } else if afterStart {
                    try await isHealthy(id, deadline)
                }
            }
        } catch let notReady as NotReady {
            return Outcome(notReady: "it is not ready: \(notReady)", isTimeout: true)
        } catch {
            let isSilence = (error as? EngineFault)?.isSilence ?? false
            return Outcome(notReady: "it is not ready: \(error)", isSilence: isSilence)
        }
        return await requiredAreAwake(by: sleeper, deadline, wake)
    }

    private func answers(
        _ id: String, _ readiness: Readiness, _ afterStart: Bool, _ deadline: Instant, _ sleeper: Sleeper
    ) async throws {
        var container = sleeper.container(id)
        // A start may give it another address.
        if afterStart || container?.details == nil {
            container = try await world.engine.inspect(id: id, within: Self.lookLimit)
        }
        guard let container else { throw NotReady(description: "its container is gone") }
        try await world.readiness.wait(for: readiness, of: container, within: deadline - world.time.now)
    }

    /// Waits for Docker's HEALTHCHECK, where the container has one.
    private func isHealthy(_ id: String, _ deadline: Instant) async throws {
        var wait = Duration.milliseconds(1)
        while true {
            guard let found = try await world.engine.inspect(id: id, within: Self.lookLimit), found.status == .running
            else { throw NotReady(description: "its container has ended") }
            guard let health = found.details?.health, health != "healthy" else { return }
            guard world.time.now + wait < deadline else {
                throw NotReady(description: "its HEALTHCHECK says \(health)")
            }
            try await world.time.sleep(until: world.time.now + wait)
            wait = min(wait * 2, Self.longestHealthWait)
        }
    }

    /// What others have done to a required service (held, down, absent, ambiguous) doesn't hold its dependents
    /// back: they run without it as they would without svcd.
    private func requiredAreAwake(by sleeper: Sleeper, _ deadline: Instant, _ wake: Waker) async -> Outcome {
        for name in sleeper.settings.requires {
            guard let answer = await wake(name, deadline - world.time.now), case .failure(let failure) = answer.result
            else { continue }
            switch failure {
            case .held, .down, .absent, .ambiguous:
                world.logger.debug(
                    "a required service is not there",
                    metadata: ["service.name": "\(sleeper.name)", "required": "\(name)", "state": "\(answer.state)"])
            case .failed(let why):
                return Outcome(notReady: "\(name), which it requires, could not be woken: \(why)")
            case .timedOut:
                return Outcome(notReady: "\(name), which it requires, was not awake in time", isTimeout: true)
            case .engineUnavailable:
                return Outcome(notReady: "\(name), which it requires, sleeps, and Docker can't be asked")
            }
        }
        return Outcome()
    }
}
