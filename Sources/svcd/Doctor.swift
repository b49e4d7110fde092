internal import ControlTypes
internal import LinuxHost
internal import PolicyFile
internal import SleepCore

/// Looks at the host for what svcd needs and for what would disturb it. Changes nothing.
struct Doctor: Sendable {
    var engine: any ContainerEngine
    var engineAddress: String

    func examine(_ policy: Policy) async -> DoctorAnswer {
        var checks = [await docker()]
        checks += kernel(HostFacts.read())
        checks.append(permissions(Capabilities.effective(), HostFacts.read()))
        checks += await neighbours(policy)
        checks += self.policy(policy)
        return DoctorAnswer(checks: checks)
    }

    private func docker() async -> DoctorAnswer.Check {
        do {
            let about = try await engine.about(within: .seconds(2))
            return .init("docker", .ok, "Engine \(about.version), spoken to in API \(about.api), at \(engineAddress)")
        } catch {
            return .init(
                "docker", .error, "\(error)",
                remedy: "start Docker, let svcd's user write to \(engineAddress), or point --docker elsewhere")
        }
    }

    private func kernel(_ facts: HostFacts) -> [DoctorAnswer.Check] {
        var checks: [DoctorAnswer.Check] = []
        checks.append(.init("kernel", .ok, "Linux \(facts.kernel)"))
        let names = ["v1": "version 1", "v2": "version 2", "hybrid": "version 1 with 2 beside it", "none": "none"]
        let cgroups = "cgroups \(names[facts.cgroups.rawValue] ?? facts.cgroups.rawValue)"
        checks.append(
            facts.cgroups == .none
                ? .init("cgroups", .warning, "\(cgroups): containers' freezers can't be read, Docker's word must do")
                : .init("cgroups", .ok, cgroups))
        checks.append(
            facts.hasFreezer
                ? .init("freezer", .ok, "the kernel's freezer can be asked")
                : .init(
                    "freezer", .warning, "no freezer found", remedy: "mount the cgroup file system at /sys/fs/cgroup"))
        let swap = "\(facts.swapTotalBytes >> 20) MiB of swap, \(facts.swapFreeBytes >> 20) MiB free"
        checks.append(
            facts.swapTotalBytes > 0
                ? .init("swap", .ok, swap + (facts.hasZram ? ", zram among it" : ""))
                : .init(
                    "swap", .warning, "no swap: sleepers' memory can't be handed back",
                    remedy:
                        "zramctl --find --size 2G --algorithm zstd; "
                        + "mkswap /dev/zram0 && swapon --priority 100 /dev/zram0"
                ))
        checks.append(
            facts.hasPressure
                ? .init("pressure", .ok, "the kernel tells memory pressure (PSI)")
                : .init("pressure", .warning, "the kernel doesn't tell memory pressure", remedy: "boot with psi=1"))
        return checks
    }

    private func permissions(_ held: Capabilities, _ facts: HostFacts) -> DoctorAnswer.Check {
        let missing = Capabilities.useful(with: facts.cgroups).filter { !held.contains($0.capability) }
        guard !missing.isEmpty else { return .init("permissions", .ok, "every capability that svcd has a use for") }
        let names = missing.map { "\($0.name) (\($0.use))" }.joined(separator: ", ")
        return .init(
            "permissions", .warning, "without \(names)", remedy: "run svcd as root, or give it these capabilities")
    }

    /// Other containers that get in the way of sleepers, and services' own that do.
    private func neighbours(_ policy: Policy) async -> [DoctorAnswer.Check] {
        guard let listed = try? await engine.list(within: .seconds(5)) else { return [] }
        var checks = healers(listed)
        for service in policy.services where service.settings.sleep == .allowed {
            checks += matches(service, Self.found(service, listed))
        }
        for service in policy.services
        where service.settings.stopAfter != nil || service.settings.freezer == .cgroup {
            for entry in Self.found(service, listed) { checks += await closely(service, entry.container) }
        }
        if policy.services.contains(where: { $0.settings.stopAfter != nil }) {
            checks.append(
                .init(
                    "prune", .warning, "'docker container prune' removes containers that stop_after has stopped",
                    remedy: "filter them out: docker container prune --filter label!=…"))
        }
        return checks
    }

