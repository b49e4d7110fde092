internal import SleepCore

/// Everything that the engine has listed at one moment, found by what a policy names containers by.
struct Listing {
    private(set) var byID: [String: Container] = [:]
    private var byAnchor: [ContainerMatch.Anchor: [ListedContainer]] = [:]

    /// - Parameter wanted: the anchors of those who will ask.
    init(_ listed: [ListedContainer], wanted: Set<ContainerMatch.Anchor>) {
        for entry in listed {
            byID[entry.container.id] = entry.container
            for anchor in ContainerMatch.Anchor.all(name: entry.container.name, labels: entry.labels)
            where wanted.contains(anchor) { byAnchor[anchor, default: []].append(entry) }
        }
    }

    /// The containers that a target means, in the order of the listing.
    func find(_ target: ServiceTarget) -> [Container] {
        switch target {
        case .container(let id):
            return byID[id].map { [$0] } ?? []
        case .match(let match):
            guard let anchor = match.anchor, let candidates = byAnchor[anchor] else { return [] }
            return candidates.filter { entry in match.matches(name: entry.container.name) { entry.labels[$0] } }
                .map(\.container)
        }
    }

    /// Services that mean the same container, by key: the names of the others.
    func contests(_ claimants: [(key: UInt64, name: String, target: ServiceTarget)]) -> [UInt64: [String]] {
        var claims: [String: [(key: UInt64, name: String)]] = [:]
        for claimant in claimants {
            for container in find(claimant.target) {
                claims[container.id, default: []].append((claimant.key, claimant.name))
            }
        }
        var rivals: [UInt64: [String]] = [:]
        for together in claims.values where together.count > 1 {
            for one in together { rivals[one.key] = together.filter { $0.key != one.key }.map(\.name).sorted() }
        }
        return rivals
    }
}

/// How a service finds its containers.
enum ServiceTarget: Sendable, Equatable {
    case match(ContainerMatch)
    /// A sleeper that no service covers any more.
    case container(String)

    /// Null: by an id alone.
    var anchor: ContainerMatch.Anchor? { if case .match(let match) = self { match.anchor } else { nil } }
}

extension ContainerMatch.Anchor {
    /// All by which a container with this name and these labels can be found.
    static func all(name: String, labels: [String: String]) -> [ContainerMatch.Anchor] {
        [.name(name)] + labels.map { .label(ContainerMatch.Label($0.key, $0.value)) }
    }
}
