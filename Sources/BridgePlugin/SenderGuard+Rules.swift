import Addressing
import NetworkModel
import PodWiring

/// The chains of the table. Each rule lets something pass that is a pod's own; what is left is dropped and counted.
///
/// Ethernet types are read from the frame and not from `meta protocol`, which looks behind a VLAN tag.
extension SenderGuard {
    static let checkedChain = "checked"
    static let checkedByMACChain = "checked-by-mac"

    static let chains: [String: Chain] = [
        "prerouting": Chain(
            // Before every other chain of the bridge family: those of others are at −300 and later.
            base: .init(.filter, .prerouting, priority: -1000),
            comment: "frames from pods",
            rules: [
                Rule([.port, .lookup(set: ports, key: .first, into: nil), .verdict(.goto(checkedChain))]),
                Rule([.port, .lookup(set: portsByMAC, key: .first, into: nil), .verdict(.goto(checkedByMACChain))]),
            ]
        ),
        checkedByMACChain: Chain(
            comment: "from the pod's hardware address",
            rules: [Rule(knownSender + [.verdict(.accept)]), drop([], "of a forged hardware address")]
        ),
        checkedChain: Chain(
            comment: "from the pod's addresses, and nothing but IP and ARP",
            rules: v4Rules + arpRules + v6Rules + neighbourRules + [trunkRule] + drops
        ),
    ]

    private static let v4Rules = [
        Rule(.has(.ipv4) + [.port, .linkSender, .source(.v4, into: .third), .isSender(.v4), .verdict(.accept)]),
        // RFC 2131 §4.1: a client without an address.
        Rule(
            .has(.ipv4) + .network(12, equals: [0, 0, 0, 0]) + .network(16, equals: [255, 255, 255, 255])
                + .transportProtocol(17) + .transport(0, equals: [0, 68]) + .transport(2, equals: [0, 67])
                + knownSender + [.verdict(.accept)],
            comment: "a DHCP client"
        ),
    ]

    /// RFC 826: hardware and protocol with their lengths at 0, sender at 8 and 14, target at 18 and 24.
    private static let arpRules: [Rule] = {
        let isARP: [Expression] = .has(.arp) + .network(0, equals: [0, 1, 8, 0, 6, 4]) + knownSender
        let sender: [Expression] = [.payload(.network, offset: 8, length: 6, into: .second)]
        return [
            Rule(
                isARP + sender
                    + [.payload(.network, offset: 14, length: 4, into: .third), .isSender(.v4), .verdict(.accept)]
            ),
            // RFC 5227 §2.1.1
            Rule(
                isARP + sender
                    + [
                        .payload(.network, offset: 14, length: 4, into: .third),
                        .compare(.third, .equal, [0, 0, 0, 0]),
                    ]
                    + [.payload(.network, offset: 24, length: 4, into: .third), .isSender(.v4), .verdict(.accept)],
                comment: "a probe for its own address"
            ),
        ]
    }()

    private static let v6Rules: [Rule] = {
        let ownSource: [Expression] = [.port, .linkSender, .source(.v6, into: .third), .isSender(.v6)]
        let isICMP: [Expression] = .has(.ipv6) + .transportProtocol(58)
        return [
            Rule(.has(.ipv6) + .transportProtocol(58, .notEqual) + ownSource + [.verdict(.accept)]),
            // Neighbour solicitations and advertisements have rules of their own; nobody but routers sends router
            // advertisements and redirects (CVE-2020-10749).
            Rule(
                isICMP + [.payload(.transport, offset: 0, length: 1, into: .first)]
                    + [134, 135, 136, 137].map { .compare(.first, .notEqual, [$0]) } + ownSource + [.verdict(.accept)],
                comment: "no neighbour discovery"
            ),
            // RFC 3810 §5.2.13: from :: while the link-local address is tentative.
            Rule(
                isICMP + .transport(0, equals: [143]) + .network(8, equals: Array(repeating: 0, count: 16))
                    + knownSender + [.verdict(.accept)],
                comment: "a report of groups"
            ),
        ]
    }()

