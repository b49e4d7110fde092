internal import ArgumentParser
internal import LinuxHost
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import SleepCore
internal import SleepEngine
internal import Systemd

/// Undoes what a svcd that is gone has left asleep.
struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wakes every sleeper that the journal owns; for when no svcd runs.",
        discussion: """
            Refuses while a svcd lives on the state directory. Safe to run twice. A policy with on_exit: leave
            keeps its sleepers, unless --all says otherwise. Where Docker can't be reached it says which are left,
            and the next svcd, or the next release, finds them.
            """)

    @OptionGroup var host: HostOptions

    @Flag(help: "Wakes them whatever on_exit says, and starts what svcd has stopped: before svcd is removed.")
    var all = false

    private static let attempts = 5

    func run() async throws {
        defer { JournalLog.flush() }
        let paths = try HostPaths(host)
        do {
            let state = try StateDirectory(locking: paths.stateDirectory)
            let journal = try Journal(path: state.journal, logger: makeLogger(.warning))
            let left = try await release(journal, paths)
            await journal.flush()
            guard left.isEmpty else {
                for line in left { complain(line) }
                throw ExitCode(1)
            }
        } catch let fault as StateDirectory.Fault {
            complain("\(fault)")
            throw ExitCode(1)
        } catch let fault as JournalFault {
            complain("\(fault)")
            throw ExitCode(1)
        }
    }

    /// What is left asleep, a sentence each.
    private func release(_ journal: Journal, _ paths: HostPaths) async throws -> [String] {
        let snapshot = try await journal.load()
        if !all, snapshot.settings["on_exit"] == OnExit.leave.rawValue {
            print("on_exit is leave: \(snapshot.intents.count) sleepers are left as they are")
            return []
        }
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
        let engine = paths.engine.engine(on: loop)
        let time = LoopTime(loop)
        var left: [String] = []
        for intent in snapshot.intents {
            do {
                if let place = intent.place, try Self.thaw(place) || intent.depth != .stopped {
                    note(intent, journal, time)
                    continue
                }
                // What svcd stopped stays stopped, and stays its own.
                if try await wake(intent, engine) { note(intent, journal, time) }
            } catch {
                left.append("\(intent.service) (\(intent.container.prefix(12))) is left asleep: \(error)")
            }
        }
        return left
    }

    /// It is awake, and svcd's no more: told to the log, and to the service's history.
    private func note(_ intent: Journal.Intent, _ journal: Journal, _ time: LoopTime) {
        journal.noteRelease(intent, atMilliseconds: time.wallMilliseconds)
        makeLogger(.notice).notice("sleeper released", metadata: ["service.name": "\(intent.service)"])
    }

    /// The kernel's sleepers need no Docker to wake. False: nothing is frozen there.
    private static func thaw(_ place: String) throws -> Bool {
        let freezer = KernelFreezer()
        guard freezer.isFrozen(at: place) == true else { return false }
        try freezer.thaw(at: place)
        return true
    }

    /// Unpauses until it runs, is gone, or Docker refuses for good; false: it is stopped, and stays so.
    private func wake(_ intent: Journal.Intent, _ engine: any ContainerEngine) async throws -> Bool {
        var wait = Duration.milliseconds(20)
        for attempt in 1... {
            do {
                let container = try await engine.inspect(id: intent.container, within: .seconds(5))
                if all, container?.status == .down, intent.depth == .stopped {
                    try await engine.start(id: intent.container, within: .seconds(30))
                    return true
                }
                guard let container, container.status == .paused else {
                    return container?.status != .down || intent.depth != .stopped
                }
                try await engine.unpause(id: intent.container, within: .seconds(10))
                return true
            } catch {
                if attempt == Self.attempts { throw error }
                try await Task.sleep(for: wait)
                wait *= 4
            }
        }
        return true
    }
}
