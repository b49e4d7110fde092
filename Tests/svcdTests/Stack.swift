import Foundation
import NIOCore
import NIOPosix
import TestSupport
import UnixHTTP

/// The stack of examples/compose, run beside a daemon with its policy.
struct Stack {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let port = 18_095

    let daemon: TestDaemon
    let docker: Dockerd
    private let examples: String
    private var token = ""

    static var directory: String {
        (ProcessInfo.processInfo.environment["SVCD_TEST_DIR"] ?? NSTemporaryDirectory()) + "/stack"
    }
    static var python: String { directory + "/python/bin/python" }

    /// Makes the interpreter, and the images if asked for.
    static func prepare(_ more: String..., docker: Dockerd) async throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let command = [root + "/Tests/stack.sh", more.isEmpty ? "python" : "build", directory] + more
        let result = try await Shell.run(command, environment: ["DOCKER_HOST": "unix://\(docker.socket)"])
        guard result.status == 0 else { throw Overdue(description: result.output + result.errors) }
    }

    /// Builds it, starts it, and registers its servers; idle times become seconds.
    static func with(
        policy change: (String) -> String = { $0 }, _ body: (Stack) async throws -> Void
    ) async throws {
        try await TestDaemon.with(services: ["gateway: {tier: high-priority}"]) { daemon, docker in
            var stack = try Stack(daemon, docker)
            try await Self.prepare(stack.examples, docker: docker)
            let policy = try String(contentsOfFile: stack.examples + "/compose/policy.yaml", encoding: .utf8)
                .replacingOccurrences(of: "idle_after: 5m", with: "idle_after: 3s")
                .replacingOccurrences(of: "min_awake: 60s", with: "min_awake: 0s")
                .replacingOccurrences(of: "after: 2m", with: "after: 2s")
            try change(policy).write(toFile: daemon.policyPath, atomically: true, encoding: .utf8)
            let reloaded = try await daemon.svcctl("reload")
            guard reloaded.status == 0 else { throw Overdue(description: reloaded.errors) }
            do {
                try await stack.compose("up", "-d")
                guard try await docker("wait", "mcp_register_1") == "0" else {
                    throw Overdue(description: try await docker("logs", "mcp_register_1"))
                }
                stack.token = try await docker(
                    "exec", "mcp_gateway_1", "sh", "-c",
                    "python3 -m mcpgateway.utils.create_jwt_token --username $PLATFORM_ADMIN_EMAIL --exp 60"
                        + " --secret $JWT_SECRET_KEY 2>/dev/null")
                try await body(stack)
            } catch {
                print("the gateway's last words:\n\(try await stack.log().suffix(3000))")
                try? await stack.end()
                throw error
            }
            try await stack.end()
        }
    }

    private init(_ daemon: TestDaemon, _ docker: Dockerd) throws {
        self.daemon = daemon
        self.docker = docker
        examples = daemon.directory + "/examples"
        try FileManager.default.copyItem(atPath: Self.root + "/examples", toPath: examples)
        try FileManager.default.copyItem(
            atPath: Self.root + "/Tests/stack.yaml", toPath: examples + "/compose/compose.override.yaml")
        let environment = try String(contentsOfFile: examples + "/compose/env.example", encoding: .utf8)
            .replacingOccurrences(of: "SECRET_KEY=", with: "SECRET_KEY=0123456789abcdef0123456789abcdef")
            .replacingOccurrences(of: "ENCRYPTION_SECRET=", with: "ENCRYPTION_SECRET=fedcba9876543210fedcba9876543210")
            .replacingOccurrences(of: "PASSWORD=", with: "PASSWORD=Correct-Horse-9-Battery")
            .replacingOccurrences(of: "HOOK_GID=", with: "HOOK_GID=0")
        try (environment + "PORT=\(Self.port)\nSVCD_HOOK_DIR=\(daemon.directory)\nPYTHON_IMAGE=svcd-python\n")
            .write(toFile: examples + "/compose/.env", atomically: true, encoding: .utf8)
    }

    func compose(_ arguments: String...) async throws { try await compose(arguments) }

    func compose(_ arguments: [String]) async throws {
        let result = try await Shell.run(
            ["sh", "-c", "cd \(examples)/compose && exec docker-compose \"$@\"", "sh"] + arguments,
            environment: ["DOCKER_HOST": "unix://\(docker.socket)"])
        guard result.status == 0 else { throw Overdue(description: result.output + result.errors) }
    }

    /// Networks and volumes go, too, when no container is in them.
    private func end() async throws {
        try await docker.clear()
        try await compose("down", "-v")
    }

    func log() async throws -> String {
        let result = try await Shell.run(["docker", "-H", "unix://\(docker.socket)", "logs", "mcp_gateway_1"])
        return result.output + result.errors
    }

    /// Asks the gateway, or another, as an MCP client does; its answer, whatever the status.
    func ask(
        _ method: String, _ parameters: String, at gateway: (host: String, port: Int) = ("127.0.0.1", port)
    ) async throws -> (status: Int, text: String) {
        try await send(
            "POST", "/rpc", #"{"jsonrpc": "2.0", "id": 1, "method": "\#(method)", "params": \#(parameters)}"#,
            at: gateway)
    }

    func send(
        _ method: String, _ target: String, _ body: String = "",
        at gateway: (host: String, port: Int) = ("127.0.0.1", port)
    ) async throws -> (status: Int, text: String) {
        let client = HTTPClient(
            host: gateway.host, port: gateway.port, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let headers = [
            ("Authorization", "Bearer \(token)"), ("Content-Type", "application/json"), ("Connection", "close"),
        ]
        let response = try await client.send(
            HTTPRequest(method, target, headers: headers, body: Array(body.utf8)), within: .seconds(70))
        return (response.status, String(buffer: response.body))
    }

    /// Another gateway over the same database, without the plugin.
    func plainGateway() async throws -> (host: String, port: Int) {
        let settings = [
            "DATABASE_URL=sqlite:////data/mcp.db", "CACHE_TYPE=memory", "MCPGATEWAY_UI_ENABLED=false",
            "SSRF_ALLOW_PRIVATE_NETWORKS=true", "UNHEALTHY_THRESHOLD=-1", "HEALTH_CHECK_INTERVAL=3600",
        ]
        try await docker.run(
            ["run", "-d", "--name", "plain", "--network", "mcp_servers", "-v", "mcp_data:/data"]
                + ["--env-file", examples + "/compose/.env"] + settings.flatMap { ["-e", $0] } + ["mcp-gateway"])
        let host = try await address("plain")
        try await eventually("a second gateway answers", within: .seconds(60), every: .milliseconds(200)) {
            (try? await send("GET", "/health", at: (host, 4444)).status) == 200
        }
        return (host, 4444)
    }

    /// Starts more servers like `time`, and tells the gateway of them; svcd has to know them already.
    func add(_ names: [String]) async throws {
        for name in names {
            try await docker(
                "run", "-d", "--init", "--name", name, "--network", "mcp_servers", "mcp-server-python",
                "mcp-server-time")
        }
        for name in names { try await daemon.wait(name, is: "awake") }
        try await compose(["run", "--rm", "register"] + names)
    }

    func address(_ container: String) async throws -> String {
        try await docker("inspect", "-f", "{{.NetworkSettings.Networks.mcp_servers.IPAddress}}", container)
    }

    /// Plays Tests/mcp_session.py.
    func session(_ service: String, tool: String, _ url: String, isSSE: Bool = false, isGateway: Bool = false)
        async throws -> Shell.Result
    {
        let svcctl = "\(TestDaemon.binaries)/svcctl --control \(daemon.controlPath)"
        return try await Shell.run(
            [Self.python, Self.root + "/Tests/mcp_session.py", "--svcctl", svcctl, "--service", service]
                + ["--tool", tool] + (isSSE ? ["--sse"] : []) + (isGateway ? ["--token", token] : []) + [url])
    }
}
