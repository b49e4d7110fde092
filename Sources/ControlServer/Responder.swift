internal import ControlTypes
internal import NIOHTTP1
internal import PolicyFile
internal import SleepCore
internal import SleepEngine

/// Answers everything but hooks. Runs on the event loop's executor, like its caller.
struct Responder: Sendable {
    let supervisor: Supervisor
    let services: ControlServer.Services

    static let longestSpan = Duration.seconds(3650 * 86_400)

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
        case .hook, .events: return Answer(Problems.route(.notFound))  // answered elsewhere
        case .health: return await supervisor.isHealthy() ? .healthy : Answer(Problems.unhealthy)
        case .services: return Answer(json: ServiceList(services: supervisor.views().map(Service.init)))
        case .service(let name): return Answer(json: Service(try view(name, supervisor)))
        case .wake(let name): return try await wake(name, job, supervisor)
        case .sleep(let name): return try await sleep(name, job, supervisor)
        case .pin(let name): return try pin(name, job, supervisor)
        case .unpin(let name): return try unpin(name, job, supervisor)
        case .takeLease(let name): return try await takeLease(name, job, supervisor)
        case .renewLease(let id): return try renewLease(id, job, supervisor)
        case .endLease(let id): return try endLease(id, job, supervisor)
        case .why(let name): return Answer(json: Why(try view(name, supervisor)))
        case .history: return try await history(job, supervisor)
        case .budgets: return try await budgets(job, supervisor)
        case .policy: return Answer(json: PolicyAnswer(supervisor.policy, mode: supervisor.mode))
        case .doctor: return Answer(json: await services.doctor())
        case .mode: return Answer(json: ModeAnswer(mode: supervisor.mode.rawValue))
        case .setMode: return try setMode(job, supervisor)
        case .reload: return try await reload(job, supervisor)
        }
    }

    // MARK: Reports

    private func history(_ job: ControlServer.Job, _ supervisor: isolated Supervisor) async throws -> Answer {
        let name = job.query["service"]
        let since = try since(job, or: Journal.keptFor, supervisor)
        if let name, !supervisor.has(name) { throw unknown(name, supervisor) }
        let limit = try job.query.integer("limit", in: 1...100_000) ?? 1000
        let rows = try await supervisor.journal.transitions(of: name, since: since, limit: limit)
        return Answer(json: History(history: rows.map(History.Entry.init)))
    }

    private func budgets(_ job: ControlServer.Job, _ supervisor: isolated Supervisor) async throws -> Answer {
        let since = try since(job, or: Journal.keptFor, supervisor)
        let budgets = try await Budgets.read(from: supervisor.journal, since: since)
        return Answer(json: BudgetsAnswer(budgets, since: since, policy: supervisor.policy))
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
                let data = String(decoding: json, as: UTF8.self)
                try await job.reply.stream(
                    "id: \(notice.number)\nevent: \(notice.kind.rawValue)\ndata: \(data)\n\n")
            }
        } catch {
            // The caller has gone; there is nobody to tell.
        }
        supervisor.unsubscribe(id)
        job.reply.endStream()
    }

    // MARK: Names

    func view(_ name: String, _ supervisor: isolated Supervisor) throws -> ServiceView {
        guard let view = supervisor.view(name) else { throw unknown(name, supervisor) }
        return view
    }

    func know(_ isKnown: Bool, _ name: String, _ supervisor: isolated Supervisor) throws {
        if !isKnown { throw unknown(name, supervisor) }
    }

    func unknown(_ name: String, _ supervisor: isolated Supervisor) -> Problem {
        Problems.unknownService(name, nearest: supervisor.nearest(to: name))
    }
}

extension Supervisor {
    /// Runs on the supervisor's executor.
    fileprivate func run(_ body: @Sendable (isolated Supervisor) async -> Void) async { await body(self) }

    fileprivate var wallMilliseconds: Int64 { clock.wallMilliseconds }
}
