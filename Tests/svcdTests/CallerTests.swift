import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// Whoever calls svcd, but the gateways that run here: those that don't, clients, and strangers.
    @Suite("callers")
    struct Callers {
        private static let github = ["github: {tier: on-demand, activity: [hook], min_awake: 0s, idle_after: 1h}"]
        private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().path

        /// What an example says behind a key.
        private func value(_ key: String, in example: String) throws -> String {
            let text = try String(contentsOfFile: Self.root + "/examples/gateways/" + example, encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.contains(key + ": ") })
            let value = line.components(separatedBy: key + ": ")[1]
            return value.prefix { !", }".contains($0) }.trimmingCharacters(in: ["\""])
        }

        private func exchange(_ request: String, _ port: UInt16) throws -> String {
            let connection = try TCPConnection(host: "127.0.0.1", port: port)
            defer { connection.close() }
            try connection.send(request)
            return try connection.receive()
        }

        @Test("what Traefik and Envoy send, by their examples, wakes")
        func traefikAndEnvoy() async throws {
            let arguments = ["--listen", "127.0.0.1:9180", "--listen-hosts", "gateway.example"]
            try await TestDaemon.with(services: Self.github, arguments: arguments) { daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")

                // https://doc.traefik.io/traefik/middlewares/http/forwardauth: a GET of the address, with
                // X-Forwarded-* and, of the client's headers, those that authRequestHeaders names.
                let address = try #require(URL(string: try value("address", in: "traefik/dynamic.yaml")))
                #expect(try value("authRequestHeaders", in: "traefik/dynamic.yaml") == "[X-Svcd-None]")
                let port = UInt16(address.port ?? 80)
                try await daemon.sleep("github")
                let traefik = try exchange(
                    "GET \(address.path) HTTP/1.1\r\nHost: \(address.host ?? ""):\(port)\r\n"
                        + "User-Agent: Go-http-client/1.1\r\nX-Forwarded-For: 192.0.2.7\r\n"
                        + "X-Forwarded-Host: gateway.example\r\nX-Forwarded-Method: POST\r\n"
                        + "X-Forwarded-Proto: https\r\nX-Forwarded-Uri: /github/mcp\r\n"
                        + "Accept-Encoding: gzip\r\n\r\n", port)
                #expect(traefik.hasPrefix("HTTP/1.1 200") && traefik.contains("Server-Timing: wake;dur="))
                #expect(try await daemon.state("github") == "awake")

                // https://www.envoyproxy.io/docs: the client's method and Host, the path behind path_prefix, no body.
                let prefix = try value("path_prefix", in: "envoy/envoy.yaml")
                try await daemon.sleep("github")
                func envoy(_ service: String) throws -> String {
                    try exchange(
                        "POST \(prefix)/\(service)/mcp?x=y HTTP/1.1\r\nhost: gateway.example\r\ncontent-length: 0\r\n"
                            + "authorization: Bearer the client's own\r\nx-envoy-internal: true\r\n"
                            + "x-forwarded-for: 192.0.2.7\r\n"
                            + "x-envoy-expected-rq-timeout-ms: 15000\r\n\r\n", port)
                }
                let woken = try envoy("github")
                #expect(woken.hasPrefix("HTTP/1.1 200 OK") && woken.contains("Server-Timing: wake;dur="))
                try await docker("pause", "github")
                try await daemon.wait("github", is: "held")
                #expect(try envoy("github").hasPrefix("HTTP/1.1 423"))
                #expect(try envoy("nobody").hasPrefix("HTTP/1.1 404"))
                try await docker("unpause", "github")
            }
        }

        @Test("anything but loopback needs a token that nobody else can read")
        func listenNeedsToken() async throws {
            let directory = NSTemporaryDirectory() + "svcd-token-\(UInt32.random(in: 0 ... .max))"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let (policy, token) = (directory + "/policy.yaml", directory + "/token")
            try "version: 1\n".write(toFile: policy, atomically: true, encoding: .utf8)
            func check(_ arguments: String...) async throws -> Shell.Result {
                try await Shell.run(
                    [
                        TestDaemon.binaries + "/svcd", "--check", "--policy", policy, "--docker",
                        "unix://\(try Dockerd().socket)",
                    ]
                        + arguments)
            }
            for (address, why) in [
                ("0.0.0.0:9180", "needs --listen-token-file"), ("9180", "HOST:PORT"),
                ("svcd.example:9180", "no IP address"),
            ] {
                let result = try await check("--listen", address)
                #expect(result.status == 64 && result.errors.contains(why), "\(result)")
            }
            let missing = try await check("--listen", "0.0.0.0:9180", "--listen-token-file", token)
            #expect(missing.status == 64 && missing.errors.contains("can't be read"))
            try "0123456789abcdef\n".write(toFile: token, atomically: true, encoding: .utf8)
            chmod(token, 0o644)
            let open = try await check("--listen", "0.0.0.0:9180", "--listen-token-file", token)
            #expect(open.status == 64 && open.errors.contains("everybody can read"))
            chmod(token, 0o600)
            #expect(try await check("--listen", "0.0.0.0:9180", "--listen-token-file", token).status != 64)
            try "short".write(toFile: token, atomically: false, encoding: .utf8)
            #expect(try await check("--listen", "[::1]:9180", "--listen-token-file", token).errors.contains("shorter"))
        }

        @Test(
            "the Python client and the shell functions wake, hold, and let go; without svcd they stand in nobody's way")
        func clients() async throws {
            try await TestDaemon.with(services: Self.github) { daemon, docker in
                try await docker.start("github")
                try await daemon.wait("github", is: "awake")
                func python(_ lines: String...) async throws -> Shell.Result {
                    let start = [
                        "import os, signal, time", "from svcd import Svcd, SvcdError",
                        "svcd = Svcd('\(daemon.hookPath)')",
                    ]
                    return try await Shell.run(
                        ["python3", "-c", (start + lines).joined(separator: "\n")],
                        environment: ["PYTHONPATH": Self.root + "/examples/clients", "PYTHONDONTWRITEBYTECODE": "1"])
                }
                func shell(_ command: String) async throws -> Shell.Result {
                    try await Shell.run(
                        ["bash", "-c", ". \(Self.root)/examples/clients/svcd.sh; \(command)"],
                        environment: [
                            "SVCD_HOOK": daemon.hookPath, "PATH": TestDaemon.binaries + ":/usr/local/bin:/usr/bin:/bin",
                        ])
                }
                try await daemon.sleep("github")
                let woken = try await python("print(svcd.wake('github') > 0, svcd.wake('github'))")
                #expect(woken.output == "True 0.0\n", "\(woken)")
                try await daemon.sleep("github")
                let held = try await python(
                    "with svcd.lease('github', ttl=1) as lease:", "    time.sleep(2.5)",
                    "    print(len(lease), os.popen('\(TestDaemon.binaries)/svcctl --control \(daemon.controlPath) "
                        + "-o json status github').read().count('\"leases\":1'))")
                #expect(held.output == "32 1\n", "\(held)")
                #expect(try await daemon.service("github").leases == 0)
                // However it dies.
                _ = try await python("with svcd.lease('github', ttl=1):", "    os.kill(os.getpid(), signal.SIGKILL)")
                try await eventually("the lease ends") { try await daemon.service("github").leases == 0 }
                let unknown = try await python("try: svcd.wake('githbu')", "except SvcdError as e: print(e.status)")
                #expect(unknown.output == "404\n", "\(unknown)")

                try await daemon.sleep("github")
                #expect(try await shell("svcd_wake github").status == 0)
                #expect(try await daemon.state("github") == "awake")
                #expect(try await shell("svcd_wake githbu").status == 1)
                try await daemon.sleep("github")
                let run = try await shell("svcd_run github sh -c 'exit 7'")
                #expect(run.status == 7, "\(run)")
                try await eventually("its lease is over") { try await daemon.service("github").leases == 0 }

                try await daemon.stop(SIGTERM)
                #expect(try await python("print(svcd.wake('github'))").output == "None\n")
                #expect(try await python("with svcd.lease('github') as lease: print(lease)").output == "None\n")
                #expect(try await shell("svcd_wake github").status == 0)
                #expect(try await shell("svcd_run github sh -c 'exit 7'").status == 7)
            }
        }
    }
}
