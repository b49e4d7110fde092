import Dispatch
import NIOConcurrencyHelpers

/// Where everything of one test runs, one job after the other, so that it can be told when all is quiet.
///
/// `serial` is for the supervisor, `tasks` for what belongs to no actor: child tasks and `@concurrent` functions run
/// there instead of on the global pool when the task that they descend from prefers it. Quiet is a loop without a
/// job, once who works elsewhere (`mind(outside:)`) has finished what it had been given and nothing came of it.
/// A task that waits for an instant, or for the test, is quiet.
package final class TestLoop: Sendable {
    package let serial: any SerialExecutor
    package let tasks: any TaskExecutor
    private let jobs: Jobs
    private let outside = NIOLockedValueBox<@Sendable () async -> Void>({})

    package init() {
        let jobs = Jobs()
        self.jobs = jobs
        serial = Serial(jobs)
        tasks = Tasks(jobs)
    }

    /// Takes one who works elsewhere into account.
    ///
    /// - Parameter finish: returns when all is done that had been asked for before.
    package func mind(outside finish: @escaping @Sendable () async -> Void) {
        outside.withLockedValue { $0 = finish }
    }

    /// Stops a test of which something has got away from the loop, and would not be waited for.
    func checkIsCurrent() { jobs.checkIsCurrent() }

    /// Returns when only time or a test can bring about more. Call it from one place at a time.
    ///
    /// - Throws: `Overdue` if something goes on for longer, in real time.
    package func settle(within limit: Duration = .seconds(30)) async throws {
        let deadline = ContinuousClock.now + limit
        // Not on the loop: who waits for quiet must not be what disturbs it.
        let watch = Task.detached { [jobs, outside] in
            while true {
                guard let before = await jobs.count(whenDoneBy: deadline) else {
                    throw Overdue(description: "not quiet within \(limit): \(jobs.pending) jobs are left")
                }
                await outside.withLockedValue({ $0 })()
                if jobs.count == before { return }
                if ContinuousClock.now > deadline {
                    throw Overdue(description: "not quiet within \(limit): something new comes each time")
                }
            }
        }
        try await watch.value
    }
}

/// One queue for all, and a count.
private final class Jobs: Sendable {
    private struct State {
        var count = 0
        var pending = 0
        /// Who waits for quiet, by the count when that began.
        var waiting: [Int: CheckedContinuation<Int?, Never>] = [:]
    }

    private let state = NIOLockedValueBox(State())
    private let queue = DispatchQueue(label: "test.loop")

    func checkIsCurrent() { dispatchPrecondition(condition: .onQueue(queue)) }

    /// How many there have ever been.
    var count: Int { state.withLockedValue { $0.count } }
    var pending: Int { state.withLockedValue { $0.pending } }

    func add(_ run: @escaping @Sendable () -> Void) {
        state.withLockedValue { state in
            state.count += 1
            state.pending += 1
        }
        queue.async {
            run()
            self.finished()
        }
    }

    private func finished() {
        state.withLockedValue { state in
            state.pending -= 1
            guard state.pending == 0 else { return }
            for waiter in state.waiting.values { waiter.resume(returning: state.count) }
            state.waiting = [:]
        }
    }

    /// How many there have been up to a moment at which none was left; null: there still is one at the deadline.
    func count(whenDoneBy deadline: ContinuousClock.Instant) async -> Int? {
        await withCheckedContinuation { continuation in
            state.withLockedValue { state in
                guard state.pending > 0 else { return continuation.resume(returning: state.count) }
                let began = state.count
                state.waiting[began] = continuation
                let wait = max(0, (deadline - .now) / .seconds(1))
                DispatchQueue.global().asyncAfter(deadline: .now() + wait) { self.giveUp(began) }
            }
        }
    }

    private func giveUp(_ began: Int) {
        state.withLockedValue { $0.waiting.removeValue(forKey: began) }?.resume(returning: nil)
    }
}

private final class Serial: SerialExecutor {
    private let jobs: Jobs
    init(_ jobs: Jobs) { self.jobs = jobs }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.add { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

private final class Tasks: TaskExecutor {
    private let jobs: Jobs
    init(_ jobs: Jobs) { self.jobs = jobs }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.add { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
