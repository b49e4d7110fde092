/// Everything a tier or a service can set. The values here are the built-in defaults of `on-demand`.
package struct Settings: Sendable, Equatable {
    package var replicas: Replicas = .one
    package var sleep: SleepRule = .allowed
    package var idleAfter: Duration = .seconds(300)
    package var minAwake: Duration = .seconds(60)
    package var wakeBudget: Duration = .milliseconds(200)
    package var wakeTimeout: Duration = .seconds(10)
    /// Null: memory is never handed back.
    package var reclaim: Reclaim? = Reclaim(after: .seconds(120), target: 0.7)
    /// Null: never stopped.
    package var stopAfter: Duration?
    package var freezer: FreezerKind = .docker
    package var wakeOn: Set<WakeSource> = [.hook]
    package var activity: Set<ActivitySignal> = [.hook, .network, .cpu]
    package var networkFloorBytesPerSecond = 1024
    /// Share of one core, 0...1.
    package var cpuFloor = 0.02
    package var ignoreSources: [AddressBlock] = []
    /// Null: nothing said; the container's HEALTHCHECK counts after a stop.
    package var ready: Readiness?
    package var requires: [String] = []

    package init() {}
}

package enum Replicas: String, Sendable, CaseIterable { case one, all }
package enum SleepRule: String, Sendable, CaseIterable { case never, allowed }
package enum FreezerKind: String, Sendable, CaseIterable { case docker, cgroup }
package enum WakeSource: String, Sendable, CaseIterable { case hook, traffic }
package enum ActivitySignal: String, Sendable, CaseIterable { case hook, network, connections, cpu }

/// When cold memory is handed back, and how much of it.
package struct Reclaim: Sendable, Equatable {
    package var after: Duration
    /// 0...1 of what was resident.
    package var target: Double
    package init(after: Duration, target: Double) {
        self.after = after
        self.target = target
    }
}
