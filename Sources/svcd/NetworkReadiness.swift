internal import NIOCore
internal import SleepCore
internal import UnixHTTP

/// Asks a woken service over the network whether it answers.
///
/// All of the container's addresses and its published port are asked at once, each again and again: the first try
/// is made at once, the next ones in steps of a millisecond that grow to 25. The first good answer counts and ends
/// the rest; an address that this host can't reach (overlay, macvlan, rootless) holds up no other. A frozen
/// listener's kernel completes the handshake by itself, so this is worth something only after the thaw.
struct NetworkReadiness: ReadinessProbe {
    private static let firstWait = Duration.milliseconds(1)
    private static let longestWait = Duration.milliseconds(25)
    /// For one connection: what has been dropped on the way is tried anew.
    private static let connectLimit = Duration.seconds(1)
    /// A container may have any number of addresses; those beyond aren't asked.
    private static let mostTargets = 16

    let loop: any EventLoop
    let time: any TimeSource

    private struct Target {
        var endpoint: Endpoint
        /// Null: a connection is enough.
        var page: Page?

        struct Page {
            var path: String
            var authority: String
        }

        init(_ host: String, _ port: Int, path: String?, authority: String? = nil) {
            endpoint = .tcp(host: host, port: port)
            page = path.map { Page(path: $0, authority: authority ?? endpoint.description) }
        }

        var description: String { page.map { $0.authority + $0.path } ?? endpoint.description }
    }

    @concurrent func wait(for readiness: Readiness, of container: Container, within limit: Duration)
        async throws(NotReady)
    {
        let deadline = time.now + limit
        switch readiness {
        case .none: return
        case .after(let span):
            guard span <= limit else {
                throw NotReady(
                    description: "ready says after \(DurationText.format(span)), longer than there is time for")
            }
            try? await time.sleep(until: time.now + span)
        case .tcp(let port):
            try await ask(Self.targets(container, port, path: nil), until: deadline)
        case .http(let port, let path):
            try await ask(Self.targets(container, port, path: path), until: deadline)
        case .url(let text):
            guard let url = PlainURL(text) else { throw NotReady(description: "'\(text)' is no http:// URL") }
            try await ask([Target(url.host, url.port, path: url.path, authority: url.authority)], until: deadline)
        }
    }

    private static func targets(_ container: Container, _ port: Int, path: String?) -> [Target] {
        let details = container.details ?? .init()
        var targets = details.addresses.prefix(mostTargets).map { Target($0, port, path: path) }
        if details.network == "host" { targets.append(Target("127.0.0.1", port, path: path)) }
        if let published = details.published[port] {
            targets.append(Target(published.address, published.port, path: path))
        }
        return targets
    }

    // MARK: Asking

    /// Returns with the first good answer; throws what each was seen to do last.
    private func ask(_ targets: [Target], until deadline: Instant) async throws(NotReady) {
        let seen = await withTaskGroup(of: (Int, String?).self) { group -> [Int: String]? in
            for (index, target) in targets.enumerated() {
                group.addTask { (index, await again(target, until: deadline)) }
            }
            var seen: [Int: String] = [:]
            for await (index, why) in group {
                guard let why else {
                    group.cancelAll()
                    return nil
                }
                seen[index] = why
            }
            return seen
        }
        guard let seen else { return }
        let whys = targets.indices.compactMap { seen[$0] }
        throw NotReady(description: whys.isEmpty ? "it has no address" : whys.joined(separator: "; "))
    }

    /// Null: it is ready; else why it wasn't until the deadline.
    private func again(_ target: Target, until deadline: Instant) async -> String? {
        var wait = Self.firstWait
        var seen: String?
        while true {
            guard let why = await hindrance(target, deadline - time.now) else { return nil }
            // A try that the deadline has cut short tells less than the one before.
            if time.now < deadline || seen == nil { seen = why }
            guard time.now + wait < deadline, !Task.isCancelled else { return seen }
            try? await time.sleep(until: time.now + wait)
            wait = min(wait * 2, Self.longestWait)
        }
    }

    /// Why it isn't ready; null: it is.
    private func hindrance(_ target: Target, _ limit: Duration) async -> String? {
        do {
            guard let page = target.page else {
                let channel = try await target.endpoint.connect(
                    on: loop, within: TimeAmount(min(limit, Self.connectLimit)))
                channel.close(promise: nil)
                return nil
            }
            let status = try await status(target.endpoint, page, within: limit)
            return status < 500 ? nil : "\(target.description) answers \(status)"
        } catch {
            return "\(target.description): \(error)"
        }
    }

    private struct Answered: Error {
        var status: Int
    }

    /// Any answer below 500 will do. Only its head is read; redirects are answers, and no proxy is asked.
    private func status(_ endpoint: Endpoint, _ page: Target.Page, within limit: Duration) async throws -> Int {
        let client = HTTPClient(endpoint, eventLoop: loop)
        let request = HTTPRequest(
            "GET", page.path, headers: [("Host", page.authority), ("Connection", "close")])
        do {
            try await client.lines(request, within: limit, longest: 1 << 16) { head in
                throw Answered(status: head.status)
            } receive: { _ in
            }
            throw HTTPFault.closed
        } catch let answer as Answered {
            return answer.status
        }
    }
}
