package import Addressing

/// One of the sixteen 32-bit registers that expressions of one rule pass values in.
///
/// Registers do not outlive a rule (kernel ≥ 6.18 refuses to read one that the rule did not write).
package struct Register: Hashable, Sendable {
    /// 0…15: NFT_REG32_00 … NFT_REG32_15.
    package let slot: UInt32

    /// Names slot 0…15.
    package init(_ slot: UInt32) {
        precondition(slot < 16, "nf_tables has sixteen 32-bit registers")
        self.slot = slot
    }

    /// The number in netlink: NFT_REG32_00 is 8.
    package var number: UInt32 { 8 + slot }
}

/// One step of a rule, as the kernel runs it.
///
/// Values that come from packets are in network order, numbers of `meta`, `ct` and `numgen` in host order.
package enum Expression: Hashable, Sendable {
    /// The header that an offset counts from (`NFT_PAYLOAD_*_HEADER`).
    package enum PayloadBase: UInt32, Hashable, Sendable {
        case link = 0
        case network = 1
        case transport = 2
    }

    /// What `meta` knows of a packet (`NFT_META_*`).
    package enum MetaKey: UInt32, Hashable, Sendable {
        case priority = 2
        case mark = 3
        case inputIndex = 4
        case outputIndex = 5
        case inputName = 6
        case outputName = 7
        case netfilterProtocol = 15
        case transportProtocol = 16
    }

    /// What `ct` knows of a packet's connection (`NFT_CT_*`).
    package enum ConntrackKey: UInt32, Hashable, Sendable {
        /// A bit mask: new 8, established 2, related 4, invalid 1, untracked 64.
        case state = 0
        /// A bit mask (`IPS_*`): DNAT is 32.
        case status = 2
        /// With a direction only.
        case transportProtocol = 10
        case sourcePort = 11
        case destinationPort = 12
        case sourceIPv4 = 19
        case destinationIPv4 = 20
        case sourceIPv6 = 21
        case destinationIPv6 = 22
    }

    /// Whose packets of a connection are meant (`IP_CT_DIR_*`).
    package enum Direction: UInt8, Hashable, Sendable {
        case original = 0
        case reply = 1
    }

    /// How two values compare (`NFT_CMP_*`).
    package enum Comparison: UInt32, Hashable, Sendable {
        case equal = 0
        case notEqual = 1
    }

    /// The address that is looked up in the routing tables (`NFTA_FIB_F_*`).
    package enum FibField: UInt32, Hashable, Sendable {
        case sourceAddress = 1
        case destinationAddress = 2
    }

    /// One of the two addresses of a packet.
    package enum AddressSide: Hashable, Sendable {
        case source, destination
    }

    /// What a rule does to an element of a set that rules write to (`NFT_DYNSET_OP_*`).
    package enum ElementOperation: UInt32, Hashable, Sendable {
        /// Leaves one that is there as it is.
        case add = 0
        /// Lets one that is there stay for the set's timeout again; its data stay as they are.
        case update = 1
        /// It is no matter whether it is there.
        case delete = 2
    }

    /// What the sender of a refused packet is told.
    package enum Rejection: Hashable, Sendable {
        case tcpReset
        /// ICMP or ICMPv6 "port unreachable", by the packet's family.
        case portUnreachable
    }

    /// `length` bytes from `offset` in a header, into registers from `into` on.
    case payload(PayloadBase, offset: UInt32, length: UInt32, into: Register)
    case meta(MetaKey, into: Register)
    case setMeta(MetaKey, from: Register)
    case conntrack(ConntrackKey, Direction?, into: Register)
    /// Goes on only if the register compares so with the bytes.
    case compare(Register, Comparison, [UInt8])
    /// `into = (from & mask) ^ xor`; the three have the same length.
    case bitwise(Register, mask: [UInt8], xor: [UInt8], into: Register)
    case immediate([UInt8], into: Register)
    case verdict(Verdict)
    /// Goes on only if the key is in the set; a map's data goes to `into`.
    case lookup(set: String, key: Register, into: Register?)
    /// Goes on only if the key is not in the set.
    case lookupMissing(set: String, key: Register)
    /// The verdict of a verdict map; the rule does not match if the key is not in it.
    case verdictMap(map: String, key: Register)
    /// Writes an element; a map wants data, even for a deletion. The rule ends here when a new one has no place.
    case writeElement(ElementOperation, set: String, key: Register, data: Register?)
    /// A random number below `modulus`.
    case random(modulus: UInt32, into: Register)
    /// The type of an address (`RTN_*`: unicast 1, local 2), a 32-bit number.
    case fibAddressType(FibField, into: Register)
    /// Writes an address into the packet itself, checksums included; connection tracking knows nothing of it.
    case setAddress(AddressSide, IPAddress.Family, from: Register)
    /// Translates the destination; `port` nil keeps it.
    case dnat(IPAddress.Family, address: Register, port: Register?)
    /// Translates the source to the outgoing link's address; `fullyRandom` picks ports at random, which keeps a client
    /// from guessing and shadowing one.
    case masquerade(fullyRandom: Bool)
    case reject(Rejection)
    case counter
    /// Something that only others put there, by its name in the kernel; it is read, compared and printed, never written.
    case unknown(String)
}
