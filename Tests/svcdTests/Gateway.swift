import Foundation
import NIOCore
import NIOPosix
import TestSupport
import UnixHTTP

/// A gateway with its configuration from examples/gateways, the addresses apart.
final class Gateway: Sendable {
    enum Kind: String, CaseIterable { case nginx, caddy, haproxy }

    struct Answer: CustomStringConvertible {
        var status: Int
        var text: String
        var headers: [(String, String)]
        var milliseconds: Double

        func header(_ name: String) -> String? { headers.first { $0.0.lowercased() == name.lowercased() }?.1 }
        var description: String { "\(status) \(text.prefix(80)) \(headers)" }
    }

    let kind: Kind
    let port: UInt16
    let backends: [String: String]
    private let process: ProcessBox
    private let directory: String

    private final class ProcessBox: @unchecked Sendable {
        // Started before anybody else sees it, stopped after everybody else is done.
        let process = Process()
    }

    var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

    /// - Parameter backends: address:port of each service.
    /// - Parameter pooled: the one whose connections nginx keeps open, in silence.
    /// - Parameter asks: whether it asks svcd; without, the same gateway as it would be without svcd.
    init(
        _ kind: Kind, _ daemon: TestDaemon, _ backends: [String: String], pooled: String? = nil, asks: Bool = true
    ) async throws {
        self.kind = kind
        self.backends = backends
        let index = Kind.allCases.firstIndex(of: kind) ?? 0
        port = UInt16(18_081 + index + (asks ? 0 : 10))
        directory = daemon.directory + "/" + kind.rawValue + (asks ? "" : "-alone")
        process = ProcessBox()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let example = root.appendingPathComponent("examples/gateways/\(kind.rawValue)").path
        try FileManager.default.copyItem(atPath: example, toPath: directory)
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            let path = directory + "/" + name
            var text = try String(contentsOfFile: path, encoding: .utf8)
            if !asks { text = Self.withoutHook(text) }
            text = text.replacingOccurrences(of: "/run/svcd-hook/hook.sock", with: daemon.hookPath)
            text = text.replacingOccurrences(of: "127.0.0.1:8080", with: "127.0.0.1:\(port)")
            switch name {
            case "Caddyfile":
                text = text.replacingOccurrences(of: ":8080", with: ":\(port)")
            case "nginx.conf":
                guard let pooled, let address = backends[pooled] else { break }
                text = text.replacingOccurrences(
                    of: "upstream svcd {",
                    with: "upstream \(pooled) { server \(address); keepalive 8; }\nupstream svcd {")
            case "backends.map":
                var backends = backends
                if let pooled { backends[pooled] = pooled }
                text = backends.map { "\($0.key) \($0.value)\(kind == .nginx ? ";" : "")\n" }.joined()
            case "haproxy.cfg":
                text = text.components(separatedBy: "# One backend per service")[0]
                text += backends.map { "backend \($0.key)\n    server one \($0.value)\n" }.joined()
            default: break
            }
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let command: [String] =
            switch kind {
            case .nginx:
                ["nginx", "-c", directory + "/nginx.conf", "-g", "daemon off; user root; pid \(directory)/pid;"]
            case .caddy: ["caddy", "run", "--config", directory + "/Caddyfile", "--adapter", "caddyfile"]
            case .haproxy: ["haproxy", "-db", "-f", directory + "/haproxy.cfg"]
            }
        try start(command)
        try await eventually("\(kind) serves", within: .seconds(15)) {
            guard self.process.process.isRunning else { throw Overdue(description: "\(kind) ended: \(self.log)") }
            return (try? TCPConnection(host: "127.0.0.1", port: self.port))?.close() != nil
        }
    }

    /// A configuration of examples/gateways, with what asks svcd taken out.
    private static func withoutHook(_ text: String) -> String {
        var lines: [Substring] = []
        var depth = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.trimmingCharacters(in: .whitespaces)
            if depth > 0 || words.hasPrefix("reverse_proxy unix/") {
                depth += line.hasSuffix("{") ? 1 : words == "}" ? -1 : 0
            } else if !words.hasPrefix("auth_request ") && words != "http-request lua.svcd_wake" {
                lines.append(line)
            }
        }
        return lines.joined(separator: "\n")
    }

    private func start(_ command: [String]) throws {
        let process = process.process
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["HOME=\(directory)", "XDG_DATA_HOME=\(directory)"] + command
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        _ = FileManager.default.createFile(atPath: directory + "/log", contents: nil)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: directory + "/log"))
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    func stop() {
        process.process.terminate()
        process.process.waitUntilExit()
    }

    func ask(_ service: String, _ path: String, post body: [UInt8]? = nil) async throws -> Answer {
        let client = HTTPClient(
            host: "127.0.0.1", port: Int(port), eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let clock = ContinuousClock()
        let began = clock.now
        let request = HTTPRequest(
            body == nil ? "GET" : "POST", "/\(service)\(path)", headers: [("Connection", "close")], body: body ?? [])
        let response = try await client.send(request, within: .seconds(20))
        return Answer(
            status: response.status, text: String(buffer: response.body),
            headers: response.headers.map { ($0.name, $0.value) },
            milliseconds: (clock.now - began) / .milliseconds(1))
    }
}
