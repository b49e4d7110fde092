internal import Libc
internal import SleepCore

/// A filter of packet sockets in classic BPF (Documentation/networking/filter.rst). Offsets count from the
/// network header, as cooked sockets (SOCK_DGRAM) have it.
///
/// Everything is written as tests that answer on the spot, so that jumps stay short: classic BPF has eight
/// bits for one.
struct PacketProgram {
    private(set) var code: [sock_filter] = []

    private static let pass = sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 1)
    private static let drop = sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0)

    enum Field {
        /// Of one, two or four bytes, at an offset.
        case byte(Int), half(Int), word(Int)
        /// One byte, at an offset behind the IPv4 header.
        case byteBehindHeader(Int)
        case kind, device, family
    }

    enum Answer { case passes, drops }

    /// Numbers of protocols as IANA gives them.
    private static let tcp: UInt32 = 6
    private static let udp: UInt32 = 17

    // MARK: Building blocks

    mutating func load(_ field: Field) {
        switch field {
        case .byte(let offset): add(BPF_LD | BPF_B | BPF_ABS, UInt32(offset))
        case .half(let offset): add(BPF_LD | BPF_H | BPF_ABS, UInt32(offset))
        case .word(let offset): add(BPF_LD | BPF_W | BPF_ABS, UInt32(offset))
        case .byteBehindHeader(let offset): add(BPF_LD | BPF_B | BPF_IND, UInt32(offset))
        case .kind: ancillary(SKF_AD_PKTTYPE)
        case .device: ancillary(SKF_AD_IFINDEX)
        case .family: ancillary(SKF_AD_PROTOCOL)
        }
    }

    private mutating func ancillary(_ field: Int32) {
        add(BPF_LD | BPF_W | BPF_ABS, UInt32(bitPattern: SKF_AD_OFF + field))
    }

    mutating func add(_ code: Int32, _ value: UInt32, _ jumpTrue: Int = 0, _ jumpFalse: Int = 0) {
        self.code.append(sock_filter(code: UInt16(code), jt: UInt8(jumpTrue), jf: UInt8(jumpFalse), k: value))
    }

    mutating func answer(_ answer: Answer) { code.append(answer == .passes ? Self.pass : Self.drop) }

    /// Answers where what was loaded equals the value.
    mutating func ifEqual(_ value: UInt32, _ answer: Answer) {
        add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)
        self.answer(answer)
    }

    mutating func unlessEqual(_ value: UInt32, _ answer: Answer) {
        add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0)
        self.answer(answer)
    }

    /// Answers where what was loaded has one of these bits.
    mutating func ifAnySet(_ bits: UInt32, _ answer: Answer) {
        add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1)
        self.answer(answer)
    }

    /// Answers where the address at an offset is in one of the blocks.
    mutating func ifIn(_ blocks: [AddressBlock], at offset: Int, _ answer: Answer) {
        for block in blocks {
            let words = block.mask.count / 4
            for word in 0..<words {
                load(.word(offset + word * 4))
                add(BPF_ALU | BPF_AND | BPF_K, Self.word(block.mask, word))
                // A word that differs skips the other words and the answer behind them.
                add(BPF_JMP | BPF_JEQ | BPF_K, Self.word(block.address.bytes, word), 0, (words - word - 1) * 3 + 1)
            }
            self.answer(answer)
        }
    }

    /// Answers unless the address at an offset is one of these.
    mutating func unlessIn(_ addresses: [IPAddress], at offset: Int, _ answer: Answer) {
        for (index, address) in addresses.enumerated() {
            let words = address.bytes.count / 4
            for word in 0..<words {
                load(.word(offset + word * 4))
                add(BPF_JMP | BPF_JEQ | BPF_K, Self.word(address.bytes, word), 0, (words - word - 1) * 2 + 1)
            }
            // It is one: behind the others and the answer.
            add(BPF_JMP | BPF_JA, UInt32((addresses.count - index - 1) * (words * 2 + 1) + 1))
        }
        self.answer(answer)
    }

    /// What is written in `body` concerns packets of this family (ETH_P_…) only.
    mutating func family(_ family: Int32, _ body: (inout PacketProgram) -> Void) {
        var section = PacketProgram()
        body(&section)
        load(.family)
        add(BPF_JMP | BPF_JEQ | BPF_K, UInt32(family), 1, 0)
        add(BPF_JMP | BPF_JA, UInt32(section.code.count))
        code += section.code
    }

    private static func word(_ bytes: [UInt8], _ index: Int) -> UInt32 {
        bytes[index * 4..<index * 4 + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    // MARK: Programs

    /// Lets by what neither comes from nor goes to an ignored address: what counts as use of a container, in its
    /// own namespace. Broadcast, multicast and the loopback device (the first of every namespace) don't.
    static func use(ignoring blocks: [AddressBlock]) -> [sock_filter] {
        var program = PacketProgram()
        program.load(.kind)
        for kind in [PACKET_BROADCAST, PACKET_MULTICAST, PACKET_LOOPBACK] { program.ifEqual(UInt32(kind), .drops) }
        program.load(.device)
        program.ifEqual(1, .drops)
        for (family, size, source, target) in [(ETH_P_IP, 4, 12, 16), (ETH_P_IPV6, 16, 8, 24)] {
            program.family(family) { section in
                let ours = blocks.filter { $0.mask.count == size }
                section.ifIn(ours, at: source, .drops)
                section.ifIn(ours, at: target, .drops)
                section.answer(.passes)
            }
        }
        program.answer(.drops)
        return program.code
    }

    /// Lets by what wakes a sleeper, on the host's end of its link: new connections, data on old ones and UDP,
    /// to its own addresses. ARP, ICMP, bare ACKs, keep-alive probes, RST and FIN don't, nor do ignored sources.
    static func wake(_ addresses: [IPAddress], ignoring blocks: [AddressBlock]) -> [sock_filter] {
        var program = PacketProgram()
        // What goes to the container goes out here.
        program.load(.kind)
        program.unlessEqual(UInt32(PACKET_OUTGOING), .drops)
        program.family(ETH_P_IP) { section in
            section.unlessIn(addresses.filter { $0.bytes.count == 4 }, at: 16, .drops)
            section.ifIn(blocks.filter { $0.mask.count == 4 }, at: 12, .drops)
            section.load(.half(6))
            section.ifAnySet(0x1FFF, .drops)  // a later fragment
            section.load(.byte(9))
            section.ifEqual(udp, .passes)
            section.unlessEqual(tcp, .drops)
            section.add(BPF_LDX | BPF_B | BPF_MSH, 0)
            section.load(.byteBehindHeader(13))
            section.flags()
            section.load(.byteBehindHeader(12))
            section.headerLength()
            section.add(BPF_ST, 0)
            section.load(.half(2))
            section.add(BPF_ALU | BPF_SUB | BPF_X, 0)
            section.add(BPF_LDX | BPF_W | BPF_MEM, 0)
            section.dataBeyond()
        }
        program.family(ETH_P_IPV6) { section in
            section.unlessIn(addresses.filter { $0.bytes.count == 16 }, at: 24, .drops)
            section.ifIn(blocks.filter { $0.mask.count == 16 }, at: 8, .drops)
            section.load(.byte(6))
            section.ifEqual(udp, .passes)
            section.unlessEqual(tcp, .drops)
            section.load(.byte(53))
            section.flags()
            section.load(.byte(52))
            section.headerLength()
            section.add(BPF_MISC | BPF_TAX, 0)
            section.load(.half(4))
            section.dataBeyond()
        }
        program.answer(.drops)
        return program.code
    }

    /// SYN passes, RST drops.
    private mutating func flags() {
        ifAnySet(0x02, .passes)
        ifAnySet(0x04, .drops)
    }

    /// The length of a TCP header from the byte that holds it in its upper half.
    private mutating func headerLength() {
        add(BPF_ALU | BPF_AND | BPF_K, 0xF0)
        add(BPF_ALU | BPF_RSH | BPF_K, 2)
    }

    /// Passes where more is left than the header in X.
    private mutating func dataBeyond() {
        add(BPF_ALU | BPF_SUB | BPF_X, 0)
        ifEqual(0, .drops)
        answer(.passes)
    }
}
