internal import SleepCore

extension Container {
    /// The network mode by which others' sockets are in its namespace, too; null: its network is its own.
    var sharedNetwork: String? {
        guard let mode = details?.network, mode == "host" || mode.hasPrefix("container:") else { return nil }
        return mode
    }
}
