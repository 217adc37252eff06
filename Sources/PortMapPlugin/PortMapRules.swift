import Addressing
import NetworkModel
import PodWiring

/// The rules themselves. Registers: 0 and up for keys, 8 and up for what is found by them.
extension Rule {
    private static let key = Register(0)
    private static let found = Register(8)

    /// `ip daddr . meta l4proto . th dport map @…`, and the packet goes there.
    static func translate(_ use: PortMapSet.Use, _ family: IPAddress.Family) -> Rule {
        let width = UInt32(family.bitWidth / 32)
        let address: [Expression] = use == .oneAddress ? [.destination(family, into: key)] : []
        return Rule(
            Expression.isFamily(family) + address + Expression.port(into: use == .oneAddress ? width : 0)
                + [
                    .lookup(set: PortMapSet(use, family).name, key: key, into: found),
                    .dnat(family, address: found, port: Register(8 + width)),
                ],
            comment: use == .oneAddress ? "published on this address" : "published on every address"
        )
    }

    /// A packet that claims to be for the loopback address while it comes from a wire is the routing's to drop.
    static var returnToLoopback: Rule {
        Rule(
            Expression.isFamily(.v4) + Expression.isLoopback(.destination, .v4) + [.verdict(.return)],
            comment: "nobody reaches the loopback address from outside"
        )
    }

    /// Where the loopback address is still the source, no answer could come back.
    static func returnFromLoopback(_ family: IPAddress.Family) -> Rule {
        Rule(
            Expression.isFamily(family) + Expression.isLoopback(.source, family) + [.verdict(.return)],
            comment: "the loopback address stays on the node"
        )
    }

    /// `fib daddr type local jump hostports`
    static var jumpIfLocal: Rule {
        let local = RegisterBytes.host(2)  // RTN_LOCAL
        return Rule(
            [
                .fibAddressType(.destinationAddress, into: key), .compare(key, .equal, local),
                .verdict(.jump("hostports")),
            ],
            comment: "only what is sent to the node itself"
        )
    }

    /// `ip saddr 127.0.0.1 ip daddr 127.0.0.0/8 ip saddr set meta l4proto . th dport map @…`
    static func replaceLoopback(_ family: IPAddress.Family) -> Rule {
        Rule(
            Expression.isFamily(family)
                + [.source(family, into: key), .compare(key, .equal, family.loopback.bytes)]
                + Expression.isLoopback(.destination, family) + Expression.port(into: 0)
                + [
                    .lookup(set: PortMapSet(.loopback, family).name, key: key, into: found),
                    .setAddress(.source, family, from: found),
                ],
            comment: "sent to a published port of the loopback address"
        )
    }

    /// Nothing else comes from a loopback address and not from `lo`: the routing drops it before.
    static func restoreLoopback(_ family: IPAddress.Family) -> Rule {
        Rule(
            Expression.isFamily(family) + Expression.isLoopback(.source, family)
                + [.meta(.inputName, into: key), .compare(key, .notEqual, Expression.nameOfLoopback)]
                + Expression.isDestinationTranslated
                + [.immediate(family.loopback.bytes, into: found), .setAddress(.destination, family, from: found)],
            comment: "answered by a published port of the loopback address"
        )
    }

    /// The stand-in need not be the address that the pod's link is reached from, and another flow may have its port.
    static func masqueradeLoopback(_ family: IPAddress.Family) -> Rule {
        let field: Expression.ConntrackKey = family == .v4 ? .destinationIPv4 : .destinationIPv6
        return Rule(
            Expression.isFamily(family) + Expression.isDestinationTranslated + [
                .conntrack(field, .original, into: key)
            ]
                + Expression.isLoopback(key, family) + [.masquerade(fullyRandom: true)],
            comment: "sent to the loopback address"
        )
    }

    /// Translated packets whose source or port is in a set.
    static func masquerade(_ use: PortMapSet.Use, _ family: IPAddress.Family) -> Rule {
        let width = UInt32(family.bitWidth / 32)
        let parts: [Expression]
        switch use {
        case .hairpin:
            parts = [.source(family, into: key), .destination(family, into: Register(width))]
        case .neighbors:
            parts = [.meta(.inputName, into: key), .destination(family, into: Register(4))]
        case .masqueraded, .oneAddress, .anyAddress, .loopback:
            parts = [
                .destination(family, into: key), .meta(.transportProtocol, into: Register(width)),
                .conntrack(.destinationPort, .original, into: Register(width + 1)),
            ]
        }
        return Rule(
            Expression.isFamily(family) + Expression.isDestinationTranslated + parts + [
                .lookup(set: PortMapSet(use, family).name, key: key, into: nil), .masquerade(fullyRandom: true),
            ]
        )
    }
}

extension Expression {
    /// The packet is of this family.
    fileprivate static func isFamily(_ family: IPAddress.Family) -> [Expression] {
        [.meta(.netfilterProtocol, into: Register(0)), .compare(Register(0), .equal, [family == .v4 ? 2 : 10])]
    }

    /// Protocol and destination port, from this slot on.
    fileprivate static func port(into slot: UInt32) -> [Expression] {
        [
            .meta(.transportProtocol, into: Register(slot)),
            .payload(.transport, offset: 2, length: 2, into: Register(slot + 1)),
        ]
    }

    /// One of the packet's addresses is in 127.0.0.0/8, or is ::1.
    fileprivate static func isLoopback(_ side: AddressSide, _ family: IPAddress.Family) -> [Expression] {
        let address: Expression =
            side == .source ? .source(family, into: Register(0)) : .destination(family, into: Register(0))
        return [address] + isLoopback(Register(0), family)
    }

    fileprivate static func isLoopback(_ register: Register, _ family: IPAddress.Family) -> [Expression] {
        guard family == .v4 else { return [.compare(register, .equal, family.loopback.bytes)] }
        return [
            .bitwise(register, mask: [255, 0, 0, 0], xor: [0, 0, 0, 0], into: register),
            .compare(register, .equal, [127, 0, 0, 0]),
        ]
    }

    /// `ct status dnat`
    fileprivate static var isDestinationTranslated: [Expression] {
        let register = Register(0)
        return [
            .conntrack(.status, nil, into: register),
            .bitwise(register, mask: RegisterBytes.host(32), xor: RegisterBytes.host(0), into: register),
            .compare(register, .notEqual, RegisterBytes.host(0)),
        ]
    }

    /// `lo` as `meta iifname` loads it.
    fileprivate static var nameOfLoopback: [UInt8] { Array("lo".utf8) + Array(repeating: 0, count: 14) }
}

extension IPAddress.Family {
    /// 127.0.0.1, ::1
    fileprivate var loopback: IPAddress { self == .v4 ? .v4(0x7f00_0001) : .v6(0, 1) }
}
