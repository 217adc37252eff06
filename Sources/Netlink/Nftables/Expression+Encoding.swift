import Addressing
import CNFTNL
import Glibc
import NetworkModel

extension Expression {
    /// The expression as the kernel wants it in a table of this family, or nil for one that we cannot write.
    func object(in family: TableID.Family) -> ExpressionObject? {
        switch self {
        case .payload(let base, let offset, let length, let into):
            Self.payload(base, offset, length, into)
        case .meta(let key, let into):
            ExpressionObject("meta", [NFTNL_EXPR_META_KEY: key.rawValue, NFTNL_EXPR_META_DREG: into.number])
        case .setMeta(let key, let from):
            ExpressionObject("meta", [NFTNL_EXPR_META_KEY: key.rawValue, NFTNL_EXPR_META_SREG: from.number])
        case .conntrack(let key, let direction, let into):
            Self.conntrack(key, direction, into)
        case .compare(let register, let comparison, let bytes):
            Self.compare(register, comparison, bytes)
        case .bitwise(let from, let mask, let xor, let into):
            Self.bitwise(from, mask, xor, into)
        case .immediate(let bytes, let into):
            Self.immediate(bytes, into)
        case .verdict(let verdict):
            verdict.object()
        case .lookup(let set, let key, let into):
            Self.lookup(set, key, into: into?.number)
        case .lookupMissing(let set, let key):
            Self.lookup(set, key, into: nil, flags: NFT_LOOKUP_F_INV.rawValue)
        case .verdictMap(let map, let key):
            Self.lookup(map, key, into: NFT_REG_VERDICT.rawValue)
        case .writeElement(let operation, let set, let key, let data):
            Self.writeElement(operation, set, key, data)
        case .random(let modulus, let into):
            Self.random(modulus, into)
        case .fibAddressType(let field, let into):
            Self.fibAddressType(field, into)
        case .setAddress(let side, let version, let from):
            Self.setAddress(side, version, from)
        case .dnat(let version, let address, let port):
            Self.dnat(version, address, port)
        case .masquerade(let fullyRandom):
            ExpressionObject("masq", fullyRandom ? [NFTNL_EXPR_MASQ_FLAGS: NatRange.fullyRandom] : [:])
        case .reject(let rejection):
            rejection.object(in: family)
        case .counter:
            ExpressionObject("counter")
        case .unknown:
            nil
        }
    }

    private static func payload(
        _ base: PayloadBase,
        _ offset: UInt32,
        _ length: UInt32,
        _ into: Register
    ) -> ExpressionObject {
        ExpressionObject(
            "payload",
            [
                NFTNL_EXPR_PAYLOAD_BASE: base.rawValue,
                NFTNL_EXPR_PAYLOAD_OFFSET: offset,
                NFTNL_EXPR_PAYLOAD_LEN: length,
                NFTNL_EXPR_PAYLOAD_DREG: into.number,
            ]
        )
    }

    private static func conntrack(_ key: ConntrackKey, _ direction: Direction?, _ into: Register) -> ExpressionObject {
        let object = ExpressionObject("ct", [NFTNL_EXPR_CT_KEY: key.rawValue, NFTNL_EXPR_CT_DREG: into.number])
        if let direction { object.set(NFTNL_EXPR_CT_DIR, octet: direction.rawValue) }
        return object
    }

    private static func compare(_ register: Register, _ comparison: Comparison, _ bytes: [UInt8]) -> ExpressionObject {
        let object = ExpressionObject(
            "cmp",
            [NFTNL_EXPR_CMP_SREG: register.number, NFTNL_EXPR_CMP_OP: comparison.rawValue]
        )
        object.set(NFTNL_EXPR_CMP_DATA, bytes)
        return object
    }

