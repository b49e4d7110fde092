import ControlTypes
import Foundation
import TestSupport
import Testing

extension RealTests {
    /// svcd as systemd runs it, with a few lines of Python for systemd. The real one is in Tests/vm.
    @Suite("systemd's protocol")
    struct SystemdProtocol {
        /// Starts svcd with two sockets, and prints what it tells.
        private static let manager = """
            import os, socket, subprocess, sys
            directory, command = sys.argv[1], sys.argv[2:]
            sockets = []
            for name in ("control", "hook"):
                listener = socket.socket(socket.AF_UNIX)
                listener.bind(f"{directory}/{name}.sock")
                listener.listen()
                sockets.append(listener)
            notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            notify.bind(f"{directory}/notify")
            def inherit():
                for number, listener in enumerate(sockets): os.dup2(listener.fileno(), 50 + number)
                for number in range(2): os.dup2(50 + number, 3 + number)
                os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
            os.environ |= {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "control:hook", "WATCHDOG_USEC": "900000",
                           "NOTIFY_SOCKET": f"{directory}/notify"}
            daemon = subprocess.Popen(["sh", "-c", 'exec "$@"', "sh", *command], preexec_fn=inherit, close_fds=False)
            os.environ.pop("NOTIFY_SOCKET")
            with open(f"{directory}/pid", "w") as file: file.write(str(daemon.pid))
            while True:
                line = notify.recv(4096).decode()
                with open(f"{directory}/told", "a") as file: file.write(line + chr(10))
            """

        @Test("it serves inherited sockets, says when it is ready and what it does, and feeds the watchdog")
        func protocolIsKept() async throws {
            let docker = try Dockerd()
            let directory = docker.directory + "/../s" + UUID().uuidString.prefix(8)
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try "version: 1\nservices:\n  github: {tier: on-demand, activity: [hook], min_awake: 0s}\n"
                .write(toFile: directory + "/policy.yaml", atomically: true, encoding: .utf8)
            let manager = Process()
            manager.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            manager.arguments =
                ["python3", "-c", Self.manager, directory, TestDaemon.binaries + "/svcd"]
                + ["--policy", directory + "/policy.yaml", "--docker", "unix://\(docker.socket)"]
                + ["--state-dir", directory + "/state"]
            try manager.run()
            func told() -> String { (try? String(contentsOfFile: directory + "/told", encoding: .utf8)) ?? "" }
            func svcctl(_ arguments: String...) async throws -> Shell.Result {
                try await Shell.run(
                    [TestDaemon.binaries + "/svcctl", "--control", directory + "/control.sock"] + arguments)
            }
            var daemon: pid_t = 0
            do {
                try await docker.start("github")
                try await eventually("it is ready") {
                    told().contains("READY=1\n") && told().contains("STATUS=1 service, 0 asleep")
                }
                daemon = pid_t(try String(contentsOfFile: directory + "/pid", encoding: .utf8)) ?? 0
                try await eventually("github is awake") { try await svcctl("is-awake", "github").status == 0 }
                #expect(try await svcctl("sleep", "github", "--force").status == 0)
                try await eventually("its status is told") { told().contains("STATUS=1 service, 1 asleep") }
                #expect(try await svcctl("reload").status == 0)
                try await eventually("it reloads") { told().contains("RELOADING=1\nMONOTONIC_USEC=") }
                try "version: 2".write(toFile: directory + "/policy.yaml", atomically: true, encoding: .utf8)
                #expect(try await svcctl("reload").status == 78)
                try await eventually("the watchdog is fed") {
                    told().components(separatedBy: "WATCHDOG=1").count > 3
                }
                // Whether Docker answers is no matter of the watchdog's.
                try docker.signal(SIGSTOP)
                let fed = told().components(separatedBy: "WATCHDOG=1").count
                try await eventually("it is fed without Docker, too", within: .seconds(20)) {
                    told().components(separatedBy: "WATCHDOG=1").count > fed + 3
                }
                try docker.signal(SIGCONT)
                kill(daemon, SIGTERM)
                try await eventually("it is gone", within: .seconds(20)) { kill(daemon, 0) != 0 || isZombie(daemon) }
                #expect(told().contains("STOPPING=1\nSTATUS=") && told().contains("EXTEND_TIMEOUT_USEC=75000000"))
                #expect(try await docker.runs("github"))
                // They are the manager's: callers wait in them.
                for name in ["control", "hook"] {
                    #expect(FileManager.default.fileExists(atPath: directory + "/\(name).sock"))
                }
            } catch {
                print("told: \(told())")
                try? docker.signal(SIGCONT)
                end(manager, daemon)
                try? await docker.clear()
                throw error
            }
            end(manager, daemon)
            try await docker.clear()
        }

        private func isZombie(_ pid: pid_t) -> Bool {
            (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8))?.contains(") Z ") == true
        }

        private func end(_ manager: Process, _ daemon: pid_t) {
            if daemon > 0 { kill(daemon, SIGKILL) }
            // What a thread of this process blocks, its children block, too.
            kill(manager.processIdentifier, SIGKILL)
            manager.waitUntilExit()
        }

        @Test("every kind of message that the journal gets has an id, and the catalog explains it")
        func catalog() throws {
            let code = try String(contentsOfFile: Stack.root + "/Sources/svcd/LogCatalog.swift", encoding: .utf8)
            let catalog = try String(contentsOfFile: Stack.root + "/systemd/svcd.catalog", encoding: .utf8)
            let ids = code.matches(of: #/"(.+)": "([0-9a-f]{32})"/#).map { (String($0.1), String($0.2)) }
            #expect(ids.count > 10 && Set(ids.map(\.1)).count == ids.count)
            let explained = catalog.matches(of: #/-- ([0-9a-f]{32})\nSubject: .+\nDefined-By: svcd\n\n.+/#).map {
                String($0.1)
            }
            #expect(Set(explained) == Set(ids.map(\.1)))
            // Nobody logs a message by a slightly different name.
            let logged = try FileManager.default.subpathsOfDirectory(atPath: Stack.root + "/Sources")
                .filter { $0.hasSuffix(".swift") && !$0.hasSuffix("LogCatalog.swift") }
                .map { try String(contentsOfFile: Stack.root + "/Sources/" + $0, encoding: .utf8) }.joined()
            for (message, _) in ids { #expect(logged.contains("\"\(message)\""), "\(message)") }
        }
    }
}
