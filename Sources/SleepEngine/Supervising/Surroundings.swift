package import Logging
package import SleepCore

/// The world around a supervisor. Everything that touches it stands behind a protocol, except the journal.
package struct Surroundings: Sendable {
    package var engine: any ContainerEngine
    package var host: any ContainerHost
    package var readiness: any ReadinessProbe
    package var journal: Journal
    package var time: any TimeSource
    package var logger: Logger
    /// The kernel's boot id.
    package var boot: String
    /// Seeds the jitter of backoffs.
    package var seed: UInt64

    package init(
        engine: any ContainerEngine, host: any ContainerHost, readiness: any ReadinessProbe, journal: Journal,
        time: any TimeSource, logger: Logger, boot: String, seed: UInt64
    ) {
        self.engine = engine
        self.host = host
        self.readiness = readiness
        self.journal = journal
        self.time = time
        self.logger = logger
        self.boot = boot
        self.seed = seed
    }
}
