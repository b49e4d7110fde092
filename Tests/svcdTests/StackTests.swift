import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// examples/compose: a real MCP gateway with svcd's plugin, and real MCP servers, in containers.
    @Suite("stack")
    struct StackTests {
        private static let time = #"{"name": "time-get-current-time", "arguments": {"timezone": "Etc/UTC"}}"#

        @Test("a tool call to a sleeping server succeeds at once, and keeps it awake as long as it lasts")
        func calls() async throws {
            try await Stack.with { stack in
                let (daemon, docker) = (stack.daemon, stack.docker)
                try await isConfined(docker)
                for name in ["fetch", "time"] { try await daemon.wait(name, is: "asleep", within: .seconds(20)) }
                let began = ContinuousClock().now
                let answer = try await stack.ask("tools/call", Self.time)
                #expect(answer.status == 200 && answer.text.contains("Etc/UTC"), "\(answer)")
                print("tool call to a sleeper, through Context Forge: \(ContinuousClock().now - began)")
                #expect(try await daemon.service("time").lastWake?.trigger == "lease")

                // Twice the idle time, and nothing but the lease to tell of it.
                try await docker.serve("web", options: ["--network", "mcp_outside"])
                async let slow = stack.ask(
                    "tools/call", #"{"name": "fetch-fetch", "arguments": {"url": "http://web/wait/6000"}}"#)
                try await daemon.wait("fetch", is: "awake")
                try await eventually("the lease is there") { try await daemon.service("fetch").leases == 1 }
                for _ in 0..<50 {
                    #expect(try await daemon.state("fetch") == "awake")
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(try await slow.text.contains("waited"))
                #expect(try await daemon.service("fetch").leases == 0)
                try await daemon.wait("fetch", is: "asleep")

                // Prompts have no server in their hooks: the plugin looks it up, and wakes it.
                let prompt = try await stack.ask(
                    "prompts/get", #"{"name": "fetch-fetch", "arguments": {"url": "http://web/"}}"#)
                #expect(prompt.text.contains("hello"), "\(prompt)")
                #expect(try await daemon.service("fetch").lastWake?.trigger == "hook")
            }
        }

        private static let more = (0..<8).map { "s\($0)" }

        /// The stack with ten servers, which sleep when they are told to.
        private static func withTen(_ body: (Stack, [String]) async throws -> Void) async throws {
            try await Stack.with { policy in
                policy.replacingOccurrences(of: "idle_after: 3s", with: "idle_after: 1h")
                    + more.map { "  \($0): {tier: on-demand}\n" }.joined()
            } _: { stack in
                try await stack.add(more)
                try await body(stack, more + ["fetch", "time"])
            }
        }

        private func call(_ stack: Stack, _ server: String) async throws -> String? {
            // Nobody is there; that the server says so is what counts.
            let parameters =
                server == "fetch"
                ? #"{"name": "fetch-fetch", "arguments": {"url": "http://127.0.0.1:1/"}}"#
                : Self.time.replacingOccurrences(of: "time-get", with: server + "-get")
            let answer = try await stack.ask("tools/call", parameters)
            let isGood = answer.text.contains(server == "fetch" ? "127.0.0.1:1" : "Etc/UTC")
            return isGood ? nil : "\(server): \(answer)"
        }

        @Test("200 calls to a server that falls asleep between them, and 50 at once to ten sleepers")
        func wakes() async throws {
            try await Self.withTen { stack, names in
                let plain = try await stack.plainGateway()
                var (waking, awake, alone): ([Duration], [Duration], [Duration]) = ([], [], [])
                let clock = ContinuousClock()
                for round in 0..<200 {
                    try await stack.daemon.sleep("time")
                    waking.append(
                        try await clock.measure {
                            let failure = try await call(stack, "time")
                            try #require(failure == nil, "round \(round): \(failure ?? "")")
                        })
                    awake.append(try await clock.measure { _ = try await call(stack, "time") })
                    alone.append(
                        try await clock.measure {
                            let answer = try await stack.ask("tools/call", Self.time, at: plain)
                            try #require(answer.text.contains("Etc/UTC"), "\(answer)")
                        })
                }
                let (base, asked, woken) = (alone.sorted()[100], awake.sorted()[100], waking.sorted()[100])
                print(
                    "Context Forge, p50 of 200: \(base) without svcd;"
                        + " svcd adds \(asked - base) awake, \(woken - base) asleep"
                )
                for name in names { try await stack.daemon.sleep(name) }
                let failed = try await withThrowingTaskGroup(of: String?.self) { group in
                    for index in 0..<50 { group.addTask { try await call(stack, names[index % 10]) } }
                    return try await group.reduce(into: [String]()) { if let failure = $1 { $0.append(failure) } }
                }
                #expect(failed.isEmpty, "\(failed)")
            }
        }

        @Test("svcd killed under load and released: no call fails, and leases are taken again when it is back")
        func failsOpen() async throws {
            try await Self.withTen { stack, names in
                let daemon = stack.daemon
                for name in names.prefix(5) { try await daemon.sleep(name) }
                async let load = withThrowingTaskGroup(of: [String].self) { group in
                    for client in 0..<4 {
                        group.addTask {
                            var failed: [String] = []
                            for round in 0..<25 {
                                if let failure = try await call(stack, names[(client + round) % 10]) {
                                    failed.append(failure)
                                }
                            }
                            return failed
                        }
                    }
                    return try await group.reduce(into: [String]()) { $0 += $1 }
                }
                try await Task.sleep(for: .milliseconds(500))
                try await daemon.stop(SIGKILL)
                #expect(try await daemon.release().status == 0)
                try await Task.sleep(for: .milliseconds(500))
                try await daemon.start()
                let failed = try await load
                #expect(failed.isEmpty, "\(failed)")
                try await daemon.wait("time", is: "awake")
                try await daemon.sleep("time")
                #expect(try await call(stack, "time") == nil)
                #expect(try await daemon.service("time").lastWake?.trigger == "lease")
            }
        }

        @Test("the gateway's health checks neither wake sleepers nor mark them offline")
        func healthChecks() async throws {
            try await Stack.with { stack in
                for name in ["fetch", "time"] {
                    try await stack.daemon.wait(name, is: "asleep", within: .seconds(20))
                }
                // As often as makes a server offline with the gateway's own settings, and once more.
                let before = try await stack.log().components(separatedBy: "Gateway time health check timed out").count
                try await eventually("the gateway has asked a sleeper four times", within: .seconds(60)) {
                    let log = try await stack.log()
                    return log.components(separatedBy: "Gateway time health check timed out").count >= before + 4
                }
                for name in ["fetch", "time"] { #expect(try await stack.daemon.state(name) == "asleep") }
                let servers = try await stack.send("GET", "/gateways").text
                #expect(
                    servers.contains(#""reachable":true"#) && !servers.contains(#""reachable":false"#), "\(servers)")
                #expect(try await stack.ask("tools/call", Self.time).text.contains("Etc/UTC"))
            }
        }

        @Test("without svcd calls go on; a server that somebody else has paused is refused at once")
        func refusals() async throws {
            try await Stack.with { stack in
                let daemon = stack.daemon
                try await daemon.wait("time", is: "asleep", within: .seconds(20))
                try await daemon.stop(SIGKILL)
                #expect(try await daemon.release().status == 0)
                #expect(try await stack.ask("tools/call", Self.time).text.contains("Etc/UTC"))
                #expect(try await stack.log().contains("svcd can't be reached"))
                try await daemon.start()
                try await daemon.wait("time", is: "asleep", within: .seconds(20))
                #expect(try await stack.ask("tools/call", Self.time).text.contains("Etc/UTC"))
                #expect(try await daemon.state("time") == "awake")

                try await stack.docker("pause", "mcp_time_1")
                try await daemon.wait("time", is: "held")
                let clock = ContinuousClock()
                let began = clock.now
                let held = try await stack.ask("tools/call", Self.time)
                #expect(held.text.contains("paused by somebody else") && !held.text.contains("uid"), "\(held)")
                #expect(clock.now - began < .seconds(5))
            }
        }

        @Test("MCP sessions outlive their server's sleep: through the gateway, and by traffic alone")
        func sessions() async throws {
            let byTraffic = "time: {wake_on: [hook, traffic], activity: [hook, network, cpu],"
            try await Stack.with { stack in
                let gateway = "http://127.0.0.1:\(Stack.port)/mcp/"
                let result = try await stack.session("time", tool: "time-get-current-time", gateway, isGateway: true)
                #expect(result.status == 0, "\(result.output)\(result.errors.suffix(2000))")
                print("through Context Forge: \(result.output)")
                #expect(try await stack.daemon.service("time").lastWake?.trigger == "lease")

                // Nobody else's: the gateway's health checks are traffic, too.
                try await stack.docker("stop", "-t", "1", "mcp_gateway_1")
                let policy = try String(contentsOfFile: stack.daemon.policyPath, encoding: .utf8)
                    .replacingOccurrences(of: "time: {", with: byTraffic)
                try policy.write(toFile: stack.daemon.policyPath, atomically: true, encoding: .utf8)
                #expect(try await stack.daemon.svcctl("reload").status == 0)
                let address = try await stack.address("mcp_time_1")
                for (path, isSSE) in [("mcp", false), ("sse", true)] {
                    let url = "http://\(address):8080/\(path)"
                    let result = try await stack.session("time", tool: "get_current_time", url, isSSE: isSSE)
                    #expect(result.status == 0, "\(result.output)\(result.errors.suffix(2000))")
                    print("by traffic: \(result.output)")
                    #expect(try await stack.daemon.service("time").lastWake?.trigger == "traffic")
                }
            }
        }

        /// What runs has the limits that compose.yaml promises.
        private func isConfined(_ docker: Dockerd) async throws {
            for name in ["gateway", "fetch", "time"] {
                let format =
                    "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.Memory}}"
                    + " {{.HostConfig.MemorySwap}} {{.HostConfig.MemoryReservation}} {{.HostConfig.NanoCpus}}"
                    + " {{.HostConfig.CpuShares}} {{.HostConfig.PidsLimit}} {{.HostConfig.SecurityOpt}}"
                    + " {{.State.Health.Status}}"
                let seen = try await docker("inspect", "-f", format, "mcp_\(name)_1")
                // Docker calls a container unhealthy as long as it is paused, and until its next check.
                let health = name == "gateway" ? " healthy" : "healthy"
                let expected =
                    try name == "gateway"
                    ? Regex("10001:10001 true \\[ALL\\] 1073741824 1073741824 402653184 2000000000 1024 256 .*")
                    : Regex("10001:10001 true \\[ALL\\] 268435456 536870912 50331648 500000000 256 64 .*")
                #expect(seen.wholeMatch(of: expected) != nil, "\(name): \(seen)")
                #expect(try seen.contains(Regex("no-new-privileges.*\(health)$")), "\(name): \(seen)")
            }
        }

        @Test("Dockerfiles, BuildKit's configuration, compose file and policy pass their own programs' checks")
        func lint() async throws {
            let compose = Stack.root + "/examples/compose"
            try await Stack.prepare(docker: try Dockerd())
            for name in [
                "gateway/Dockerfile", "server/Dockerfile", "server/Dockerfile.github", "playwright/Dockerfile",
            ] {
                let path = compose + "/" + name
                let result = try await Shell.run([Stack.directory + "/python/bin/hadolint", path])
                #expect(result.status == 0, "\(result.output)")
                let text = try String(contentsOfFile: path, encoding: .utf8)
                for part in ["@sha256:", "--mount=type=cache", "AS build", "\nUSER 10001:10001\n"] {
                    #expect(text.contains(part), "\(name): \(part)")
                }
            }
            // Whole, with what can't run here for want of an image registry.
            let config = try await Shell.run([
                "sh", "-ec",
                """
                rm -rf \(Stack.directory)/lint && cp -r \(Stack.root)/examples \(Stack.directory)/lint
                cd \(Stack.directory)/lint/compose && sed 's/=$/=x/' env.example >.env
                SVCD_HOOK_GID=1 docker-compose --profile all config -q
                """,
            ])
            #expect(config.status == 0, "\(config.errors)")
            let toml = try await Shell.run(
                [
                    Stack.python, "-c", "import sys, tomllib; print(tomllib.load(open(sys.argv[1], 'rb')))",
                    compose + "/buildkitd.toml",
                ])
            #expect(toml.status == 0 && toml.output.contains("maxUsedSpace"), "\(toml.errors)")
            let policy = try await Shell.run(
                [TestDaemon.binaries + "/svcctl", "policy", "check", compose + "/policy.yaml"])
            #expect(policy.status == 0, "\(policy.errors)")
        }
    }
}
