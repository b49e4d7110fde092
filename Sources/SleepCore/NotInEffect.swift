/// What a policy asks for and this build doesn't do yet. Named in the log and in `doctor`, so that nobody counts
/// on it.
package struct NotInEffect: Sendable, Hashable, CustomStringConvertible {
    /// The key as written in the file.
    package var key: String
    /// What happens instead.
    package var instead: String

    package var description: String { "\(key) is not in effect: \(instead)" }
}

extension Policy {
    package var notInEffect: [NotInEffect] {
        labels == .classify ? [NotInEffect(key: "labels", instead: "only services named here are covered")] : []
    }
}
