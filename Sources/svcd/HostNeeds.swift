internal import LinuxHost
internal import PolicyFile
internal import SleepCore

/// Holds a policy against what this process may do on this host.
enum HostNeeds {
    private static let netRaw = 13

    /// Loads a policy that can be kept here: a promise that can't is an error at load, not silence later.
    static func load(_ path: String) throws(PolicyFaults) -> Policy {
        let policy = try PolicyFile.load(path)
        guard !Capabilities.effective().contains(netRaw) else { return policy }
        let faults = policy.services.filter { $0.settings.wakeOn.contains(.traffic) }.map { service in
            PolicyFault(
                file: path, mark: nil,
                message: "service '\(service.name)' is to be woken by traffic, and svcd may not watch packets, "
                    + "expected CAP_NET_RAW, or wake_on: [hook]")
        }
        if !faults.isEmpty { throw PolicyFaults(faults: faults) }
        return policy
    }
}
