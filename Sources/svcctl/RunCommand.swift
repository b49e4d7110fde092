internal import ArgumentParser
internal import ControlTypes
internal import Libc

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Keeps a service awake while a command runs; exits as the command does.",
        usage: "svcctl run [<options>] <service> -- <command> ...",
        discussion: """
            svcctl run github -- ./import.sh

            Takes a lease, which wakes the service, and becomes the command: its process, signals, terminal and exit \
            code are svcctl's own. A process beside it renews the lease, and ends it when the command is gone, however \
            it went.

            125: no lease. 126: the command can't be run. 127: there is no such command.
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
        let inherited = openDescriptors()
        let client = ControlClient(options)
        let lease: Lease
        do {
            let target = ControlClient.path(target.service, "/leases?ttl=30s")
            lease = try Wire.decode(Lease.self, from: try await client.send("POST", target, within: .seconds(660)))
        } catch {
            complain("\(error)")
            throw ExitCode((error as? Failure)?.code == Failure.unknownService ? Failure.unknownService : Self.noLease)
        }
        do {
            try LeaseKeeper.start(lease.id, of: target.service, control: client.path)
        } catch {
            complain("the lease can't be kept: \(String(cString: strerror(error.code)))")
            await end(lease, client)
            throw ExitCode(Self.noLease)
        }
        let failure = become(command, keeping: inherited)
        complain("\(command[0]): \(String(cString: strerror(failure)))")
        await end(lease, client)
        throw ExitCode(failure == ENOENT ? 127 : 126)
    }

    private func end(_ lease: Lease, _ client: ControlClient) async {
        _ = try? await client.send("DELETE", "/v1/leases/\(lease.id)", within: .seconds(5))
    }

    /// Replaces this program by another; returns an errno(3) if that fails.
    private func become(_ command: [String], keeping inherited: Set<Int32>) -> Int32 {
        // Not all that our libraries open is closed by exec(3).
        for descriptor in openDescriptors().subtracting(inherited) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        // exec(3) keeps what this thread blocks and what the process ignores, which our libraries have changed.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        signal(SIGPIPE, SIG_DFL)
        unsetenv(dispatchLog)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        execvp(command[0], &arguments)
        return errno
    }

    private func openDescriptors() -> Set<Int32> {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var found: Set<Int32> = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int32(name), number != dirfd(folder) { found.insert(number) }
        }
        return found
    }
}
