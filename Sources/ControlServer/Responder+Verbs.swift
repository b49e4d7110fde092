internal import ControlTypes
internal import NIOHTTP1
internal import PolicyFile
internal import SleepCore
internal import SleepEngine

/// What changes something.
extension Responder {
    private static let longestLease = Duration.seconds(3600)

    // MARK: Waking and sleeping

    func wake(
        _ name: String, _ job: ControlServer.Job, _ supervisor: isolated Supervisor
    ) async throws -> Answer {
        let limit = try job.query.duration("timeout", in: .milliseconds(1)...(.seconds(600)))
        let by = job.peer.description
        supervisor.logRequest("wake", of: name, by: by)
        switch job.query["wait"] ?? "ready" {
        case "ready":
            let answer = await supervisor.wake(name, trigger: .operator, by: by, within: limit)
            guard let answer else { throw unknown(name, supervisor) }
            // What has woken is in the history by itself.
            if case .success(let report) = answer.result, !report.woke {
                supervisor.noteRequest("wake", of: name, by: by)
            }
            return Answer(json: try wake(answer))
        case "none":
            try know(supervisor.demandWake(name, by: by), name, supervisor)
            return Answer(status: .accepted, json: Wake(begun: try view(name, supervisor)))
        case let text:
            throw Problems.badRequest("wait is '\(text)', expected ready or none")
        }
    }

    private func wake(_ answer: WakeAnswer) throws -> Wake {
        switch answer.result {
        case .success(let report): return Wake(answer, report)
        case .failure(let failure): throw Problems.wake(failure, answer.service)
        }
    }

    func sleep(
        _ name: String, _ job: ControlServer.Job, _ supervisor: isolated Supervisor
    ) async throws -> Answer {
        let depth: Depth? = try job.query.choice("depth")
        let isForced = try job.query.flag("force")
        let by = job.peer.description
        supervisor.logRequest(isForced ? "sleep by force" : "sleep", of: name, by: by)
        switch await supervisor.sleep(name, depth: depth ?? .frozen, force: isForced, by: by) {
        case nil: throw unknown(name, supervisor)
        case .asleep?: return Answer(json: Service(try view(name, supervisor)))
        case .vetoed(let vetoes)?:
            supervisor.noteRequest("sleep, vetoed", of: name, by: by)
            throw Problems.vetoed(vetoes, name)
        case .failed(let why)?:
            throw Problems.sleep(why, name)
        }
    }

    // MARK: Pins and leases

    func pin(_ name: String, _ job: ControlServer.Job, _ supervisor: isolated Supervisor) throws -> Answer {
        let span = try job.query.duration("for", in: .seconds(1)...Self.longestSpan)
        let by = job.peer.description
        try know(supervisor.pin(name, for: span, by: by), name, supervisor)
        supervisor.noteRequest("pin", of: name, by: by)
        return Answer(json: Service(try view(name, supervisor)))
    }

    func unpin(_ name: String, _ job: ControlServer.Job, _ supervisor: isolated Supervisor) throws -> Answer {
        try know(supervisor.unpin(name), name, supervisor)
        supervisor.noteRequest("unpin", of: name, by: job.peer.description)
        return Answer(json: Service(try view(name, supervisor)))
    }

    func takeLease(
        _ name: String, _ job: ControlServer.Job, _ supervisor: isolated Supervisor
    ) async throws -> Answer {
        let span = try leaseSpan(job)
        guard supervisor.has(name) else { throw unknown(name, supervisor) }
        guard let lease = supervisor.takeLease(name, for: span, peer: job.peer.uid) else {
            throw Problems.tooManyLeases
        }
        let answer = await supervisor.wake(name, trigger: .lease, by: job.peer.description)
        do {
            guard let answer else { throw unknown(name, supervisor) }
            return Answer(
                status: .created,
                json: Lease(
                    id: lease.id, service: name, expiresAt: Wire.timestamp(milliseconds: lease.expiresMilliseconds),
                    wake: try wake(answer)))
        } catch {
            // Nobody gets to know the id, so nobody could end it.
            _ = supervisor.endLease(lease.id, peer: nil)
            throw error
        }
    }

    func renewLease(_ id: String, _ job: ControlServer.Job, _ supervisor: isolated Supervisor) throws -> Answer {
        let span = try leaseSpan(job)
        guard supervisor.renewLease(id, for: span, peer: job.owner) else { throw Problems.unknownLease }
        return .empty
    }

    func endLease(_ id: String, _ job: ControlServer.Job, _ supervisor: isolated Supervisor) throws -> Answer {
        guard supervisor.endLease(id, peer: job.owner) else { throw Problems.unknownLease }
        return .empty
    }

    private func leaseSpan(_ job: ControlServer.Job) throws -> Duration {
        try job.query.duration("ttl", in: .milliseconds(1)...Self.longestLease) ?? .seconds(30)
    }

    // MARK: The whole

    func setMode(_ job: ControlServer.Job, _ supervisor: isolated Supervisor) throws -> Answer {
        guard let mode: Mode = try job.query.choice("mode") else {
            throw Problems.badRequest("no mode, expected ?mode=auto, observe or off")
        }
        supervisor.noteRequest("mode \(mode.rawValue)", of: nil, by: job.peer.description)
        supervisor.set(mode)
        return Answer(json: ModeAnswer(mode: mode.rawValue))
    }

    func reload(_ job: ControlServer.Job, _ supervisor: isolated Supervisor) async throws -> Answer {
        supervisor.noteRequest("reload", of: nil, by: job.peer.description)
        switch await services.reload() {
        case .success(let policy): return Answer(json: Reloaded(policy))
        case .failure(let faults): throw Problems.policy(faults)
        }
    }
}

extension ControlServer.Job {
    /// Whose leases it may touch: null for an operator, who may touch any.
    fileprivate var owner: UInt32? { power == .control ? nil : peer.uid }
}
