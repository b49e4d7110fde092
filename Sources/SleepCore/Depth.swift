/// How far asleep a service is.
package enum Depth: String, Sendable, CaseIterable, Codable, Comparable {
    case frozen, reclaimed, stopped

    package static func < (left: Depth, right: Depth) -> Bool { left.rank < right.rank }
    private var rank: Int { self == .frozen ? 0 : self == .reclaimed ? 1 : 2 }
}
