import Addressing
import NetworkModel

extension ServiceRuleset {
    /// All chains but the pick chains.
    func staticChains(_ settings: ProxySettings) -> [String: Chain] {
        let translate = [Rule([.verdict(.jump("services"))])]
        let check = [Rule(isNewConnection + [.verdict(.jump("unserved"))])]
        return [
            "nat-prerouting": Chain(
                base: .init(.nat, .prerouting, priority: -100),
                comment: "from pods and other hosts",
                rules: translate
            ),
            "nat-output": Chain(
                base: .init(.nat, .output, priority: -100),
                comment: "from this host",
                rules: translate
            ),
            "services": Chain(comment: "is it for a service, and how many endpoints has it", rules: [services]),
            "dispatch": Chain(comment: "to the chain for that many endpoints", rules: dispatch),
            "filter-input": Chain(base: .init(.filter, .input, priority: 0), rules: check),
            "filter-forward": Chain(base: .init(.filter, .forward, priority: 0), rules: check),
            "filter-output": Chain(base: .init(.filter, .output, priority: 0), rules: check),
            "unserved": Chain(comment: "virtual address, but no such port or no endpoint", rules: unserved),
            "nat-postrouting": Chain(
                base: .init(.nat, .postrouting, priority: 100),
                comment: "answers have to come back through this host",
                rules: masquerade(settings)
            ),
            "from-outside": Chain(
                comment: "masquerade what does not come from a pod",
                rules: masqueradeFromOutside(settings)
            ),
        ]
    }

    /// One lookup; a packet that is for no service leaves the rule at the lookup, with its priority untouched.
    private var services: Rule {
        Rule(
            loadFrontend(from: 0) + [
                .lookup(set: SetName.frontends, key: Register(0), into: Register(0)),
                .setMeta(.priority, from: Register(0)),
                .verdict(.goto("dispatch")),
            ]
        )
    }

    /// The count can miss only while a transaction that adds pick chains is under way: the client tries again.
    private var dispatch: [Rule] {
        [
            Rule([.meta(.priority, into: Register(0)), .verdictMap(map: SetName.pickers, key: Register(0))]),
            Rule([.verdict(.drop)]),
        ]
    }

    /// Draws an index, and once more, then takes the first.
    ///
    /// The count and the endpoint are read one after the other, and a transaction may fall between the two, so an index
    /// can miss. A packet that fell out of here would go on untranslated and make a conntrack entry that sticks.
    func pickChain(_ count: Int) -> Chain {
        Chain(rules: [
            Rule([.immediate(RegisterBytes.host(0), into: Register(0)), .setMeta(.priority, from: Register(0))]),
            pick(count), pick(count), pick(1),
            Rule([.verdict(.drop)]),
        ])
    }

    private func pick(_ modulus: Int) -> Rule {
        Rule(
            [.random(modulus: UInt32(modulus), into: Register(0))] + loadFrontend(from: 1) + [
                .lookup(set: SetName.endpoints, key: Register(0), into: Register(0)),
                .dnat(family, address: Register(0), port: Register(addressSlots)),
            ]
        )
    }

    private var unserved: [Rule] {
        let isVirtual = [
            loadDestination(into: 0), Expression.lookup(set: SetName.clusterIPs, key: Register(0), into: nil),
        ]
        let isTCP: [Expression] = [
            .meta(.transportProtocol, into: Register(0)),
            .compare(Register(0), .equal, [TransportProtocol.tcp.number]),
        ]
        return [Rule(isVirtual + isTCP + [.reject(.tcpReset)]), Rule(isVirtual + [.reject(.portUnreachable)])]
    }

    /// By the addresses that conntrack remembers, so no packet mark is taken that others may use.
    private func masquerade(_ settings: ProxySettings) -> [Rule] {
        let toItself = Rule(
            isTranslated + [
                loadSource(into: 0), loadDestination(into: addressSlots),
                .lookup(set: SetName.hairpin, key: Register(0), into: nil),
                .masquerade(fullyRandom: true),
            ],
            comment: "an endpoint that reaches itself"
        )
        let original: Expression.ConntrackKey = family == .v4 ? .destinationIPv4 : .destinationIPv6
        let wasVirtual: [Expression] = [
            .conntrack(original, .original, into: Register(0)),
            .lookup(set: SetName.clusterIPs, key: Register(0), into: nil),
        ]
        if settings.masqueradeAll {
            return [toItself, Rule(isTranslated + wasVirtual + [.masquerade(fullyRandom: true)])]
        }
        guard settings.podCIDRs.contains(where: { $0.family == family }) else { return [toItself] }
        return [toItself, Rule(isTranslated + wasVirtual + [.verdict(.jump("from-outside"))])]
    }

    private func masqueradeFromOutside(_ settings: ProxySettings) -> [Rule] {
        let ranges = settings.podCIDRs.filter { $0.family == family }.map(\.network)
        let pods = Set(ranges).sorted().map { range in
            Rule([loadSource(into: 0)] + isInside(range) + [.verdict(.return)])
        }
        return pods + [Rule([.masquerade(fullyRandom: true)])]
    }
}

// Parts of rules.
extension ServiceRuleset {
    /// How many 32-bit registers an address takes.
    private var addressSlots: UInt32 { UInt32(family.bitWidth / 32) }

    private func loadSource(into slot: UInt32) -> Expression {
        let length = addressSlots * 4
        return .payload(.network, offset: family == .v4 ? 12 : 8, length: length, into: Register(slot))
    }

    private func loadDestination(into slot: UInt32) -> Expression {
        let length = addressSlots * 4
        return .payload(.network, offset: family == .v4 ? 16 : 24, length: length, into: Register(slot))
    }

    /// Destination address, protocol and port, as `Frontend`'s key has them. All three protocols keep the port there.
    private func loadFrontend(from slot: UInt32) -> [Expression] {
        [
            loadDestination(into: slot),
            .meta(.transportProtocol, into: Register(slot + addressSlots)),
            .payload(.transport, offset: 2, length: 2, into: Register(slot + addressSlots + 1)),
        ]
    }

    private func isInside(_ range: CIDR) -> [Expression] {
        let compare = Expression.compare(Register(0), .equal, range.address.bytes)
        if range.isHost { return [compare] }
        let length = Int(addressSlots) * 4
        let mask = (0..<length).map { byte in
            let ones = min(8, max(0, range.prefixLength - byte * 8))
            return UInt8(truncatingIfNeeded: 0xff00 >> ones)
        }
        let zero = [UInt8](repeating: 0, count: length)
        return [.bitwise(Register(0), mask: mask, xor: zero, into: Register(0)), compare]
    }

    /// `ct state new`: bit 1 << (IP_CT_NEW + 1).
    private var isNewConnection: [Expression] { conntrackBit(.state, 1 << 3) }

    /// `ct status dnat`: IPS_DST_NAT.
    private var isTranslated: [Expression] { conntrackBit(.status, 1 << 5) }

    private func conntrackBit(_ key: Expression.ConntrackKey, _ bit: UInt32) -> [Expression] {
        let zero = RegisterBytes.host(0)
        return [
            .conntrack(key, nil, into: Register(0)),
            .bitwise(Register(0), mask: RegisterBytes.host(bit), xor: zero, into: Register(0)),
            .compare(Register(0), .notEqual, zero),
        ]
    }
}
