import ControlTypes
import NIOHTTP1
import SleepCore
import Testing

@testable import ControlServer

@Suite("what a path and its query ask for")
struct RouteTests {
    private func parse(_ request: String) -> Result<Route, Route.Failure> {
        let parts = request.split(separator: " ", maxSplits: 1)
        return Route.parse(HTTPMethod(rawValue: String(parts[0])), parts[1])
    }

    @Test(
        "every route, by method and path",
        arguments: [
            ("GET /hook/github", Route.hook("github")), ("POST /hook/github", .hook("github")),
            ("GET /hook/github/any/thing", .hook("github")), ("GET /hook/a%20b", .hook("a b")),
            ("GET /healthz", .health), ("HEAD /healthz", .health), ("GET /v1/services", .services),
            ("GET /v1/services/github", .service("github")), ("POST /v1/services/github/wake", .wake("github")),
            ("POST /v1/services/github/sleep", .sleep("github")), ("PUT /v1/services/github/pin", .pin("github")),
            ("DELETE /v1/services/github/pin", .unpin("github")),
            ("POST /v1/services/github/leases", .takeLease("github")),
            ("GET /v1/services/github/why", .why("github")), ("GET /v1/services/%C3%A4/why", .why("ä")),
            ("GET /v1/services/a%2Fb", .service("a/b")), ("PUT /v1/leases/42", .renewLease("42")),
            ("DELETE /v1/leases/42", .endLease("42")), ("GET /v1/history", .history), ("GET /v1/budgets", .budgets),
            ("GET /v1/policy", .policy), ("GET /v1/doctor", .doctor), ("GET /v1/mode", .mode),
            ("PUT /v1/mode", .setMode), ("GET /v1/events", .events), ("POST /v1/reload", .reload),
        ])
    func routes(request: String, route: Route) {
        #expect(parse(request) == .success(route))
    }

    @Test(
        "what is no path",
        arguments: [
            "/", "/hook", "/hook/", "/hook//a", "/hook/%zz", "/hook/%C3", "/healthz/", "/v1", "/v1/", "/v2/services",
            "/v1/services/", "/v1/services/a/b", "/v1/services/a/wake/b", "/v1/services/%2", "/v1/leases",
            "/v1/leases/", "/v1/leases/1/2", "/v1/history/a",
        ])
    func unknown(path: String) {
        #expect(parse("GET \(path)") == .failure(.notFound))
    }

    @Test(
        "another method is refused with those that the path takes",
        arguments: [
            ("DELETE /healthz", "GET, HEAD"), ("POST /v1/services", "GET"), ("GET /v1/services/a/wake", "POST"),
            ("POST /v1/services/a/pin", "PUT, DELETE"), ("GET /v1/leases/1", "PUT, DELETE"),
            ("POST /v1/mode", "GET, PUT"), ("GET /v1/reload", "POST"),
        ])
    func methods(request: String, allow: String) {
        #expect(parse(request) == .failure(.methodNotAllowed(allow: allow)))
    }

    @Test("who may ask for what")
    func powers() {
        let hooks: [Route] = [.hook("a"), .health]
        let leases: [Route] = [.takeLease("a"), .renewLease("1"), .endLease("1")]
        let rest: [Route] = [
            .services, .service("a"), .wake("a"), .sleep("a"), .pin("a"), .unpin("a"), .why("a"), .history, .budgets,
            .policy, .doctor, .mode, .setMode, .events, .reload,
        ]
        func allowed(_ power: ControlServer.Power) -> [Route] { (hooks + leases + rest).filter { $0.isAllowed(power) } }
        #expect(allowed(.control) == hooks + leases + rest)
        #expect(allowed(.hook) == hooks + leases)
        #expect(allowed(.localCaller) == hooks)
        #expect(allowed(.stranger) == [.health])
    }
}

@Suite("the parameters of a request")
struct QueryTests {
    private enum Colour: String, CaseIterable { case red, green }

    @Test("the last of a name counts; escapes are resolved; what is broken is passed over")
    func values() {
        let query = Query("a=1&b=x%20y&a=2&c&d=&e=p=q&%zz=1&f=%zz")
        #expect(query["a"] == "2" && query["b"] == "x y" && query["c"] == "" && query["d"] == "")
        #expect(query["e"] == "p=q" && query["f"] == "" && query["%zz"] == nil && query["g"] == nil)
        #expect(Query(nil)["a"] == nil && Query("")["a"] == nil)
    }

    @Test("durations, within their range")
    func durations() throws {
        let query = Query("a=1m&b=soon&c=2h")
        let range = Duration.seconds(1)...Duration.seconds(3600)
        #expect(try query.duration("a", in: range) == .seconds(60))
        #expect(try query.duration("d", in: range) == nil)
        let wrong = #expect(throws: Problem.self) { try query.duration("b", in: range) }
        #expect(
            wrong?.detail
                == "b is 'soon', expected a duration like 300ms, 5m or 1h30m, from 1s to 1h")
        #expect(throws: Problem.self) { try query.duration("c", in: range) }
    }

    @Test(
        "flags: absent is false, a bare name is true",
        arguments: [
            ("", false), ("f", true), ("f=", true), ("f=true", true), ("f=1", true), ("f=0", false), ("f=false", false),
        ])
    func flags(text: String, value: Bool) throws {
        #expect(try Query(text[...]).flag("f") == value)
        #expect(throws: Problem.self) { try Query("f=maybe").flag("f") }
    }

    @Test("a choice is one of its words")
    func choices() throws {
        let query = Query("a=green&b=blue")
        #expect(try query.choice("a") as Colour? == .green)
        #expect(try query.choice("c") as Colour? == nil)
        let wrong = #expect(throws: Problem.self) { try query.choice("b") as Colour? }
        #expect(wrong?.detail == "b is 'blue', expected one of red, green")
    }
}
