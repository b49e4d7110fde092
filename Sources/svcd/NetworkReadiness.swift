internal import NIOCore
internal import NIOPosix
internal import SleepCore
internal import UnixHTTP

/// Asks a woken service over the network whether it answers.
///
/// The first try is made at once, the next ones in steps of a millisecond that grow to 25. The container's
/// own addresses come first; its published port is asked where they can't be reached. A frozen listener's
/// kernel completes the handshake by itself, so this is worth something only after the thaw.
struct NetworkReadiness: ReadinessProbe {
    private static let firstWait = Duration.milliseconds(1)
    private static let longestWait = Duration.milliseconds(25)
    /// For a connection to one address; a host without a route to it says so sooner.
    private static let connectLimit = Duration.seconds(1)

    let loop: any EventLoop
    let time: any TimeSource

    private struct Target {
        var host: String
        var port: Int
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
            let targets = Self.targets(container, port)
            try await again(until: deadline) { remaining in try await connects(targets, remaining) }
        case .http(let port, let path):
            let targets = Self.targets(container, port)
            try await again(until: deadline) { remaining in try await answers(targets, path, nil, remaining) }
        case .url(let text):
            guard let url = PlainURL(text) else { throw NotReady(description: "'\(text)' is no http:// URL") }
            let target = Target(host: url.host, port: url.port)
            try await again(until: deadline) { remaining in
                try await answers([target], url.path, url.authority, remaining)
            }
        }
    }

    private static func targets(_ container: Container, _ port: Int) -> [Target] {
        let details = container.details ?? .init()
        var targets = details.addresses.map { Target(host: $0, port: port) }
        if details.network == "host" { targets.append(Target(host: "127.0.0.1", port: port)) }
        if let published = details.published[port] {
            targets.append(Target(host: published.address, port: published.port))
        }
        return targets
    }

    /// - Parameter body: null: it is ready; else why not.
    private func again(
        until deadline: Instant, _ body: (Duration) async throws -> String?
    ) async throws(NotReady) {
        var wait = Self.firstWait
        while true {
            var seen: String
            do {
                guard let why = try await body(deadline - time.now) else { return }
                seen = why
            } catch {
                seen = "\(error)"
            }
            guard time.now + wait < deadline, !Task.isCancelled else { throw NotReady(description: seen) }
            try? await time.sleep(until: time.now + wait)
            wait = min(wait * 2, Self.longestWait)
        }
    }

    private func connects(_ targets: [Target], _ limit: Duration) async throws -> String? {
        var seen = "it has no address"
        for target in targets {
            do {
                let channel = try await ClientBootstrap(group: loop)
                    .connectTimeout(TimeAmount(min(limit, Self.connectLimit)))
                    .connect(host: target.host, port: target.port).get()
                try await channel.close()
                return nil
            } catch {
                seen = "\(target.host):\(target.port): \(error)"
            }
        }
        return seen
    }

    private struct Answered: Error {
        var status: Int
    }

    /// Any answer below 500 will do. Only its head is read; redirects are answers, and no proxy is asked.
    private func answers(
        _ targets: [Target], _ path: String, _ authority: String?, _ limit: Duration
    ) async throws -> String? {
        var seen = "it has no address"
        for target in targets {
            let client = HTTPClient(host: target.host, port: target.port, eventLoop: loop)
            let host = authority ?? (target.host.contains(":") ? "[\(target.host)]" : target.host) + ":\(target.port)"
            let request = HTTPRequest("GET", path, headers: [("Host", host), ("Connection", "close")])
            do {
                try await client.lines(request, within: limit, longest: 1 << 16) { head in
                    throw Answered(status: head.status)
                } receive: { _ in
                }
            } catch let answer as Answered {
                if answer.status < 500 { return nil }
                seen = "\(host)\(path) answers \(answer.status)"
            } catch {
                seen = "\(host)\(path): \(error)"
            }
        }
        return seen
    }
}

/// `http://host:port/path`.
struct PlainURL {
    var host: String
    var port: Int
    var path: String
    /// Host and port as written.
    var authority: String

    init?(_ text: String) {
        guard text.hasPrefix("http://") else { return nil }
        let rest = text.dropFirst(7)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        authority = String(rest[..<end])
        path = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
        var name = authority[...]
        port = 80
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
            guard let number = Int(name[name.index(after: colon)...]), (1...65_535).contains(number) else { return nil }
            port = number
            name = name[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        guard !name.isEmpty, !name.contains("@") else { return nil }
        host = String(name)
    }
}
