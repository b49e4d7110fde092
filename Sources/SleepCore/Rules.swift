extension SleepMachine {
    /// The part of a service's policy that decides when it sleeps.
    package struct Rules: Sendable, Equatable {
        /// Why it never sleeps, not even by an operator's force; null: it may.
        package var neverSleeps: Veto.NeverSleeps?
        package var idleAfter: Duration
        package var minAwake: Duration
        package var wakeTimeout: Duration
        package var wakeBudget: Duration
        package var replicas: Replicas
        /// When a sleeper's memory is handed back; null: never.
        package var reclaimAfter: Duration?
        /// When a sleeper is stopped; null: never.
        package var stopAfter: Duration?
        /// Whether a thaw alone doesn't make it awake: it must answer, or what it requires must be awake.
        package var needsReadiness: Bool
        /// Why it may not fall asleep on idle, whatever happens; an operator still may put it to sleep.
        package var idleVetoes: [Veto]

        package init(_ settings: Settings, idleVetoes: [Veto] = []) {
            neverSleeps = settings.sleep == .never ? .policy : nil
            idleAfter = settings.idleAfter
            minAwake = settings.minAwake
            wakeTimeout = settings.wakeTimeout
            wakeBudget = settings.wakeBudget
            replicas = settings.replicas
            reclaimAfter = settings.reclaim?.after
            stopAfter = settings.stopAfter
            needsReadiness = !settings.requires.isEmpty || ![nil, Readiness.none].contains(settings.ready)
            self.idleVetoes = idleVetoes
        }
    }
}
