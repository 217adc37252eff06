import Addressing
import NetworkModel

/// A small service ruleset in the layout of podnet's own: frontends map to a number of endpoints, a static verdict map
/// dispatches by it, pick chains draw an endpoint, and everything that changes is an element.
struct ServiceRules {
    static let table = TableID(.ip, "podnet")
    static let vip = ip("10.96.14.20")
    private static let idle = ip("10.96.14.21")
    private static let podNetwork = cidr("10.11.23.0/24")
    private static let key: [ElementSet.DataType] = [.ipv4Address, .inetProto, .inetService]

    /// Endpoints by VIP port; a port without any is rejected.
    var endpoints: [UInt16: [(String, UInt16)]] = [
        80: [("10.11.23.2", 8080), ("10.11.23.3", 8080), ("10.11.23.4", 80)]
    ]

    /// There is a pick chain for every number of endpoints up to this.
    var largestPick: UInt32 = 4

    var ruleset: Ruleset { Ruleset([Self.table: Table(chains: chains, sets: sets)]) }

    private var sets: [String: ElementSet] {
        var frontends = ElementSet(key: Self.key, value: .data([.classID]))
        var backends = ElementSet(key: [.classID] + Self.key, value: .data([.ipv4Address, .inetService]))
        var empty = ElementSet(key: Self.key)
        var hairpins = ElementSet(key: [.ipv4Address, .ipv4Address])
        for (port, targets) in endpoints {
            let frontend = Self.tuple(Self.vip, port)
            let comment = "default/web:\(port)"
            guard !targets.isEmpty else {
                empty.elements[RegisterBytes.concatenation(frontend)] = Element(comment: comment)
                continue
            }
            let code = Element.Value.data(RegisterBytes.host(UInt32(targets.count)))
            frontends.elements[RegisterBytes.concatenation(frontend)] = Element(
                code,
                comment: comment,
                hasCounter: true
            )
            for (index, target) in targets.enumerated() {
                let key = RegisterBytes.concatenation([RegisterBytes.host(UInt32(index))] + frontend)
                let value = RegisterBytes.concatenation([ip(target.0).bytes, RegisterBytes.port(target.1)])
                backends.elements[key] = Element(.data(value))
                hairpins.elements[ip(target.0).bytes + ip(target.0).bytes] = Element()
            }
        }
        return [
            "frontends": frontends, "endpoints": backends, "no-endpoints": empty, "hairpins": hairpins,
            "vips": ElementSet(key: [.ipv4Address], elements: [Self.vip.bytes: Element(), Self.idle.bytes: Element()]),
            "pickers": pickers,
        ]
    }

    private var pickers: ElementSet {
        let elements = (1...largestPick).map { (RegisterBytes.host($0), Element(.verdict(.goto("pick-\($0)")))) }
        return ElementSet(key: [.classID], value: .verdict, elements: Dictionary(uniqueKeysWithValues: elements))
    }

    private var chains: [String: Chain] {
        var chains = [
            "nat-prerouting": Chain(base: .init(.nat, .prerouting, priority: -100), rules: [jump("services")]),
            "nat-output": Chain(base: .init(.nat, .output, priority: -100), rules: [jump("services")]),
            "nat-postrouting": Chain(base: .init(.nat, .postrouting, priority: 100), rules: [hairpin, fromOutside]),
            "filter-forward": Chain(base: .init(.filter, .forward, priority: 0), rules: [newOnly]),
            "filter-output": Chain(base: .init(.filter, .output, priority: 0), rules: [newOnly]),
            "services": Chain(rules: [find]),
            "dispatch": Chain(rules: [dispatch]),
            "check": Chain(rules: [rejectTCP, rejectRest]),
        ]
        for count in 1...largestPick { chains["pick-\(count)"] = Chain(rules: pick(count)) }
        return chains
    }

    private static func tuple(_ address: IPAddress, _ port: UInt16) -> [[UInt8]] {
        [address.bytes, [TransportProtocol.tcp.number], RegisterBytes.port(port)]
    }
}

/// The rules.
extension ServiceRules {
    private func jump(_ chain: String) -> Rule { Rule([.verdict(.jump(chain))]) }

    private func load(from slot: UInt32) -> [Expression] {
        [
            .payload(.network, offset: 16, length: 4, into: Register(slot)),
            .meta(.transportProtocol, into: Register(slot + 1)),
            .payload(.transport, offset: 2, length: 2, into: Register(slot + 2)),
        ]
    }

    private var find: Rule {
        Rule(
            load(from: 0) + [
                .lookup(set: "frontends", key: Register(0), into: Register(4)),
                .setMeta(.priority, from: Register(4)),
                .verdict(.goto("dispatch")),
            ],
            comment: "ends in pick-N"
        )
    }

    private var dispatch: Rule {
        Rule([.meta(.priority, into: Register(0)), .verdictMap(map: "pickers", key: Register(0))])
    }

    private func pick(_ count: UInt32) -> [Rule] {
        let translate: [Expression] = [
            .lookup(set: "endpoints", key: Register(0), into: Register(0)),
            .dnat(.v4, address: Register(0), port: Register(1)),
        ]
        let draw = Rule([.random(modulus: count, into: Register(0))] + load(from: 1) + translate)
        let first = Rule([.immediate(RegisterBytes.host(0), into: Register(0))] + load(from: 1) + translate)
        return [draw, draw, first, Rule([.verdict(.drop)])]
    }

    /// Only the first packet of a connection is judged.
    private var newOnly: Rule {
        Rule([
            .conntrack(.state, nil, into: Register(0)),
            .bitwise(Register(0), mask: RegisterBytes.host(8), xor: RegisterBytes.host(0), into: Register(0)),
            .compare(Register(0), .notEqual, RegisterBytes.host(0)),
            .verdict(.jump("check")),
        ])
    }

    private var rejectTCP: Rule {
        Rule([
            .meta(.transportProtocol, into: Register(0)), .compare(Register(0), .equal, [6]),
            .payload(.network, offset: 16, length: 4, into: Register(0)),
            .lookup(set: "vips", key: Register(0), into: nil), .reject(.tcpReset),
        ])
    }

    private var rejectRest: Rule {
        Rule([
            .payload(.network, offset: 16, length: 4, into: Register(0)),
            .lookup(set: "vips", key: Register(0), into: nil), .reject(.portUnreachable),
        ])
    }

    private var translated: [Expression] {
        [
            .conntrack(.status, nil, into: Register(0)),
            .bitwise(Register(0), mask: RegisterBytes.host(32), xor: RegisterBytes.host(0), into: Register(0)),
            .compare(Register(0), .notEqual, RegisterBytes.host(0)),
        ]
    }

    private var hairpin: Rule {
        Rule(
            translated + [
                .payload(.network, offset: 12, length: 4, into: Register(0)),
                .payload(.network, offset: 16, length: 4, into: Register(1)),
                .lookup(set: "hairpins", key: Register(0), into: nil),
                .masquerade(fullyRandom: true),
            ],
            comment: "a pod that reaches itself"
        )
    }

    private var fromOutside: Rule {
        Rule(
            translated + [
                .conntrack(.destinationIPv4, .original, into: Register(0)),
                .lookup(set: "vips", key: Register(0), into: nil),
                .payload(.network, offset: 12, length: 4, into: Register(0)),
                .bitwise(Register(0), mask: [255, 255, 255, 0], xor: [0, 0, 0, 0], into: Register(0)),
                .compare(Register(0), .notEqual, Self.podNetwork.first.bytes),
                .masquerade(fullyRandom: true),
            ]
        )
    }
}
