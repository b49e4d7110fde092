import Libc

/// Runs a program in classic BPF over a packet, as the kernel does (Documentation/networking/filter.rst): a load
/// beyond the packet's end drops it. Knows what svcd's programs use, and says so of anything else.
struct PacketMachine {
    struct Unknown: Error {
        var code: UInt16
    }

    /// A packet as a cooked socket gets it, from the network header on.
    struct Packet {
        var bytes: [UInt8]
        var kind = PACKET_OUTGOING
        var device = 2
        /// ETH_P_…
        var family = ETH_P_IP
    }

    private let packet: Packet
    private var accumulator: UInt32 = 0
    private var index: UInt32 = 0
    private var memory = [UInt32](repeating: 0, count: 16)

    static func passes(_ program: [sock_filter], _ packet: Packet) throws -> Bool {
        var machine = PacketMachine(packet)
        return try machine.run(program) != 0
    }

    private init(_ packet: Packet) { self.packet = packet }

    private mutating func run(_ program: [sock_filter]) throws -> UInt32 {
        var place = 0
        while true {
            let step = program[place]
            place += 1
            switch Int32(step.code) {
            case BPF_RET | BPF_K: return step.k
            case BPF_JMP | BPF_JA: place += Int(step.k)
            case BPF_JMP | BPF_JEQ | BPF_K: place += Int(accumulator == step.k ? step.jt : step.jf)
            case BPF_JMP | BPF_JSET | BPF_K: place += Int(accumulator & step.k != 0 ? step.jt : step.jf)
            case BPF_ALU | BPF_AND | BPF_K: accumulator &= step.k
            case BPF_ALU | BPF_RSH | BPF_K: accumulator >>= step.k
            case BPF_ALU | BPF_SUB | BPF_X: accumulator &-= index
            case BPF_MISC | BPF_TAX: index = accumulator
            case BPF_ST: memory[Int(step.k)] = accumulator
            case BPF_LDX | BPF_W | BPF_MEM: index = memory[Int(step.k)]
            default:
                guard try load(step) else { return 0 }
            }
        }
    }

    /// - Returns: false beyond the packet's end.
    private mutating func load(_ step: sock_filter) throws -> Bool {
        var loaded: UInt32?
        switch Int32(step.code) {
        case BPF_LD | BPF_W | BPF_ABS: loaded = ancillary(step.k) ?? bytes(at: Int(step.k), 4)
        case BPF_LD | BPF_H | BPF_ABS: loaded = bytes(at: Int(step.k), 2)
        case BPF_LD | BPF_B | BPF_ABS: loaded = bytes(at: Int(step.k), 1)
        case BPF_LD | BPF_B | BPF_IND: loaded = bytes(at: Int(step.k) + Int(index), 1)
        case BPF_LDX | BPF_B | BPF_MSH:
            guard let byte = bytes(at: Int(step.k), 1) else { return false }
            index = (byte & 0xF) * 4
            return true
        default: throw Unknown(code: step.code)
        }
        guard let loaded else { return false }
        accumulator = loaded
        return true
    }

    private func ancillary(_ offset: UInt32) -> UInt32? {
        switch Int32(bitPattern: offset) - SKF_AD_OFF {
        case SKF_AD_PKTTYPE: UInt32(packet.kind)
        case SKF_AD_IFINDEX: UInt32(packet.device)
        case SKF_AD_PROTOCOL: UInt32(packet.family)
        default: nil
        }
    }

    private func bytes(at offset: Int, _ count: Int) -> UInt32? {
        guard offset + count <= packet.bytes.count else { return nil }
        return packet.bytes[offset..<offset + count].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
