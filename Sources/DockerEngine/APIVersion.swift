/// A version of the Engine API: `1.41`.
struct APIVersion: Comparable, CustomStringConvertible {
    var major: Int
    var minor: Int

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = UInt16(parts[0]), let minor = UInt16(parts[1]) else { return nil }
        self.init(major: Int(major), minor: Int(minor))
    }

    static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    var description: String { "\(major).\(minor)" }
}

/// Which version is spoken: the newest that the engine offers and that is known here, and never one below the
/// engine's oldest.
///
/// An engine tells its newest with every ping, its oldest only when it refuses; both change when an operator
/// installs another one. What is used of the API has not changed since 1.24, so a version that isn't known here is
/// better than none.
struct VersionChoice {
    static let newestKnown = APIVersion(major: 1, minor: 55)

    private var newest: APIVersion?
    private var oldest: APIVersion?

    /// Null before the first answer: paths go without a version then.
    var spoken: APIVersion? {
        guard let newest else { return oldest }
        let wanted = min(newest, Self.newestKnown)
        return oldest.map { max(wanted, $0) } ?? wanted
    }

    /// Takes over what a ping's `Api-Version` says.
    mutating func offered(_ version: String?) {
        newest = version.flatMap(APIVersion.init)
        // Another engine, older than the one that refused.
        if let newest, let oldest, newest < oldest { self.oldest = nil }
    }

    /// Takes over the limit that a refusal names, if it names one.
    ///
    /// - Parameter message: "client version 1.40 is too old. Minimum supported API version is 1.44, …", or
    ///   "… too new. Maximum supported API version is 1.41".
    mutating func refused(_ message: String) {
        let numbers = message.split { !($0.isNumber || $0 == ".") }.compactMap { APIVersion(String($0)) }
        guard numbers.count == 2, let limit = numbers.last else { return }
        if message.contains("is too old") {
            oldest = limit
            if let newest, newest < limit { self.newest = limit }
        } else if message.contains("is too new") {
            newest = limit
            if let oldest, oldest > limit { self.oldest = nil }
        }
    }
}
