internal import NIOHTTP1
internal import SleepCore

/// What a request asks for, by method and path.
enum Route: Sendable, Equatable {
    case hook(String)
    case health
    case services
    case service(String)
    case wake(String), sleep(String), pin(String), unpin(String)
    case takeLease(String), renewLease(String), endLease(String)
    case why(String)
    case history, budgets, policy, doctor, mode, setMode, events, reload

    enum Failure: Error, Equatable {
        case notFound
        case methodNotAllowed(allow: String)
    }

    /// - Parameter path: escaped, without the query.
    static func parse(_ method: HTTPMethod, _ path: Substring) -> Result<Route, Failure> {
        // The hook first: it is the one that must be fast.
        if path.hasPrefix("/hook/") {
            let name = path.dropFirst(6).prefix { $0 != "/" }
            guard !name.isEmpty, let name = unescaped(name) else { return .failure(.notFound) }
            return .success(.hook(name))
        }
        if path == "/healthz" { return only(method, [(.GET, .health), (.HEAD, .health)]) }
        guard path.hasPrefix("/v1/") else { return .failure(.notFound) }
        let parts = path.dropFirst(4).split(separator: "/", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("services", 1): return only(method, [(.GET, .services)])
        case ("services", 2...3):
            guard let name = unescaped(parts[1]), !name.isEmpty else { return .failure(.notFound) }
            return service(method, name, parts.count == 3 ? parts[2] : nil)
        case ("leases", 2):
            guard let id = unescaped(parts[1]), !id.isEmpty else { return .failure(.notFound) }
            return only(method, [(.PUT, .renewLease(id)), (.DELETE, .endLease(id))])
        case ("history", 1): return only(method, [(.GET, .history)])
        case ("budgets", 1): return only(method, [(.GET, .budgets)])
        case ("policy", 1): return only(method, [(.GET, .policy)])
        case ("doctor", 1): return only(method, [(.GET, .doctor)])
        case ("mode", 1): return only(method, [(.GET, .mode), (.PUT, .setMode)])
        case ("events", 1): return only(method, [(.GET, .events)])
        case ("reload", 1): return only(method, [(.POST, .reload)])
        default: return .failure(.notFound)
        }
    }

    private static func service(_ method: HTTPMethod, _ name: String, _ verb: Substring?) -> Result<Route, Failure> {
        switch verb {
        case nil: only(method, [(.GET, .service(name))])
        case "wake": only(method, [(.POST, .wake(name))])
        case "sleep": only(method, [(.POST, .sleep(name))])
        case "pin": only(method, [(.PUT, .pin(name)), (.DELETE, .unpin(name))])
        case "leases": only(method, [(.POST, .takeLease(name))])
        case "why": only(method, [(.GET, .why(name))])
        default: .failure(.notFound)
        }
    }

    private static func only(_ method: HTTPMethod, _ routes: [(HTTPMethod, Route)]) -> Result<Route, Failure> {
        if let route = routes.first(where: { $0.0 == method }) { return .success(route.1) }
        return .failure(.methodNotAllowed(allow: routes.map(\.0.rawValue).joined(separator: ", ")))
    }

    /// Whether a gateway may ask for it.
    func isAllowed(_ power: ControlServer.Power) -> Bool {
        switch (power, self) {
        case (.control, _), (.hook, .hook), (.hook, .health), (.hook, .takeLease), (.hook, .renewLease),
            (.hook, .endLease), (.localCaller, .hook), (.localCaller, .health), (.stranger, .health):
            true
        default: false
        }
    }
}
