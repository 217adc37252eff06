/// How the value in a register is printed.
enum ValueFormat: Hashable, Sendable {
    case data(ElementSet.DataType)
    case addressType
    case conntrackState
    case conntrackStatus
    case netfilterProtocol
    /// A plain number of `numgen`.
    case number
    case bytes

    /// The bytes in words.
    func text(of bytes: [UInt8]) -> String {
        let number = RegisterBytes.number(host: bytes)
        switch self {
        case .data(let type): return NftSyntax.text(of: bytes, as: type)
        case .addressType: return number.flatMap { Self.addressTypes[$0] } ?? NftSyntax.hexadecimal(bytes)
        case .conntrackState, .conntrackStatus: return bits(number) ?? NftSyntax.hexadecimal(bytes)
        case .netfilterProtocol: return bytes == [2] ? "ipv4" : bytes == [10] ? "ipv6" : NftSyntax.hexadecimal(bytes)
        case .number: return number.map { "\($0)" } ?? NftSyntax.hexadecimal(bytes)
        case .bytes: return NftSyntax.hexadecimal(bytes)
        }
    }

    /// The names of all bits of a mask, nil when one has none.
    func bits(_ mask: UInt32?) -> String? {
        guard let mask, mask != 0 else { return nil }
        let names = self == .conntrackState ? Self.states : self == .conntrackStatus ? Self.statuses : []
        let set = names.filter { mask & $0.0 != 0 }
        return set.reduce(0) { $0 | $1.0 } == mask ? set.map(\.1).joined(separator: ",") : nil
    }

    /// RTN_* (linux/rtnetlink.h).
    private static let addressTypes: [UInt32: String] = [
        1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 6: "blackhole", 7: "unreachable",
        8: "prohibit",
    ]
    /// NF_CT_STATE_BIT (linux/netfilter/nf_conntrack_common.h).
    private static let states: [(UInt32, String)] = [
        (1, "invalid"), (2, "established"), (4, "related"), (8, "new"), (64, "untracked"),
    ]
    /// IPS_* of the same file, those that nft names.
    private static let statuses: [(UInt32, String)] = [
        (1, "expected"), (2, "seen-reply"), (4, "assured"), (8, "confirmed"), (16, "snat"), (32, "dnat"),
    ]
}

/// A header field that nft has a name for.
struct PayloadField {
    let base: Expression.PayloadBase
    let offset: UInt32
    let length: UInt32
    let name: String
    let format: ValueFormat

    private init(
        _ base: Expression.PayloadBase,
        _ offset: UInt32,
        _ length: UInt32,
        _ name: String,
        _ type: ElementSet.DataType
    ) {
        self.base = base
        self.offset = offset
        self.length = length
        self.name = name
        format = .data(type)
    }

    /// Fields of different headers that lie at one place differ in length, so the three numbers tell them apart.
    static let all = [
        PayloadField(.link, 0, 6, "ether daddr", .etherAddress),
        PayloadField(.link, 6, 6, "ether saddr", .etherAddress),
        PayloadField(.network, 9, 1, "ip protocol", .inetProto),
        PayloadField(.network, 12, 4, "ip saddr", .ipv4Address),
        PayloadField(.network, 16, 4, "ip daddr", .ipv4Address),
        PayloadField(.network, 6, 1, "ip6 nexthdr", .inetProto),
        PayloadField(.network, 8, 16, "ip6 saddr", .ipv6Address),
        PayloadField(.network, 24, 16, "ip6 daddr", .ipv6Address),
        PayloadField(.transport, 0, 2, "th sport", .inetService),
        PayloadField(.transport, 2, 2, "th dport", .inetService),
    ]
}

extension Expression.MetaKey {
    var nftName: String {
        switch self {
        case .priority: "meta priority"
        case .mark: "meta mark"
        case .inputIndex: "iif"
        case .outputIndex: "oif"
        case .inputName: "iifname"
        case .outputName: "oifname"
        case .netfilterProtocol: "meta nfproto"
        case .transportProtocol: "meta l4proto"
        }
    }

    var format: ValueFormat {
        switch self {
        case .priority: .data(.classID)
        case .mark: .data(.mark)
        case .inputIndex, .outputIndex: .data(.interfaceIndex)
        case .inputName, .outputName: .data(.interfaceName)
        case .netfilterProtocol: .netfilterProtocol
        case .transportProtocol: .data(.inetProto)
        }
    }

    /// In bytes.
    package var length: Int {
        switch self {
        case .priority, .mark, .inputIndex, .outputIndex: 4
        case .inputName, .outputName: 16
        case .netfilterProtocol, .transportProtocol: 1
        }
    }
}

extension Expression.ConntrackKey {
    func nftName(_ direction: Expression.Direction?) -> String {
        let prefix = direction.map { $0 == .original ? "ct original " : "ct reply " } ?? "ct "
        switch self {
        case .state: return "ct state"
        case .status: return "ct status"
        case .transportProtocol: return prefix + "protocol"
        case .sourcePort: return prefix + "proto-src"
        case .destinationPort: return prefix + "proto-dst"
        case .sourceIPv4: return prefix + "ip saddr"
        case .destinationIPv4: return prefix + "ip daddr"
        case .sourceIPv6: return prefix + "ip6 saddr"
        case .destinationIPv6: return prefix + "ip6 daddr"
        }
    }

    var format: ValueFormat {
        switch self {
        case .state: .conntrackState
        case .status: .conntrackStatus
        case .transportProtocol: .data(.inetProto)
        case .sourcePort, .destinationPort: .data(.inetService)
        case .sourceIPv4, .destinationIPv4: .data(.ipv4Address)
        case .sourceIPv6, .destinationIPv6: .data(.ipv6Address)
        }
    }

    /// In bytes.
    package var length: Int {
        switch self {
        case .state, .status, .sourceIPv4, .destinationIPv4: 4
        case .transportProtocol: 1
        case .sourcePort, .destinationPort: 2
        case .sourceIPv6, .destinationIPv6: 16
        }
    }
}
