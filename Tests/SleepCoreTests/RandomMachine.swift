@testable import SleepCore

extension SleepMachine {
    /// A machine of a world: quick to sleep, some with memory to hand back, with a stop, with readiness.
    static func random(neverSleeps: Bool, _ random: inout SplitMix, _ now: Instant) -> SleepMachine {
        var settings = Settings()
        settings.sleep = neverSleeps ? .never : .allowed
        settings.idleAfter = .seconds(2)
        settings.minAwake = .seconds(1)
        settings.wakeTimeout = .seconds(3)
        settings.reclaim = Bool.random(using: &random) ? Reclaim(after: .milliseconds(500), target: 0.7) : nil
        settings.stopAfter = Bool.random(using: &random) ? .seconds(3) : nil
        settings.ready = Bool.random(using: &random) ? .tcp(port: 80) : nil
        return SleepMachine(rules: .init(settings), seed: random.next(), now: now)
    }
}