    private static func bitwise(_ from: Register, _ mask: [UInt8], _ xor: [UInt8], _ into: Register) -> ExpressionObject
    {
        let object = ExpressionObject(
            "bitwise",
            [
                NFTNL_EXPR_BITWISE_SREG: from.number,
                NFTNL_EXPR_BITWISE_DREG: into.number,
                NFTNL_EXPR_BITWISE_LEN: UInt32(mask.count),
            ]
        )
        object.set(NFTNL_EXPR_BITWISE_MASK, mask)
        object.set(NFTNL_EXPR_BITWISE_XOR, xor)
        return object
    }

    private static func immediate(_ bytes: [UInt8], _ into: Register) -> ExpressionObject {
        let object = ExpressionObject("immediate", [NFTNL_EXPR_IMM_DREG: into.number])
        object.set(NFTNL_EXPR_IMM_DATA, bytes)
        return object
    }

    private static func lookup(
        _ set: String,
        _ key: Register,
        into register: UInt32?,
        flags: UInt32? = nil
    ) -> ExpressionObject {
        let object = ExpressionObject("lookup", [NFTNL_EXPR_LOOKUP_SREG: key.number])
        object.set(NFTNL_EXPR_LOOKUP_SET, set)
        if let register { object.set(NFTNL_EXPR_LOOKUP_DREG, register) }
        if let flags { object.set(NFTNL_EXPR_LOOKUP_FLAGS, flags) }
        return object
    }

    private static func writeElement(
        _ operation: ElementOperation,
        _ set: String,
        _ key: Register,
        _ data: Register?
    ) -> ExpressionObject {
        let object = ExpressionObject(
            "dynset",
            [NFTNL_EXPR_DYNSET_OP: operation.rawValue, NFTNL_EXPR_DYNSET_SREG_KEY: key.number]
        )
        object.set(NFTNL_EXPR_DYNSET_SET_NAME, set)
        if let data { object.set(NFTNL_EXPR_DYNSET_SREG_DATA, data.number) }
        return object
    }

    private static func random(_ modulus: UInt32, _ into: Register) -> ExpressionObject {
        ExpressionObject(
            "numgen",
            [
                NFTNL_EXPR_NG_TYPE: NFT_NG_RANDOM.rawValue,
                NFTNL_EXPR_NG_MODULUS: modulus,
                NFTNL_EXPR_NG_DREG: into.number,
            ]
        )
    }

    private static func fibAddressType(_ field: FibField, _ into: Register) -> ExpressionObject {
        ExpressionObject(
            "fib",
            [
                NFTNL_EXPR_FIB_RESULT: NFT_FIB_RESULT_ADDRTYPE.rawValue,
                NFTNL_EXPR_FIB_FLAGS: field.rawValue,
                NFTNL_EXPR_FIB_DREG: into.number,
            ]
        )
    }

    /// The header's checksum, which IPv6 has none of, and that of TCP or UDP, which covers the addresses, too.
    private static func setAddress(
        _ side: AddressSide,
        _ version: IPAddress.Family,
        _ from: Register
    ) -> ExpressionObject {
        let field = PayloadAddress(side, version)
        return ExpressionObject(
            "payload",
            [
                NFTNL_EXPR_PAYLOAD_SREG: from.number,
                NFTNL_EXPR_PAYLOAD_BASE: PayloadBase.network.rawValue,
                NFTNL_EXPR_PAYLOAD_OFFSET: field.offset,
                NFTNL_EXPR_PAYLOAD_LEN: field.length,
                NFTNL_EXPR_PAYLOAD_CSUM_TYPE: field.checksumType,
                NFTNL_EXPR_PAYLOAD_CSUM_OFFSET: field.checksumOffset,
                NFTNL_EXPR_PAYLOAD_FLAGS: PayloadAddress.coversTransport,
            ]
        )
    }

    private static func dnat(_ family: IPAddress.Family, _ address: Register, _ port: Register?) -> ExpressionObject {
        let object = ExpressionObject(
            "nat",
            [
                NFTNL_EXPR_NAT_TYPE: NFT_NAT_DNAT.rawValue,
                NFTNL_EXPR_NAT_FAMILY: family.protocolNumber,
                NFTNL_EXPR_NAT_REG_ADDR_MIN: address.number,
            ]
        )
        if let port { object.set(NFTNL_EXPR_NAT_REG_PROTO_MIN, port.number) }
        return object
    }
}