    private static func found(_ service: ServicePolicy, _ listed: [ListedContainer]) -> [ListedContainer] {
        listed.filter { entry in service.container.matches(name: entry.container.name) { entry.labels[$0] } }
    }

    private func healers(_ listed: [ListedContainer]) -> [DoctorAnswer.Check] {
        listed.map(\.container).filter { $0.image.contains("autoheal") || $0.name.contains("autoheal") }.map { healer in
            .init(
                "autoheal", .warning,
                "container \(healer.name) restarts what is unhealthy, and Docker calls every paused container with a "
                    + "HEALTHCHECK unhealthy: it wakes such sleepers though no client has come",
                remedy: "leave services of the policy out of its labels")
        }
    }

    /// Whether a service has the containers that its policy means, and their traffic can be seen.
    private func matches(_ service: ServicePolicy, _ found: [ListedContainer]) -> [DoctorAnswer.Check] {
        var checks: [DoctorAnswer.Check] = []
        if found.isEmpty {
            checks.append(.init("service \(service.name)", .warning, "there is no \(service.container)"))
        } else if found.count > 1, service.settings.replicas == .one {
            checks.append(
                .init(
                    "service \(service.name)", .warning, "\(found.count) containers match \(service.container)",
                    remedy: "set replicas: all, or match one of them"))
        }
        for entry in found where entry.network == "host" || entry.network.hasPrefix("container:") {
            checks.append(
                .init(
                    "service \(service.name)", .warning,
                    "container \(entry.container.name) has no network of its own (\(entry.network)): its traffic "
                        + "can't be told from others'"))
        }
        return checks
    }

    /// What only a look at the container itself tells: whether it may be stopped, or frozen directly.
    private func closely(_ service: ServicePolicy, _ container: Container) async -> [DoctorAnswer.Check] {
        guard let details = try? await engine.inspect(id: container.id, within: .seconds(2))?.details else { return [] }
        var checks: [DoctorAnswer.Check] = []
        if service.settings.freezer == .cgroup, details.health != nil {
            checks.append(
                .init(
                    "service \(service.name)", .warning,
                    "freezer: cgroup is refused: container \(container.name) has a HEALTHCHECK, which Docker would run "
                        + "in it while it is frozen; it is paused through Docker",
                    remedy: "run it with --no-healthcheck, or set freezer: docker"))
        }
        guard service.settings.stopAfter != nil else { return checks }
        if details.isRemovedOnStop {
            checks.append(
                .init(
                    "service \(service.name)", .warning,
                    "stop_after is refused: Docker removes container \(container.name) when it stops (--rm)",
                    remedy: "run it without --rm, or set stop_after: never"))
        }
        if service.settings.ready == nil, details.health == nil {
            checks.append(
                .init(
                    "service \(service.name)", .warning,
                    "stop_after without ready and without a HEALTHCHECK: nothing tells when a cold start has ended",
                    remedy: "set ready, for example {tcp: PORT}"))
        }
        return checks
    }

    private func policy(_ policy: Policy) -> [DoctorAnswer.Check] {
        var checks = [
            DoctorAnswer.Check("policy", .ok, "\(policy.services.count) services, from \(policy.source ?? "nowhere")")
        ]
        if let source = policy.source {
            do {
                _ = try PolicyFile.load(source)
            } catch {
                checks[0] = .init(
                    "policy", .error,
                    "\(source) has become invalid; the one that was loaded stays in effect: "
                        + error.faults.map(\.description).joined(separator: "; "),
                    remedy: "svcctl policy check \(source)")
            }
        }
        for note in policy.notInEffect { checks.append(.init("not in effect", .warning, note.description)) }
        return checks
    }
}
