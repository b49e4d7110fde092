#if canImport(Glibc)
    internal import Glibc
#else
    internal import Musl
#endif

/// An IPv4 or IPv6 address as the network has it: 4 or 16 bytes.
struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        // An IPv4 peer of an IPv6 socket: ::ffff:a.b.c.d
        let isMapped = bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
    }

    init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(Array(bytes[..<4]))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(bytes)
        } else {
            return nil
        }
    }

    var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.
struct AddressBlock: Sendable {
    let address: IPAddress
    let mask: [UInt8]

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard let first = parts.first, let address = IPAddress(String(first)) else { return nil }
        let bits = address.bytes.count * 8
        guard let length = parts.count == 2 ? Int(parts[1]) : bits, (0...bits).contains(length) else { return nil }
        let mask = (0..<address.bytes.count).map { index -> UInt8 in
            let left = min(max(length - index * 8, 0), 8)
            return left == 0 ? 0 : UInt8.max << UInt8(8 - left)
        }
        self.address = IPAddress(zip(address.bytes, mask).map { $0 & $1 })
        self.mask = mask
    }

    func contains(_ other: IPAddress) -> Bool {
        other.bytes.count == mask.count && zip(zip(other.bytes, mask), address.bytes).allSatisfy { $0.0 & $0.1 == $1 }
    }
}
