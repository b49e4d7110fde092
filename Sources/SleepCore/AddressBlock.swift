/// An address or a CIDR block: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.
package struct AddressBlock: Sendable, Hashable, CustomStringConvertible {
    package let address: IPAddress
    /// As long as the address: the bits that count.
    package let mask: [UInt8]
    /// As it was written.
    package let description: String

    /// Null unless the whole text is one address, or one with the length of a prefix that fits it.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        var length = address.bytes.count * 8
        if parts.count == 2 {
            guard let written = Int(parts[1]), !parts[1].hasPrefix("+"), (0...length).contains(written) else {
                return nil
            }
            length = written
        }
        let mask = address.bytes.indices.map { index -> UInt8 in
            let left = min(max(length - index * 8, 0), 8)
            return left == 0 ? 0 : UInt8.max << UInt8(8 - left)
        }
        self.address = IPAddress(zip(address.bytes, mask).map { $0 & $1 })
        self.mask = mask
        description = text
    }

    package func contains(_ other: IPAddress) -> Bool {
        other.bytes.count == mask.count && zip(zip(other.bytes, mask), address.bytes).allSatisfy { $0.0 & $0.1 == $1 }
    }
}
