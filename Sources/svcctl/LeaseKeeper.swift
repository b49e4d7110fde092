internal import ArgumentParser
internal import ControlTypes
internal import Libc

/// The process that keeps a lease for as long as another one lives.
///
/// It is not a child of the command's, which could wait for it by mistake, and shares neither its terminal nor its
/// streams, whose readers would wait for their end. What it watches is a pidfd: a number that is used again can't
/// fool it.
enum LeaseKeeper {
    struct Fault: Error {
        /// errno(3)
        var code: Int32
    }

    /// Where the keeper finds the pidfd.
    fileprivate static let watched: Int32 = 3
    /// In its environment: arguments are there for everybody to read.
    fileprivate static let variable = "SVCD_LEASE"

    /// Starts a keeper for this process and whatever it becomes by exec(3).
    static func start(_ lease: String, of service: String, control: String) throws(Fault) {
        let pidfd = linux_pidfd_open(getpid())
        guard pidfd >= 0 else { throw Fault(code: errno) }
        defer { close(pidfd) }
        setenv(variable, lease, 1)
        defer { unsetenv(variable) }
        // The keeper leaves this directory.
        guard let absolute = realpath(control, nil) else { throw Fault(code: errno) }
        defer { free(absolute) }
        let starter = try spawn(
            ["--control", String(cString: absolute), "keep-lease", "--detach", service], watching: pidfd)
        var status: Int32 = 0
        while waitpid(starter, &status, 0) < 0, errno == EINTR {}
        // Its exit code is the errno of what it started.
        guard status == 0 else { throw Fault(code: (status >> 8) & 0xFF) }
    }

    fileprivate static func take(_ service: String, _ client: ControlClient) async -> Lease? {
        let target = ControlClient.path(service, "/leases?ttl=30s")
        let answer = try? await client.send("POST", target, within: .seconds(60))
        return answer.flatMap { try? Wire.decode(Lease.self, from: $0) }
    }

    /// Runs this program again, with no streams, and the pidfd.
    @discardableResult
    fileprivate static func spawn(_ arguments: [String], watching pidfd: Int32) throws(Fault) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for stream in STDIN_FILENO...STDERR_FILENO {
            posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0)
        }
        // On itself, dup2 in a spawn clears the close-on-exec flag (POSIX.1-2024).
        posix_spawn_file_actions_adddup2(&actions, pidfd, watched)
        var pointers: [UnsafeMutablePointer<CChar>?] = (["svcctl"] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, "/proc/self/exe", &actions, nil, &pointers, environ)
        guard failure == 0 else { throw Fault(code: failure) }
        return pid
    }
}

/// What `run` starts beside the command.
struct KeepLeaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keep-lease", abstract: "Keeps a lease as long as a process lives.", shouldDisplay: false)

    @OptionGroup var options: GlobalOptions
    @Flag(help: "Leave it to a process that is nobody's child.")
    var detach = false
    @Argument var service: String

    private static let attempts = 5

    func run() async throws {
        if detach {
            // Away from the terminal, its directory, and whatever else is open here.
            setsid()
            _ = chdir("/")
            _ = linux_keep_from_children(LeaseKeeper.watched + 1)
            do {
                try LeaseKeeper.spawn(
                    ["--control", ControlClient(options).path, "keep-lease", service], watching: LeaseKeeper.watched)
            } catch {
                throw ExitCode(error.code)
            }
            return
        }
        guard var lease = getenv(LeaseKeeper.variable).map({ String(cString: $0) }) else { throw ExitCode(EX_USAGE) }
        let client = ControlClient(options)
        // Nothing else is to be done meanwhile: poll(2) may block.
        while isAlive(for: 10_000) {
            do {
                _ = try await client.send("PUT", "/v1/leases/\(lease)?ttl=30s", within: .seconds(5))
            } catch let failure as Failure where failure.code == Failure.unknownService {
                // svcd was away for longer than the lease.
                lease = await LeaseKeeper.take(service, client)?.id ?? lease
            } catch {}
        }
        for _ in 0..<Self.attempts {
            do {
                _ = try await client.send("DELETE", "/v1/leases/\(lease)", within: .seconds(5))
                return
            } catch let failure as Failure where failure.code == Failure.unknownService {
                return
            } catch {
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// False as soon as the process has gone, true after so many milliseconds.
    private func isAlive(for milliseconds: Int32) -> Bool {
        var wait = pollfd(fd: LeaseKeeper.watched, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&wait, 1, milliseconds)
            if count >= 0 { return count == 0 }
            if errno != EINTR { return false }
        }
    }
}
