package import SleepCore

/// A service as it is now: what status and `why` are made of.
package struct ServiceView: Sendable {
    package var policy: ServicePolicy
    package var machine: SleepMachine
    package var latencies: LatencyHistogram?
    package var lastWake: WakeMark?
    /// Of all its containers together; null where none can be read.
    package var memory: MemoryReading?
    package var share: ReclaimShare
    /// What it sleeps by, or would.
    package var freezer: FreezerKind
    package var freezerRefusal: FreezerRefusal?
    package var now: Instant
    package var nowMilliseconds: Int64

    init(_ driver: ServiceDriver, _ record: ServiceRecords.Record?, memory: MemoryReading?, _ time: any TimeSource) {
        policy = driver.policy
        machine = driver.machine
        latencies = record?.latencies
        lastWake = record?.lastWake
        self.memory = memory
        share = record?.share ?? ReclaimShare(target: 0)
        freezer = driver.kernel.refusal == nil ? driver.policy.settings.freezer : .docker
        freezerRefusal = driver.kernel.refusal
        now = time.now
        nowMilliseconds = time.wallMilliseconds
    }

    /// The wall-clock time of an instant, in milliseconds since 1970.
    package func wall(_ instant: Instant) -> Int64 { nowMilliseconds + (instant - now).milliseconds }
}

/// What a line about all services says.
package struct Summary: Sendable, Equatable {
    package var services = 0
    package var asleep = 0
    /// What sleepers have given back since they fell asleep.
    package var handedBackBytes = 0
    package var mode: Mode
    package var isEngineReachable: Bool
}
