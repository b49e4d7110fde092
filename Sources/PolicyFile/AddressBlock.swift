#if canImport(Glibc)
    internal import Glibc
#else
    internal import Musl
#endif

/// `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.
enum AddressBlock {
    static func isValid(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var bytes = [UInt8](repeating: 0, count: 16)
        let bits: Int
        if inet_pton(AF_INET, parts[0], &bytes) == 1 {
            bits = 32
        } else if inet_pton(AF_INET6, parts[0], &bytes) == 1 {
            bits = 128
        } else {
            return false
        }
        guard parts.count == 2 else { return true }
        guard let length = Int(parts[1]), !parts[1].hasPrefix("+") else { return false }
        return (0...bits).contains(length)
    }
}
