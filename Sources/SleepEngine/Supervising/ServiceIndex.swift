internal import SleepCore

/// Every service's driver: by key, by the name that the policy has, by what it means, by the containers it holds.
struct ServiceIndex {
    private var drivers: [UInt64: ServiceDriver] = [:]
    private var byName: [String: ServiceDriver] = [:]
    private var byAnchor: [ContainerMatch.Anchor: Set<UInt64>] = [:]
    private var byContainer: [String: Set<UInt64>] = [:]
    private var lastKey: UInt64 = 0

    /// All drivers, those that are being let go of among them, in no order.
    var all: [ServiceDriver] { Array(drivers.values) }
    /// The services of the policy, in no order.
    var named: [ServiceDriver] { Array(byName.values) }
    var names: some Sequence<String> { byName.keys }

    subscript(key: UInt64) -> ServiceDriver? { drivers[key] }
    func named(_ name: String) -> ServiceDriver? { byName[name] }

    /// Whether this driver, and not an earlier or a later one, is the service that the policy names.
    func isNamed(_ driver: ServiceDriver) -> Bool { byName[driver.name] === driver }

    /// A key that no driver has had.
    mutating func newKey() -> UInt64 {
        lastKey += 1
        return lastKey
    }

    mutating func add(_ driver: ServiceDriver) {
        drivers[driver.key] = driver
        if let anchor = driver.target.anchor { byAnchor[anchor, default: []].insert(driver.key) }
    }

    mutating func name(_ driver: ServiceDriver) { byName[driver.name] = driver }
    mutating func unname(_ driver: ServiceDriver) { if isNamed(driver) { byName[driver.name] = nil } }

    mutating func remove(_ driver: ServiceDriver) {
        drivers[driver.key] = nil
        if let anchor = driver.target.anchor { Self.drop(driver.key, anchor, &byAnchor) }
        for container in driver.machine.containers { Self.drop(driver.key, container.id, &byContainer) }
        if case .container(let id) = driver.target { Self.drop(driver.key, id, &byContainer) }
        unname(driver)
    }

    /// A driver that held these containers holds what its machine knows now.
    mutating func moved(_ driver: ServiceDriver, from held: [Container]) {
        let holds = driver.machine.containers
        guard !held.elementsEqual(holds, by: { $0.id == $1.id }) else { return }
        for container in held { Self.drop(driver.key, container.id, &byContainer) }
        for container in holds { expect(container.id, for: driver) }
    }

    /// A driver holds a container, or will as soon as it has been found.
    mutating func expect(_ container: String, for driver: ServiceDriver) {
        byContainer[container, default: []].insert(driver.key)
    }

    /// The drivers that hold a container.
    func holders(of container: String) -> [ServiceDriver] { byContainer[container]?.compactMap { drivers[$0] } ?? [] }

    /// The drivers that an event may be about: those that hold its container, and those that mean one like it.
    func concerned(by event: ContainerEvent) -> [ServiceDriver] {
        var found = holders(of: event.id)
        addMeaning(event, .name(event.name), to: &found)
        for (key, value) in event.labels { addMeaning(event, .label(ContainerMatch.Label(key, value)), to: &found) }
        return found
    }

    private func addMeaning(
        _ event: ContainerEvent, _ anchor: ContainerMatch.Anchor, to found: inout [ServiceDriver]
    ) {
        guard let keys = byAnchor[anchor] else { return }
        for key in keys where !found.contains(where: { $0.key == key }) {
            guard let driver = drivers[key], case .match(let match) = driver.target,
                match.matches(name: event.name, label: { event.labels[$0] })
            else { continue }
            found.append(driver)
        }
    }

    private static func drop<Key: Hashable>(_ key: UInt64, _ from: Key, _ sets: inout [Key: Set<UInt64>]) {
        sets[from]?.remove(key)
        if sets[from]?.isEmpty == true { sets[from] = nil }
    }
}
