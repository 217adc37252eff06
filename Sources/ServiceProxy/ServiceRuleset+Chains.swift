import Addressing
import NetworkModel

extension ServiceRuleset {
    /// All chains but the pick chains.
    func staticChains(_ settings: ProxySettings) -> [String: Chain] {
        let detector = PodDetector(settings, family)
        let translate = [Rule([.verdict(.jump("services"))])]
        let check = [Rule(isNewConnection + [.verdict(.jump("unserved"))])]
        return baseChains(translate: translate, check: check, detector).merging(
            [
                "services": Chain(
                    comment: "is it for a service, and which chain picks its endpoint",
                    rules: [services]
                ),
                "dispatch": Chain(comment: "to the chain of that number", rules: dispatch),
                "dispatch-list": Chain(comment: "to the chain for that list", rules: dispatchList),
                "by-source": Chain(comment: "externalTrafficPolicy: Local", rules: bySource(detector)),
                "unserved": Chain(
                    comment: "virtual address, but no such port or no endpoint",
                    rules: unserved(settings)
                ),
                "unserved-virtual": Chain(
                    comment: "what is for a virtual address and was not translated",
                    rules: unservedVirtual
                ),
                "refuse": Chain(comment: "no such port or no endpoint", rules: refuse),
                "source-ranges": Chain(comment: "may this client use the load balancer", rules: sourceRanges),
                "allowed-sources": Chain(comment: "loadBalancerSourceRanges by the length of their prefixes"),
                "from-outside": Chain(
                    comment: "masquerade what does not come from a pod",
                    rules: detector.escapes(by: .return) + [Rule([.masquerade(fullyRandom: true)])]
                ),
            ]
        ) { first, _ in first }
        .merging(masqueradeChain(settings, detector)) { first, _ in first }
    }

    private func baseChains(translate: [Rule], check: [Rule], _ detector: PodDetector) -> [String: Chain] {
        let ranges = [Rule(isNewConnection + [.verdict(.jump("source-ranges"))])]
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
            // Before the destination is translated.
            "filter-prerouting": Chain(base: .init(.filter, .prerouting, priority: -110), rules: ranges),
            "filter-output-early": Chain(base: .init(.filter, .output, priority: -110), rules: ranges),
            "filter-input": Chain(base: .init(.filter, .input, priority: 0), rules: check),
            "filter-forward": Chain(base: .init(.filter, .forward, priority: 0), rules: check),
            "filter-output": Chain(base: .init(.filter, .output, priority: 0), rules: check),
        ]
    }

    private func masqueradeChain(_ settings: ProxySettings, _ detector: PodDetector) -> [String: Chain] {
        [
            "nat-postrouting": Chain(
                base: .init(.nat, .postrouting, priority: 100),
                comment: "answers have to come back through this host",
                rules: masquerade(settings, detector)
            )
        ]
    }

    /// One lookup; a packet that is for no service leaves the rule at the lookup, with its priority untouched.
    private var services: Rule { code(from: SetName.frontends, to: "dispatch") }

    /// Looks the frontend up in a map of codes and goes on with the number.
    private func code(from map: String, if conditions: [Expression] = [], to chain: String) -> Rule {
        Rule(
            conditions + loadFrontend(from: 0) + [
                .lookup(set: map, key: Register(0), into: Register(0)),
                .setMeta(.priority, from: Register(0)),
                .verdict(.goto(chain)),
            ]
        )
    }

    /// What is left has no endpoint on this node, as its policy wants it.
    private var dispatch: [Rule] {
        let isBySource: [Expression] = [
            .meta(.priority, into: Register(0)), .compare(Register(0), .equal, FrontendCode.bySource.bytes),
        ]
        return [toPickers, Rule(isBySource + [.verdict(.goto("by-source"))]), Rule([.verdict(.drop)])]
    }

    /// A chain of its own, since the kernel refuses to come back to one that it came from.
    private var dispatchList: [Rule] { [toPickers, Rule([.verdict(.drop)])] }

    /// A code can miss only while a transaction that adds pick chains is under way: then the client tries again.
    private var toPickers: Rule {
        Rule([.meta(.priority, into: Register(0)), .verdictMap(map: SetName.pickers, key: Register(0))])
    }

    /// Pods and the node itself reach every endpoint, others those of this node, whose answers need no help to find
    /// back: they keep their address.
    private func bySource(_ detector: PodDetector) -> [Rule] {
        (detector.conditions + [isFromNode]).map { code(from: SetName.everywhere, if: $0, to: "dispatch-list") }
            + [code(from: SetName.here, to: "dispatch-list"), Rule([.verdict(.drop)])]
    }

    /// Draws an index, and once more, then takes the first.
    ///
    /// The code and the endpoint are read one after the other, and a transaction may fall between the two, so an index
    /// can miss. A packet that fell out of here would go on untranslated and make a conntrack entry that sticks.
    func pickChain(_ code: FrontendCode) -> Chain {
        guard case .pick(let picker, let count) = code else { return Chain() }
        if picker.affinity != nil { return stickChain(count, picker) }
        return Chain(rules: [
            Rule([.immediate(RegisterBytes.host(0), into: Register(0)), .setMeta(.priority, from: Register(0))]),
            pick(count, picker), pick(count, picker), pick(1, picker),
            Rule([.verdict(.drop)]),
        ])
    }

    private func pick(_ modulus: Int, _ picker: Picker) -> Rule {
        Rule(
            [.random(modulus: UInt32(modulus), into: Register(0))] + loadFrontend(from: 1) + [
                .lookup(set: picker.endpoints, key: Register(0), into: Register(0)),
                .dnat(family, address: Register(0), port: Register(addressSlots)),
            ]
        )
    }

    /// A restricted frontend's client goes on if its network is allowed.
    private var sourceRanges: [Rule] {
        let isRestricted =
            loadFrontend(from: 0) + [Expression.lookup(set: SetName.restricted, key: Register(0), into: nil)]
        return [
            Rule(isRestricted + [.verdict(.jump("allowed-sources"))]),
            Rule(isRestricted + [.verdict(.drop)]),
        ]
    }

    /// Lets a client pass whose first bits are allowed.
    func allowance(_ prefixLength: Int) -> Rule {
        let source = addressSlots + 2
        let mask = [UInt8](maskOf: prefixLength, length: Int(addressSlots) * 4)
        let zero = [UInt8](repeating: 0, count: mask.count)
        let isHost = prefixLength == family.bitWidth
        return Rule(
            loadFrontend(from: 0) + [loadSource(into: source)]
                + (isHost ? [] : [.bitwise(Register(source), mask: mask, xor: zero, into: Register(source))])
                + [.lookup(set: SetName.allowed(prefixLength), key: Register(0), into: nil), .verdict(.accept)]
        )
    }
}

