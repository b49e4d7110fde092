internal import SleepCore

extension PolicyReader {
    /// Settings that can't both be meant, where at least one of them stands here.
    mutating func contradictions(
        _ settings: Settings, _ lines: [PolicyKey: Int], _ mark: Mark, _ subject: String
    ) {
        let touched = Set(lines.keys)
        if settings.wakeBudget > settings.wakeTimeout, !touched.isDisjoint(with: [.wakeBudget, .wakeTimeout]) {
            nodes.fault(
                mark,
                "\(subject): wake_budget \(DurationText.format(settings.wakeBudget)) is longer than wake_timeout "
                    + "\(DurationText.format(settings.wakeTimeout)), expected it to be shorter")
        }
        if settings.sleep == .never, lines[.sleep] != nil,
            let key = [PolicyKey.idleAfter, .stopAfter].first(where: { lines[$0] != nil })
        {
            nodes.fault(
                mark, "\(subject): sleep: never and \(key.rawValue) contradict each other, expected one of them")
        }
        if settings.stopAfter != nil, settings.ready == Readiness.none, touched.contains(.stopAfter) {
            nodes.fault(
                mark,
                "\(subject): stop_after and ready: none contradict each other, expected a cold start to have readiness")
        }
    }

    mutating func checkContainers(_ services: [ServicePolicy], _ marks: [String: Mark]) {
        var owners: [ContainerMatch.Requirement: String] = [:]
        for service in services {
            if let owner = owners[service.container.requirement], let mark = marks[service.name] {
                nodes.fault(
                    mark, "services '\(owner)' and '\(service.name)' are both on \(service.container), expected one")
            } else {
                owners[service.container.requirement] = service.name
            }
        }
    }

    mutating func checkRequires(_ services: [ServicePolicy], _ written: [String: YAMLNode]) {
        let names = services.map(\.name)
        let required = Dictionary(services.map { ($0.name, $0.settings.requires) }) { first, _ in first }
        var reported: Set<String> = []
        for service in services {
            let mark = written[service.name]?.mark(of: PolicyKey.requires.rawValue)
            guard let mark else { continue }
            for name in service.settings.requires where required[name] == nil {
                let meant = nearestName(to: name, in: names).map { ", did you mean '\($0)'?" } ?? ""
                nodes.fault(
                    mark, "'\(service.name)' requires '\(name)', which is no service, expected one of this file\(meant)"
                )
            }
            if !reported.contains(service.name), let circle = circle(from: service.name, required) {
                reported.formUnion(circle)
                nodes.fault(mark, "requires goes in a circle: \(circle.joined(separator: " -> ")), expected no circle")
            }
        }
    }

    /// The way from a service back to itself, if there is one.
    private func circle(from start: String, _ required: [String: [String]]) -> [String]? {
        var seen: Set<String> = []
        func way(_ name: String, _ path: [String]) -> [String]? {
            for next in required[name] ?? [] {
                if next == start { return path + [next] }
                if seen.insert(next).inserted, let found = way(next, path + [next]) { return found }
            }
            return nil
        }
        return way(start, [start])
    }
}
