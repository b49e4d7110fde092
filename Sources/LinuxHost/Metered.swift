internal import SleepCore

/// The container that sensors read, and by which settings.
struct Metered {
    let container: Container
    let settings: Settings
    let paths: CgroupPaths
    let proc: String
    let cgroupRoot: String

    /// A file of its process.
    func process(_ file: String) -> String { "\(proc)/\(container.pid)/\(file)" }

    /// Why what moves in its network namespace says nothing of it; null: the namespace is its own.
    var networkHindrance: String? {
        container.sharedNetwork.map {
            "it has no network of its own (\($0)), so its traffic can't be told from others'"
        }
    }
}