    /// RFC 4861 §4.3 and §4.4: the target is at 8, options begin at 24. Only the packets that a Linux node sends pass:
    /// no extension header, at most one option, and that the sender's own hardware address.
    private static let neighbourRules: [Rule] = {
        let solicitation: UInt8 = 135
        let advertisement: UInt8 = 136
        let ownSource: [Expression] = [.port, .linkSender, .source(.v6, into: .third), .isSender(.v6)]
        let ownTarget: [Expression] =
            [.port, .linkSender, .payload(.transport, offset: 8, length: 16, into: .third), .isSender(.v6)]
        let unspecified: [Expression] = .network(8, equals: Array(repeating: 0, count: 16))
        func message(_ type: UInt8, length: UInt8) -> [Expression] {
            .has(.ipv6) + .network(4, equals: [0, length, 58]) + .transport(0, equals: [type])
        }
        func ownOption(_ kind: UInt8) -> [Expression] {
            .transport(24, equals: [kind, 1]) + [.port, .payload(.transport, offset: 26, length: 6, into: .second)]
                + [.lookup(set: senders, key: .first, into: nil)]
        }
        func rule(_ expressions: [Expression], _ comment: String) -> Rule {
            Rule(expressions + [.verdict(.accept)], comment: comment)
        }
        return [
            rule(message(solicitation, length: 24) + ownSource, "solicitation"),
            rule(message(solicitation, length: 32) + ownOption(1) + ownSource, "solicitation with its address"),
            rule(message(solicitation, length: 24) + unspecified + ownTarget, "is its address taken?"),
            // RFC 7527: with a nonce.
            rule(
                message(solicitation, length: 32) + .transport(24, equals: [14, 1]) + unspecified + ownTarget,
                "is its address taken? (with a nonce)"
            ),
            rule(message(advertisement, length: 24) + ownSource + ownTarget, "advertisement"),
            rule(
                message(advertisement, length: 32) + ownOption(2) + ownSource + ownTarget,
                "advertisement with its address"
            ),
        ]
    }()

    private static let trunkRule = Rule(
        .has(.vlan) + [.port, .lookup(set: trunkPorts, key: .first, into: nil)] + knownSender + [.verdict(.accept)],
        comment: "tagged frames, where the network has a trunk"
    )

    private static let drops = [
        drop(.has(.ipv4), "IPv4 from another's address"),
        drop(.has(.arp), "ARP in another's name"),
        drop(.has(.ipv6), "IPv6 in another's name, router advertisements"),
        drop([], "tagged, or neither IP nor ARP"),
    ]

    private static let knownSender: [Expression] = [.port, .linkSender, .lookup(set: senders, key: .first, into: nil)]

    private static func drop(_ condition: [Expression], _ comment: String) -> Rule {
        Rule(condition + [.counter, .verdict(.drop)], comment: comment)
    }
}

/// Where the parts of a sender are in the registers: the port's name is 16 bytes, a hardware address 8 with its padding.
extension Register {
    fileprivate static let first = Register(0)
    fileprivate static let second = Register(4)
    fileprivate static let third = Register(6)
    /// Beside them, for what is compared.
    fileprivate static let scratch = Register(12)
}

extension Expression {
    fileprivate static let port = Expression.meta(.inputName, into: .first)
    /// The frame's source is at 6.
    fileprivate static let linkSender = Expression.payload(.link, offset: 6, length: 6, into: .second)

    fileprivate static func isSender(_ family: IPAddress.Family) -> Expression {
        .lookup(set: SenderGuard.senders(family), key: .first, into: nil)
    }
}

private enum EtherType: UInt16 {
    case ipv4 = 0x0800
    case arp = 0x0806
    case vlan = 0x8100
    case ipv6 = 0x86dd
}

extension [Expression] {
    fileprivate static func has(_ type: EtherType) -> [Expression] {
        let bytes = [UInt8(type.rawValue >> 8), UInt8(type.rawValue & 0xff)]
        return field(.link, 12, .equal, bytes)
    }

    fileprivate static func network(_ offset: UInt32, equals bytes: [UInt8]) -> [Expression] {
        field(.network, offset, .equal, bytes)
    }

    fileprivate static func transport(_ offset: UInt32, equals bytes: [UInt8]) -> [Expression] {
        field(.transport, offset, .equal, bytes)
    }

    fileprivate static func transportProtocol(
        _ number: UInt8,
        _ comparison: Expression.Comparison = .equal
    ) -> [Expression] {
        [.meta(.transportProtocol, into: .scratch), .compare(.scratch, comparison, [number])]
    }

    private static func field(
        _ base: Expression.PayloadBase,
        _ offset: UInt32,
        _ comparison: Expression.Comparison,
        _ bytes: [UInt8]
    ) -> [Expression] {
        let length = UInt32(bytes.count)
        return [.payload(base, offset: offset, length: length, into: .scratch), .compare(.scratch, comparison, bytes)]
    }
}