/// Where an address is in an IP header, and which checksums it is part of.
struct PayloadAddress: Equatable {
    let offset: UInt32
    let length: UInt32
    /// `NFT_PAYLOAD_CSUM_*`
    let checksumType: UInt32
    let checksumOffset: UInt32

    /// NFT_PAYLOAD_L4CSUM_PSEUDOHDR
    static let coversTransport: UInt32 = 1

    /// RFC 791 §3.1, RFC 8200 §3.
    init(_ side: Expression.AddressSide, _ family: IPAddress.Family) {
        length = UInt32(family.bitWidth / 8)
        offset = (family == .v4 ? 12 : 8) + (side == .source ? 0 : length)
        checksumType = family == .v4 ? NFT_PAYLOAD_CSUM_INET.rawValue : NFT_PAYLOAD_CSUM_NONE.rawValue
        checksumOffset = family == .v4 ? 10 : 0
    }
}

extension IPAddress.Family {
    /// `NFPROTO_*`
    var protocolNumber: UInt32 { self == .v4 ? 2 : 10 }
}

/// `NF_NAT_RANGE_*` of linux/netfilter/nf_nat.h, which cannot be included beside libc's headers.
enum NatRange {
    /// NF_NAT_RANGE_MAP_IPS
    static let address: UInt32 = 1 << 0
    /// NF_NAT_RANGE_PROTO_SPECIFIED
    static let port: UInt32 = 1 << 1
    /// NF_NAT_RANGE_PROTO_RANDOM_FULLY
    static let fullyRandom: UInt32 = 1 << 4
}

extension Expression.Rejection {
    func object(in family: TableID.Family) -> ExpressionObject {
        let object = ExpressionObject("reject")
        let (type, code) = wire(in: family)
        object.set(NFTNL_EXPR_REJECT_TYPE, type)
        object.set(NFTNL_EXPR_REJECT_CODE, octet: code)
        return object
    }

    /// Type and code: tables of one family name their own ICMP's code, the others one that the kernel translates.
    func wire(in family: TableID.Family) -> (type: UInt32, code: UInt8) {
        switch (self, family) {
        case (.tcpReset, _): (UInt32(NFT_REJECT_TCP_RST.rawValue), 0)
        // ICMP_PORT_UNREACH and ICMPV6_PORT_UNREACH
        case (.portUnreachable, .ip): (UInt32(NFT_REJECT_ICMP_UNREACH.rawValue), 3)
        case (.portUnreachable, .ip6): (UInt32(NFT_REJECT_ICMP_UNREACH.rawValue), 4)
        case (.portUnreachable, .inet), (.portUnreachable, .bridge):
            (UInt32(NFT_REJECT_ICMPX_UNREACH.rawValue), UInt8(NFT_REJECT_ICMPX_PORT_UNREACH.rawValue))
        }
    }
}

extension Verdict {
    /// The number in netlink: NF_* or NFT_*.
    var code: Int32 {
        switch self {
        case .accept: NF_ACCEPT
        case .drop: NF_DROP
        case .return: NFT_RETURN.rawValue
        case .jump: NFT_JUMP.rawValue
        case .goto: NFT_GOTO.rawValue
        }
    }

    /// The chain that it leads to.
    var chain: String? {
        switch self {
        case .accept, .drop, .return: nil
        case .jump(let chain), .goto(let chain): chain
        }
    }

    func object() -> ExpressionObject {
        let object = ExpressionObject("immediate")
        object.set(NFTNL_EXPR_IMM_DREG, UInt32(NFT_REG_VERDICT.rawValue))
        object.set(NFTNL_EXPR_IMM_VERDICT, UInt32(bitPattern: code))
        if let chain { object.set(NFTNL_EXPR_IMM_CHAIN, chain) }
        return object
    }
}
