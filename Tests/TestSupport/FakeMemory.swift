import NIOConcurrencyHelpers
package import SleepCore

/// The memory of containers: it goes as it is told, and comes back as a test says.
package final class FakeMemory: Sendable {
    private struct State {
        var readings: [String: MemoryReading] = [:]
        var reclaims: [(container: String, share: Double)] = []
        var ends: [ReclaimOutcome.End] = []
        var halted = 0
        var pressure: Double?
        var known: Set<String> = []
    }

    private let state = NIOLockedValueBox(State())
    private let time: any TimeSource
    private let log: CallLog
    private let reclaimTakes: Duration

    init(time: any TimeSource, log: CallLog, reclaimTakes: Duration) {
        self.time = time
        self.log = log
        self.reclaimTakes = reclaimTakes
    }

    // MARK: For tests

    package var reclaims: [(container: String, share: Double)] { state.withLockedValue { $0.reclaims } }
    /// How many reclaims were halted.
    package var halted: Int { state.withLockedValue { $0.halted } }
    /// Ids of containers whose working sets are kept.
    package var known: Set<String> { state.withLockedValue { $0.known } }

    package var pressure: Double? {
        get { state.withLockedValue { $0.pressure } }
        set { state.withLockedValue { $0.pressure = newValue } }
    }

    /// How the next reclaims end, instead of being done.
    package func end(_ ends: ReclaimOutcome.End...) { state.withLockedValue { $0.ends += ends } }

    /// What a container has; 100 MiB unless a test says otherwise.
    package subscript(name: String) -> MemoryReading {
        get {
            state.withLockedValue { $0.readings[name] } ?? MemoryReading(residentBytes: 100 << 20, swappedBytes: 0)
        }
        set { state.withLockedValue { $0.readings[name] = newValue } }
    }

    /// It is used again after a wake: what was handed back comes in by faults.
    package func comeBack(_ name: String, majorFaults: Int) {
        var reading = self[name]
        reading.residentBytes += reading.swappedBytes
        reading.swappedBytes = 0
        reading.majorFaults += majorFaults
        self[name] = reading
    }

    // MARK: For the host

    func reclaim(_ container: Container, share: Double, order: HaltFlag) async -> ReclaimOutcome {
        log.note("reclaim \(container.name)")
        state.withLockedValue { $0.reclaims.append((container.name, share)) }
        await wait(unless: order)
        if order.isRaised {
            state.withLockedValue { $0.halted += 1 }
            return ReclaimOutcome(.halted)
        }
        let end = state.withLockedValue { $0.ends.isEmpty ? .done : $0.ends.removeFirst() }
        guard end == .done else { return ReclaimOutcome(end) }
        let before = self[container.name]
        var after = before
        let moved = Int(Double(before.residentBytes) * share)
        after.residentBytes -= moved
        after.swappedBytes += moved
        self[container.name] = after
        return ReclaimOutcome(.done, before: before, after: after)
    }

    private func wait(unless order: HaltFlag) async {
        let (raised, signal) = AsyncStream.makeStream(of: Void.self)
        order.whenRaised { signal.yield() }
        defer { order.whenRaised(nil) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [time, reclaimTakes] in try? await time.sleep(until: time.now + reclaimTakes) }
            group.addTask { for await _ in raised { break } }
            await group.next()
            group.cancelAll()
        }
    }

    func learn(_ container: Container) {
        log.note("learn \(container.name)")
        state.withLockedValue { _ = $0.known.insert(container.id) }
    }

    func prefetch(_ container: Container) { log.note("prefetch \(container.name)") }
    func keep(_ ids: Set<String>) { state.withLockedValue { $0.known.formIntersection(ids) } }
}

extension FakeHost {
    package func memory(of container: Container) -> MemoryReading? { memory[container.name] }
    @concurrent package func reclaim(_ container: Container, share: Double, order: HaltFlag) async -> ReclaimOutcome {
        await memory.reclaim(container, share: share, order: order)
    }
    @concurrent package func learn(_ container: Container) async { memory.learn(container) }
    package func prefetch(_ container: Container) { memory.prefetch(container) }
    package func keepKnowledge(of ids: Set<String>) { memory.keep(ids) }
    package var majorFaultCost: Duration { .microseconds(100) }
    package func memoryPressure() -> Double? { memory.pressure }
}
