internal import Logging
internal import SleepCore

/// Finding out what is true, and whose a sleeper is. What is found goes back as an event.
extension Supervisor {
    func look(for key: UInt64, _ generation: UInt64) async {
        guard let driver = drivers[key] else { return }
        do {
            let found = try await truth(of: driver)
            deliver(.lookFinished(generation: generation, found), to: key)
        } catch {
            if (error as? EngineFault)?.isSilence ?? true { suspicions?.yield(.doubt) }
            world.logger.debug(
                "a look failed", metadata: ["service.name": "\(driver.name)", "error": "\(error)"])
            deliver(.lookFailed(generation: generation), to: key)
        }
    }

    /// What Docker says, held against what the kernel says.
    ///
    /// dockerd's answers lag behind its deeds by 2 to 14 ms, and now and then it errs; the kernel doesn't.
    /// Where they differ they are asked again for a while; if they still do, the kernel's word counts.
    /// Where the kernel can't be asked, a doubtful answer is asked for twice.
    private func truth(of driver: ServiceDriver) async throws -> [Container] {
        let isInDoubt = driver.machine.isInDoubt
        var found = try await find(driver)
        for wait in [5, 10, 20, 40, 80] {
            let words = found.map { world.host.isFrozen($0) }
            let differs = zip(found, words).contains { container, isFrozen in
                switch (container.status, isFrozen) {
                case (.running, true?), (.paused, false?): true
                case (.running, nil), (.paused, nil): isInDoubt && wait == 5
                default: false
                }
            }
            guard differs else { return found }
            try await world.time.sleep(until: now + .milliseconds(wait))
            found = try await find(driver)
        }
        for index in found.indices where found[index].status != .down {
            switch world.host.isFrozen(found[index]) {
            case true?: found[index].status = .paused
            case false?: found[index].status = .running
            case nil: break
            }
        }
        return found
    }

    private func find(_ driver: ServiceDriver) async throws -> [Container] {
        var found: [Container]
        switch driver.target {
        case .match(let match):
            found = try await world.engine.find(match, within: Self.lookLimit)
        case .container(let id):
            found = try await world.engine.inspect(id: id, within: Self.lookLimit).map { [$0] } ?? []
        }
        for index in found.indices { correct(&found[index], driver) }
        return found
    }

    /// Finds out what has become of a sleeper that its service no longer has.
    func resolve(_ container: String, _ depth: Depth) async {
        guard let found = try? await world.engine.inspect(id: container, within: Self.lookLimit) else {
            // Where Docker can't be asked the intent stays, and the next listing brings it up again.
            if isEngineReachable { journal.write(.forget([container])) }
            return
        }
        let holder = byContainer[container]?.compactMap { drivers[$0] }.first { $0.machine.condition != .ambiguous }
        if let holder {
            deliver(.entrusted([container: depth]), to: holder.key)
        } else if found.status == .paused {
            adoptOrphan(container, service: found.name)
        } else {
            journal.write(.forget([container]))
        }
    }

    /// A sleeper of ours that no service covers: it is woken and let go.
    func adoptOrphan(_ container: String, service: String) {
        guard byContainer[container]?.contains(where: { drivers[$0]?.target == .container(container) }) != true
        else { return }
        world.logger.notice(
            "waking a container that no service covers any more",
            metadata: ["container.id": "\(container)", "container.name": "\(service)"])
        var policy = ServicePolicy(name: service, tier: "", container: .name(service))
        policy.settings.minAwake = .zero
        let orphan = makeDriver(policy, target: .container(container))
        byContainer[container, default: []].insert(orphan.key)
        deliver(.entrusted([container: .frozen]), to: orphan.key)
        deliver(.retired(startStopped: true, .recovery), to: orphan.key)
    }
}
