internal import ControlTypes
internal import NIOCore
internal import NIOHTTP1

/// Who may do what over TCP, where no file's mode says it.
///
/// Without a token: health, and for callers on this host hooks. With the token: everything. A browser on this
/// host is a caller on this host, too, so whatever a page can make it send is turned away: requests with an
/// `Origin`, requests for a host name that isn't svcd's (DNS rebinding), and a page's images and links, which
/// carry `Sec-Fetch-Site`. `X-Forwarded-*` and the like are anybody's words and not looked at.
package struct TCPDoor: Sendable {
    /// The names under which it may be called, in lower case; addresses and `localhost` always are.
    private let hosts: Set<String>
    private let token: [UInt8]?

    /// - Parameter token: null: nobody has one.
    package init(hosts: [String] = [], token: String? = nil) {
        self.hosts = Set(hosts.map { $0.lowercased() } + ["localhost"])
        self.token = token.map { Array($0.utf8) }
    }

    /// What a caller may do with this request.
    enum Admission: Equatable {
        case admitted(ControlServer.Power)
        case refused(Refusal)
    }

    enum Refusal: Equatable {
        /// By a header that only browsers send.
        case webPage(String)
        case unknownHost, wrongToken
    }

    func admit(_ head: HTTPRequestHead, from peer: SocketAddress?) -> Admission {
        if head.headers.contains(name: "Origin") { return .refused(.webPage("Origin")) }
        if let site = head.headers.first(name: "Sec-Fetch-Site"), site != "none" {
            return .refused(.webPage("Sec-Fetch-Site"))
        }
        let names = head.headers["Host"]
        guard names.count == 1, isKnown(names[0]) else {
            return .refused(.unknownHost)
        }
        let credentials = head.headers.first(name: "Authorization")
        if let credentials, isToken(credentials) { return .admitted(.control) }
        // A gateway may pass on what its client has for the application: that takes nothing away.
        if peer?.isLoopback == true { return .admitted(.localCaller) }
        return credentials == nil ? .admitted(.stranger) : .refused(.wrongToken)
    }

    /// - Parameter host: `name`, `name:port`, `address`, `address:port`, `[v6]` or `[v6]:port`.
    private func isKnown(_ host: String) -> Bool {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            let rest = host[host.index(after: end)...]
            let address = String(host[host.index(after: host.startIndex)..<end])
            return isPort(rest) && (try? SocketAddress(ipAddress: address, port: 0)) != nil
        }
        let name = host.prefix { $0 != ":" }
        guard isPort(host[name.endIndex...]) else { return false }
        // A name can be made to mean this host; an address means itself.
        return hosts.contains(name.lowercased()) || (try? SocketAddress(ipAddress: String(name), port: 0)) != nil
    }

    private func isPort(_ text: Substring) -> Bool { text.isEmpty || UInt16(text.dropFirst()) != nil }

    /// In a time that doesn't tell how much of it was right.
    private func isToken(_ credentials: String) -> Bool {
        let scheme = "bearer "
        guard let token, credentials.lowercased().hasPrefix(scheme) else { return false }
        let given = Array(credentials.utf8.dropFirst(scheme.utf8.count))
        var difference = UInt8(given.count == token.count ? 0 : 1)
        for index in given.indices { difference |= given[index] ^ token[index % token.count] }
        return difference == 0
    }
}

extension SocketAddress {
    /// Of this host: 127.0.0.0/8, ::1, and the former as IPv4-mapped IPv6.
    package var isLoopback: Bool {
        guard let text = ipAddress else { return false }
        return text.hasPrefix("127.") || text == "::1" || text.hasPrefix("::ffff:127.")
    }
}
