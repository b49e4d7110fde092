internal import ArgumentParser
internal import ControlTypes

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Musl
#endif

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Keeps a service awake while a command runs; exits as the command does.",
        discussion: """
            Takes a lease, which wakes the service, and renews it until the command ends. Should svcctl be killed,
            the lease ends by itself half a minute later. 125: no lease. 126: the command can't be run.
            127: there is no such command.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var target: ServiceArgument

    @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.")
    var command: [String]

    private static let noLease: Int32 = 125

    func validate() throws {
        if command.isEmpty { throw ValidationError("Name a command after --.") }
    }

    func run() async throws {
        let client = ControlClient(options)
        let lease: Lease
        do {
            let target = ControlClient.path(target.service, "/leases?ttl=30s")
            lease = try Wire.decode(Lease.self, from: try await client.send("POST", target, within: .seconds(660)))
        } catch {
            complain("\(error)")
            throw ExitCode((error as? Failure)?.code == Failure.unknownService ? Failure.unknownService : Self.noLease)
        }
        let status = await withTaskGroup(of: Void.self) { group in
            group.addTask { await renew(lease.id, client) }
            let status = await ChildProcess.run(command)
            group.cancelAll()
            return status
        }
        _ = try? await client.send("DELETE", "/v1/leases/\(lease.id)")
        throw ExitCode(status)
    }

    /// Until cancelled. A daemon that restarts knows the lease still.
    private func renew(_ id: String, _ client: ControlClient) async {
        while true {
            do { try await Task.sleep(for: .seconds(10)) } catch { return }
            _ = try? await client.send("PUT", "/v1/leases/\(id)?ttl=30s", within: .seconds(5))
        }
    }
}

/// A child with our standard streams, which gets the signals that we get.
enum ChildProcess {
    /// The exit code, 128 and the signal's number if one ended it, 126 or 127 if it can't be run.
    static func run(_ command: [String]) async -> Int32 {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        // The terminal sends its signals to the whole group: we outlive the child to end the lease.
        for number in [SIGINT, SIGQUIT] { signal(number, SIG_IGN) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGINT, SIGQUIT, SIGPIPE] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        let failure = posix_spawnp(&pid, command[0], nil, &attributes, &arguments, environ)
        guard failure == 0 else {
            complain("\(command[0]): \(String(cString: strerror(failure)))")
            return failure == ENOENT ? 127 : 126
        }
        forward(SIGTERM, to: pid)
        forward(SIGHUP, to: pid)
        return await wait(for: pid)
    }

    /// The child whose signals a handler forwards; written once, before the handler is set.
    nonisolated(unsafe) private static var child: pid_t = 0

    private static func forward(_ number: Int32, to pid: pid_t) {
        child = pid
        signal(number) { kill(ChildProcess.child, $0) }
    }

    /// Waits on a thread of its own: waitpid(2) blocks.
    private static func wait(for pid: pid_t) async -> Int32 {
        await withCheckedContinuation { continuation in
            let box = Unmanaged.passRetained(Waiter(pid, continuation))
            var thread = pthread_t()
            pthread_create(
                &thread, nil,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<Waiter>.fromOpaque(argument).takeRetainedValue().wait()
                    return nil
                }, box.toOpaque())
            pthread_detach(thread)
        }
    }

    private final class Waiter: Sendable {
        let pid: pid_t
        let continuation: CheckedContinuation<Int32, Never>

        init(_ pid: pid_t, _ continuation: CheckedContinuation<Int32, Never>) {
            self.pid = pid
            self.continuation = continuation
        }

        func wait() {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let number = status & 0x7F
            continuation.resume(returning: number == 0 ? (status >> 8) & 0xFF : 128 + number)
        }
    }
}
