internal import ControlTypes
internal import NIOHTTP1
internal import PolicyFile
internal import SleepCore
internal import SleepEngine

/// Answers everything but hooks. Runs on the event loop's executor, like its caller.
struct Responder: Sendable {
    let supervisor: Supervisor
    let services: ControlServer.Services

    private static let longestLease = Duration.seconds(3600)
    private static let longestSpan = Duration.seconds(3650 * 86_400)

    func answer(_ job: ControlServer.Job) async {
        await supervisor.run { [self] supervisor in
            if job.route == .events {
                await stream(job, supervisor)
                return
            }
            do {
                job.reply.send(try await answer(job, supervisor))
            } catch let problem as Problem {
                job.reply.send(Answer(problem))
            } catch {
                job.reply.send(Answer(Problems.internalError("\(error)")))
            }
        }
    }

    private func answer(_ job: ControlServer.Job, _ supervisor: isolated Supervisor) async throws -> Answer {
        switch job.route {
        case .hook, .events:
            return Answer(Problems.route(.notFound))  // answered elsewhere
        case .health:
            return await supervisor.isHealthy()
                ? Answer(status: .ok, headers: ["Content-Length": "0"])
                : Answer(Problems.unhealthy)
        case .services:
            return Answer(json: ServiceList(services: supervisor.views().map(Service.init)))
        case .service(let name):
            return Answer(json: Service(try view(name, supervisor)))
        case .wake(let name):
            return try await wake(name, job, supervisor)
        case .sleep(let name):
            return try await sleep(name, job, supervisor)
        case .pin(let name):
            let span = try job.query.duration("for", in: .seconds(1)...Self.longestSpan)
            let by = job.peer.description
            try know(supervisor.pin(name, for: span, by: by), name, supervisor)
            supervisor.noteRequest("pin", of: name, by: by)
            return Answer(json: Service(try view(name, supervisor)))
        case .unpin(let name):
            try know(supervisor.unpin(name), name, supervisor)
            supervisor.noteRequest("unpin", of: name, by: job.peer.description)
            return Answer(json: Service(try view(name, supervisor)))
        case .takeLease(let name):
            return try await takeLease(name, job, supervisor)
        case .renewLease(let id):
            let span = try leaseSpan(job)
            guard supervisor.renewLease(id, for: span, peer: job.owner) else { throw Problems.unknownLease }
            return .empty
        case .endLease(let id):
            guard supervisor.endLease(id, peer: job.owner) else { throw Problems.unknownLease }
            return .empty
        case .why(let name):
            return Answer(json: Why(try view(name, supervisor)))
        case .history:
            return try await history(job, supervisor)
        case .budgets:
            let since = try since(job, or: Journal.keptFor, supervisor)
            let budgets = try await Budgets.read(from: supervisor.journal, since: since)
            return Answer(json: BudgetsAnswer(budgets, since: since, policy: supervisor.policy))
        case .policy:
            return Answer(json: PolicyAnswer(supervisor.policy, mode: supervisor.mode))
        case .doctor:
            return Answer(json: await services.doctor())
        case .mode:
            return Answer(json: ModeAnswer(mode: supervisor.mode.rawValue))
        case .setMode:
            guard let mode: Mode = try job.query.choice("mode") else {
                throw Problems.badRequest("no mode, expected ?mode=auto, observe or off")
            }
            supervisor.noteRequest("mode \(mode.rawValue)", of: nil, by: job.peer.description)
            supervisor.set(mode)
            return Answer(json: ModeAnswer(mode: mode.rawValue))
        case .reload:
            supervisor.noteRequest("reload", of: nil, by: job.peer.description)
            switch await services.reload() {
            case .success(let policy): return Answer(json: Reloaded(policy))
            case .failure(let faults): throw Problems.policy(faults)
            }
        }
    }

    // MARK: Verbs

    private func wake(
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

    private func sleep(
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

    private func takeLease(
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

    private func leaseSpan(_ job: ControlServer.Job) throws -> Duration {
        try job.query.duration("ttl", in: .milliseconds(1)...Self.longestLease) ?? .seconds(30)
    }

    private func history(_ job: ControlServer.Job, _ supervisor: isolated Supervisor) async throws -> Answer {
        let name = job.query["service"]
        let since = try since(job, or: Journal.keptFor, supervisor)
        if let name, !supervisor.has(name) { throw unknown(name, supervisor) }
        let limit = try job.query.integer("limit", in: 1...100_000) ?? 1000
        let rows = try await supervisor.journal.transitions(of: name, since: since, limit: limit)
        return Answer(json: History(history: rows.map(History.Entry.init)))
    }

    /// Since when, in wall-clock milliseconds.
    private func since(
        _ job: ControlServer.Job, or span: Duration, _ supervisor: isolated Supervisor
    ) throws -> Int64 {
        let span = try job.query.duration("since", in: .zero...Self.longestSpan) ?? span
        return supervisor.wallMilliseconds - span.milliseconds
    }

    // MARK: Events

    private func stream(_ job: ControlServer.Job, _ supervisor: isolated Supervisor) async {
        let (id, notices) = supervisor.subscribe()
        job.reply.whenClosed { [weak supervisor] in supervisor?.assumeIsolated { $0.unsubscribe(id) } }
        job.reply.beginStream("text/event-stream")
        do {
            // Something at once, so that the caller knows that it is subscribed.
            try await job.reply.stream(": svcd\n\n")
            for await notice in notices {
                let json = try Wire.encode(EventAnswer(notice))
                try await job.reply.stream(
                    "id: \(notice.number)\nevent: \(notice.kind.rawValue)\ndata: \(String(decoding: json, as: UTF8.self))\n\n"
                )
            }
        } catch {
            // The caller has gone; there is nobody to tell.
        }
        supervisor.unsubscribe(id)
        job.reply.endStream()
    }

    // MARK: Names

    private func view(_ name: String, _ supervisor: isolated Supervisor) throws -> ServiceView {
        guard let view = supervisor.view(name) else { throw unknown(name, supervisor) }
        return view
    }

    private func know(_ isKnown: Bool, _ name: String, _ supervisor: isolated Supervisor) throws {
        if !isKnown { throw unknown(name, supervisor) }
    }

    private func unknown(_ name: String, _ supervisor: isolated Supervisor) -> Problem {
        Problems.unknownService(name, nearest: supervisor.nearest(to: name))
    }
}

extension ControlServer.Job {
    /// Whose leases it may touch: null for an operator, who may touch any.
    fileprivate var owner: UInt32? { power == .control ? nil : peer.uid }
}

extension Supervisor {
    /// Runs on the supervisor's executor.
    fileprivate func run(_ body: @Sendable (isolated Supervisor) async -> Void) async { await body(self) }

    fileprivate var wallMilliseconds: Int64 { clock.wallMilliseconds }
}
