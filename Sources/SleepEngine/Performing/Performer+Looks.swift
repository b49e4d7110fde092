internal import SleepCore

/// Finding out what is true.
extension Performer {
    /// What Docker says, held against what the kernel says.
    ///
    /// dockerd's answers lag behind its deeds by 2 to 14 ms, and now and then it errs; the kernel doesn't.
    /// Where they differ they are asked again for a while; if they still do, the kernel's word counts.
    /// Where the kernel can't be asked, a doubtful answer is asked for twice.
    ///
    /// - Parameter isInDoubt: an operation has failed, and what Docker says may be of before.
    /// - Parameter correct: what a sleeper by the kernel's freezer is, where Docker says that it runs.
    func truth(
        of target: ServiceTarget, isInDoubt: Bool, correct: (inout Container) -> Void
    ) async throws -> [Container] {
        var found = try await find(target, correct)
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
            try await world.time.sleep(until: world.time.now + .milliseconds(wait))
            found = try await find(target, correct)
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

    private func find(_ target: ServiceTarget, _ correct: (inout Container) -> Void) async throws -> [Container] {
        var found: [Container]
        switch target {
        case .match(let match):
            found = try await world.engine.find(match, within: Self.lookLimit)
        case .container(let id):
            found = try await world.engine.inspect(id: id, within: Self.lookLimit).map { [$0] } ?? []
        }
        for index in found.indices { correct(&found[index]) }
        return found
    }
}
