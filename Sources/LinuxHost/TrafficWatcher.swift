internal import Dispatch
internal import Libc
internal import SleepCore

/// Tells when a packet that wakes comes for a sleeper.
///
/// A packet socket (packet(7)) on the host's end of each of the container's links, with a filter in the kernel.
/// It is there only while the container sleeps and sees only that container's packets, so awake containers pay
/// nothing, however many sleep, and the filter is as long for a thousand sleepers as for one. A frozen
/// container's kernel completes handshakes and keeps what comes, so nothing is lost until the thaw.
final class TrafficWatcher: Sendable {
    /// Why a container's packets can't be seen.
    struct Refusal: Error {
        var reason: String
    }

    private let descriptors: [CInt]

    /// - Parameter body: called on any thread, for every packet or so.
    init(
        _ container: Container, ignoring: [AddressBlock], proc: String, _ body: @escaping @Sendable () -> Void
    ) throws(Refusal) {
        if let mode = container.sharedNetwork { throw Refusal(reason: "it has no network of its own (\(mode))") }
        let addresses = (container.details?.addresses ?? []).compactMap(IPAddress.init)
        guard !addresses.isEmpty else { throw Refusal(reason: "it has no address") }
        let links = Self.links(of: container.pid, proc: proc)
        guard let links, !links.isEmpty else {
            throw Refusal(reason: "it has a link without an end on this host (macvlan and ipvlan have none)")
        }
        let program = PacketProgram.wake(addresses, ignoring: ignoring)
        var opened: [CInt] = []
        for link in links {
            do throws(Refusal) {
                let descriptor = try Self.open(link, program)
                opened.append(descriptor)
                let isWatched = DescriptorLoop.shared.add(descriptor) { isBroken in
                    var byte: UInt8 = 0
                    while recv(descriptor, &byte, 1, CInt(MSG_DONTWAIT)) >= 0 {}
                    // Its link has gone, and with it the container.
                    if !isBroken { body() }
                    return !isBroken
                }
                if !isWatched { throw Refusal(reason: "too many descriptors are open") }
            } catch {
                Self.end(opened)
                throw error
            }
        }
        descriptors = opened
    }

    /// Closing a packet socket waits until no processor uses it any more: some 8 ms, which neither a wake nor the
    /// thread that let go of it should.
    deinit { Self.closing.async { [descriptors] in Self.end(descriptors) } }

    private static let closing = DispatchQueue(label: "svcd.traffic.closing", qos: .utility)

    private static func end(_ descriptors: [CInt]) {
        for descriptor in descriptors {
            DescriptorLoop.shared.remove(descriptor)
            close(descriptor)
        }
    }

    private static func open(_ link: UInt32, _ program: [sock_filter]) throws(Refusal) -> CInt {
        // Bound to no protocol at first, so that nothing comes before the filter stands.
        let descriptor = socket(
            AF_PACKET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else {
            throw Refusal(reason: "no packet socket: \(String(cString: strerror(errno))) (CAP_NET_RAW)")
        }
        var program = program
        let isFiltered = program.withUnsafeMutableBufferPointer { instructions in
            var filter = sock_fprog(len: UInt16(instructions.count), filter: instructions.baseAddress)
            return setsockopt(
                descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, socklen_t(MemoryLayout<sock_fprog>.size)) == 0
        }
        var address = sockaddr_ll()
        address.sll_family = UInt16(AF_PACKET)
        address.sll_protocol = UInt16(ETH_P_ALL).bigEndian
        address.sll_ifindex = Int32(link)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_ll>.size)) == 0
            }
        }
        guard isFiltered, isBound else {
            defer { close(descriptor) }
            throw Refusal(reason: "its link can't be watched: \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// The host's ends of a container's links, by number. Each end of a pair names the other (`iflink` in sysfs);
    /// the parent of a macvlan or ipvlan doesn't.
    ///
    /// - Returns: null if one of its links has no end here: what comes by that one would go unseen.
    private static func links(of pid: Int, proc: String) -> [UInt32]? {
        func number(_ path: String) -> UInt32? { readText(path).flatMap { UInt32($0.trimmed) } }
        let inside = "\(proc)/\(pid)/root/sys/class/net"
        var ends: [UInt32] = []
        for name in names(inside) where name != "lo" {
            // 0 is a tunnel's, which every namespace has, used or not.
            guard let own = number("\(inside)/\(name)/ifindex"), let other = number("\(inside)/\(name)/iflink"),
                own != other, other != 0
            else { continue }
            var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
            guard if_indextoname(other, &buffer) != nil else { return nil }
            let here = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard number("/sys/class/net/\(here)/iflink") == own else { return nil }
            ends.append(other)
        }
        return ends
    }

    private static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}