// Source addresses. By the addresses that conntrack remembers, so no packet mark is taken that others may use.
extension ServiceRuleset {
    private func masquerade(_ settings: ProxySettings, _ detector: PodDetector) -> [Rule] {
        let toItself = Rule(
            isTranslated + [
                loadSource(into: 0), loadDestination(into: addressSlots),
                .lookup(set: SetName.hairpin, key: Register(0), into: nil),
                .masquerade(fullyRandom: true),
            ],
            comment: "an endpoint that reaches itself"
        )
        let entrances = [
            Rule(isTranslated + was(in: SetName.masqueraded) + [.masquerade(fullyRandom: true)]),
            Rule(isTranslated + was(in: SetName.masqueradedFromNode) + isFromNode + [.masquerade(fullyRandom: true)]),
        ]
        return [toItself] + virtual(settings, detector) + entrances
    }

    private func virtual(_ settings: ProxySettings, _ detector: PodDetector) -> [Rule] {
        let wasVirtual =
            isTranslated + [
                .conntrack(family == .v4 ? .destinationIPv4 : .destinationIPv6, .original, into: Register(0)),
                .lookup(set: SetName.clusterIPs, key: Register(0), into: nil),
            ]
        if settings.masqueradeAll { return [Rule(wasVirtual + [.masquerade(fullyRandom: true)])] }
        return detector.isBlind ? [] : [Rule(wasVirtual + [.verdict(.jump("from-outside"))])]
    }

    /// Whether the client connected to something in a set of frontends.
    private func was(in set: String) -> [Expression] {
        [
            .conntrack(family == .v4 ? .destinationIPv4 : .destinationIPv6, .original, into: Register(0)),
            .meta(.transportProtocol, into: Register(addressSlots)),
            .conntrack(.destinationPort, .original, into: Register(addressSlots + 1)),
            .lookup(set: set, key: Register(0), into: nil),
        ]
    }

    /// `fib saddr type local`: RTN_LOCAL.
    private var isFromNode: [Expression] {
        [
            .fibAddressType(.sourceAddress, into: Register(0)),
            .compare(Register(0), .equal, RegisterBytes.host(2)),
        ]
    }
}

// Parts of rules.
extension ServiceRuleset {
    /// How many 32-bit registers an address takes.
    var addressSlots: UInt32 { UInt32(family.bitWidth / 32) }

    /// The packet's source address.
    func loadSource(into slot: UInt32) -> Expression {
        let length = addressSlots * 4
        return .payload(.network, offset: family == .v4 ? 12 : 8, length: length, into: Register(slot))
    }

    func loadDestination(into slot: UInt32) -> Expression {
        let length = addressSlots * 4
        return .payload(.network, offset: family == .v4 ? 16 : 24, length: length, into: Register(slot))
    }

    /// Destination address, protocol and port, as `Frontend`'s key has them. All three protocols keep the port there.
    func loadFrontend(from slot: UInt32) -> [Expression] {
        [
            loadDestination(into: slot),
            .meta(.transportProtocol, into: Register(slot + addressSlots)),
            .payload(.transport, offset: 2, length: 2, into: Register(slot + addressSlots + 1)),
        ]
    }

    /// Goes on if the address in the first registers is in the range.
    func isInside(_ range: CIDR) -> [Expression] {
        let compare = Expression.compare(Register(0), .equal, range.address.bytes)
        if range.isHost { return [compare] }
        let mask = [UInt8](maskOf: range.prefixLength, length: Int(addressSlots) * 4)
        let zero = [UInt8](repeating: 0, count: mask.count)
        return [.bitwise(Register(0), mask: mask, xor: zero, into: Register(0)), compare]
    }

    /// `ct state new`: bit 1 << (IP_CT_NEW + 1).
    var isNewConnection: [Expression] { conntrackBit(.state, 1 << 3) }

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

extension [UInt8] {
    /// As many ones as the prefix is long, then zeros.
    fileprivate init(maskOf prefixLength: Int, length: Int) {
        self = (0..<length).map { byte in
            let ones = Swift.min(8, Swift.max(0, prefixLength - byte * 8))
            return UInt8(truncatingIfNeeded: 0xff00 >> ones)
        }
    }
}
