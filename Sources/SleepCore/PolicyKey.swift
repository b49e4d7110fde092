/// The keys of a service or tier, in the order people read them. Raw values are the spelling in the file.
package enum PolicyKey: String, Sendable, CaseIterable, Hashable {
    case tier, container, replicas, sleep
    case idleAfter = "idle_after"
    case minAwake = "min_awake"
    case wakeBudget = "wake_budget"
    case wakeTimeout = "wake_timeout"
    case reclaim
    case stopAfter = "stop_after"
    case freezer
    case wakeOn = "wake_on"
    case activity
    case networkFloor = "network_floor"
    case cpuFloor = "cpu_floor"
    case ignoreSources = "ignore_sources"
    case ready, requires
}
