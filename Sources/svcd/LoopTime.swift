internal import Libc
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import SleepCore

/// Time from the event loop: alarms are its timers, so nothing ticks while none is set.
final class LoopTime: TimeSource {
    private let eventLoop: any EventLoop
    private let alarm = NIOLockedValueBox<Scheduled<Void>?>(nil)

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    var now: Instant { SuspendingClock().now }

    var wallMilliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    func setAlarm(at instant: Instant, _ body: @escaping @Sendable () -> Void) {
        let next = eventLoop.scheduleTask(in: delay(until: instant), body)
        alarm.withLockedValue { alarm in
            alarm?.cancel()
            alarm = next
        }
    }

    @concurrent func sleep(until instant: Instant) async throws {
        let timer = eventLoop.scheduleTask(in: delay(until: instant)) {}
        do {
            try await withTaskCancellationHandler {
                try await timer.futureResult.get()
            } onCancel: {
                timer.cancel()
            }
        } catch is EventLoopError {
            throw CancellationError()
        }
    }

    /// Rounded up: an alarm that rings early would have to be set again.
    private func delay(until instant: Instant) -> TimeAmount {
        let delay = instant - now
        return delay > .zero ? TimeAmount(delay) + .microseconds(1) : .zero
    }
}
