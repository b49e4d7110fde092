internal import ArgumentParser
internal import ControlTypes
internal import Libc
internal import NIOCore
internal import NIOPosix
internal import UnixHTTP

/// Speaks with the daemon over its control socket.
struct ControlClient {
    private let http: HTTPClient
    let path: String

    init(_ options: GlobalOptions) {
        path = options.control ?? getenv("SVCD_CONTROL").map { String(cString: $0) } ?? DefaultPaths.control
        http = HTTPClient(socketPath: path, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
    }

    /// The body of a successful answer.
    ///
    /// - Parameter limit: longer than the daemon may take.
    /// - Throws: `Failure` with the exit code of what went wrong.
    func send(_ method: String, _ target: String, within limit: Duration = .seconds(30)) async throws -> [UInt8] {
        do {
            let response = try await http.send(HTTPRequest(method, target), within: limit)
            let body = Array(response.body.readableBytesView)
            guard (200..<300).contains(response.status) else {
                throw Failure(response.status, try? Wire.decode(Problem.self, from: body))
            }
            return body
        } catch let fault as HTTPFault {
            throw Failure(fault, path)
        }
    }

    func get<Value: Decodable>(_ type: Value.Type, _ target: String) async throws -> Value {
        try Wire.decode(type, from: try await send("GET", target))
    }

    /// Passes every line of an event stream on, until it ends.
    func lines(_ target: String, _ take: @Sendable (String) throws -> Void) async throws {
        do {
            try await http.lines(HTTPRequest("GET", target), within: .seconds(10), longest: 1 << 20) { head in
                guard head.status == 200 else { throw Failure(head.status, nil) }
            } receive: { line in
                try take(String(buffer: line))
            }
        } catch let fault as HTTPFault {
            throw Failure(fault, path)
        }
    }

    /// The path of a service, or of something below it.
    static func path(_ service: String, _ rest: String = "") -> String {
        "/v1/services/\(service.escapedForURL)\(rest)"
    }
}

/// Query parameters, escaped; what is null is left out.
func query(_ parameters: [(String, String?)]) -> String {
    let pairs = parameters.compactMap { name, value in value.map { "\(name)=\($0.escapedForURL)" } }
    return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
}

/// Tiers for the shell to complete; none if no daemon answers.
@Sendable func completeTiers(_ words: [String], _ index: Int, _ prefix: String) async -> [String] {
    guard let options = try? GlobalOptions.parse([]),
        let list = try? await ControlClient(options).get(ServiceList.self, "/v1/services")
    else { return [] }
    return Set(list.services.map(\.tier)).filter { $0.hasPrefix(prefix) }.sorted()
}

/// Names for the shell to complete; none if no daemon answers.
@Sendable func completeServices(_ words: [String], _ index: Int, _ prefix: String) async -> [String] {
    guard let options = try? GlobalOptions.parse([]),
        let list = try? await ControlClient(options).get(ServiceList.self, "/v1/services")
    else { return [] }
    return list.services.map(\.name).filter { $0.hasPrefix(prefix) }
}
