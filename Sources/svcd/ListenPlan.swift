internal import ArgumentParser
internal import ControlServer
internal import FoundationEssentials
internal import Libc
internal import NIOCore

/// The TCP listener that the flags ask for.
struct ListenPlan {
    var address: SocketAddress
    var door: TCPDoor

    private static let shortestToken = 16

    /// - Parameters:
    ///   - text: `HOST:PORT`, an IP address or `localhost`; IPv6 in brackets. Empty: no listener.
    ///   - tokenFile: empty: the systemd credential `listen-token`, if there is one.
    ///   - hosts: names with commas.
    /// - Throws: `ValidationError`, also for an address that others can reach without a token.
    init?(_ text: String, tokenFile: String, hosts: String) throws {
        guard !text.isEmpty else { return nil }
        address = try Self.address(text)
        let token = try Self.token(tokenFile)
        guard token != nil || address.isLoopback else {
            throw ValidationError(
                "--listen \(text) can be reached from elsewhere and needs --listen-token-file (or listen on 127.0.0.1)")
        }
        door = TCPDoor(hosts: hosts.split(whereSeparator: { ", ".contains($0) }).map(String.init), token: token)
    }

    private static func address(_ text: String) throws -> SocketAddress {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw ValidationError("listen address '\(text)', expected HOST:PORT like 127.0.0.1:9180 or [::1]:9180")
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host == "localhost" { host = "127.0.0.1" }
        do {
            return try SocketAddress(ipAddress: host, port: Int(port))
        } catch {
            throw ValidationError("listen address '\(text)': '\(host)' is no IP address")
        }
    }

    private static func token(_ file: String) throws -> String? {
        var path = file
        if path.isEmpty {
            let directory = setting(nil, "CREDENTIALS_DIRECTORY", "")
            path = directory.isEmpty ? "" : "\(directory)/listen-token"
            guard !path.isEmpty, access(path, F_OK) == 0 else { return nil }
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ValidationError("the token file \(path) can't be read")
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o007 == 0 else {
            throw ValidationError("everybody can read the token file \(path); chmod 600 it")
        }
        let token = String(text.filter { !$0.isWhitespace })
        guard token.utf8.count >= shortestToken else {
            throw ValidationError("the token in \(path) is shorter than \(shortestToken) bytes")
        }
        return token
    }
}
