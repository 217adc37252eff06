import Addressing
import Netlink
import NetworkModel
import Testing

extension TableID {
    static let podnet = TableID(.ip, "podnet")
}

extension Table {
    /// The changes that make this table where there is none.
    func additions(as id: TableID) -> [RulesetChange] {
        let chains = chains.sorted { $0.key < $1.key }
        let sets = sets.sorted { $0.key < $1.key }
        return [.addTable(id, flags: flags, comment: comment)]
            + chains.map { .addChain(id, $0.key, $0.value.base, comment: $0.value.comment) }
            + sets.map { .addSet(id, named: $0.key, $0.value) }
            + chains.flatMap { name, chain in chain.rules.map { .appendRule(id, chain: name, $0) } }
            + sets.map { name, set in
                .addElements(id, set: name, set.elements.map { KeyedElement($0.key, $0.value) })
            }
    }
}

/// What `nft list ruleset` prints, which must work whatever we write: other tools of the host need it.
func listing() throws -> String {
    let text = try output("nft list ruleset; echo status $?")
    #expect(text.hasSuffix("status 0\n"), "\(text)")
    return text
}

/// The layout of the service tables: one for each family, with the lengths of its addresses.
struct ServiceLayout: Sendable, CustomTestStringConvertible {
    let id: TableID
    private let version: IPAddress.Family
    private let address: ElementSet.DataType
    private let source: UInt32
    private let destination: UInt32

    static let v4 = ServiceLayout(id: .podnet, version: .v4, address: .ipv4Address, source: 12, destination: 16)
    static let v6 = ServiceLayout(
        id: TableID(.ip6, "podnet"),
        version: .v6,
        address: .ipv6Address,
        source: 8,
        destination: 24
    )

    var testDescription: String { "\(id)" }
    private var length: UInt32 { UInt32(address.length) }
    /// How many registers an address takes.
    private var slots: UInt32 { length / 4 }

    var virtual: IPAddress { version == .v4 ? .v4(0x0a60_0e14) : .v6(0xfd00_0000_0000_0000, 1) }
    var endpoint: IPAddress { version == .v4 ? .v4(0x0a0b_1702) : .v6(0xfd01_0000_0000_0000, 2) }

    /// Key of a frontend.
    func frontend(_ address: IPAddress, _ port: UInt16) -> [UInt8] {
        RegisterBytes.concatenation([address.bytes, [6], RegisterBytes.port(port)])
    }

    func endpointKey(_ index: UInt32, _ address: IPAddress, _ port: UInt16) -> [UInt8] {
        RegisterBytes.concatenation([RegisterBytes.host(index), address.bytes, [6], RegisterBytes.port(port)])
    }

    func target(_ address: IPAddress, _ port: UInt16) -> Element.Value {
        .data(RegisterBytes.concatenation([address.bytes, RegisterBytes.port(port)]))
    }
}

extension ServiceLayout {
    /// One service with three endpoints, in the layout that the service proxy depends on.
    var table: Table {
        var table = Table(comment: "services of this node", chains: chains, sets: sets)
        table.sets["frontends"]?.elements[frontend(virtual, 80)] =
            Element(.data(RegisterBytes.host(3)), comment: "default/web:http", hasCounter: true)
        table.sets["pickers"]?.elements[RegisterBytes.host(3)] = Element(.verdict(.goto("pick-3")))
        table.sets["hairpin"]?.elements[endpoint.bytes + endpoint.bytes] = Element(comment: "default/web")
        for index in UInt32(0)..<3 {
            table.sets["endpoints"]?.elements[endpointKey(index, virtual, 80)] =
                Element(target(endpoint, 8_080 + UInt16(index)), hasCounter: true)
        }
        return table
    }

    private var sets: [String: ElementSet] {
        [
            "frontends": ElementSet(
                key: [address, .inetProto, .inetService],
                value: .data([.classID]),
                comment: "virtual address to number of endpoints"
            ),
            "endpoints": ElementSet(
                key: [.classID, address, .inetProto, .inetService],
                value: .data([address, .inetService])
            ),
            "pickers": ElementSet(key: [.classID], value: .verdict, comment: "the chain for each number"),
            "hairpin": ElementSet(key: [address, address]),
        ]
    }

    private var chains: [String: Chain] {
        [
            "prerouting": Chain(
                base: .init(.nat, .prerouting, priority: -100),
                comment: "traffic from elsewhere",
                rules: [Rule([.counter, .verdict(.jump("services"))])]
            ),
            "services": Chain(rules: [Rule(lookUpFrontend, comment: "known virtual addresses")]),
            "dispatch": Chain(rules: [
                Rule([.meta(.priority, into: Register(0)), .verdictMap(map: "pickers", key: Register(0))])
            ]),
            "pick-3": Chain(rules: [pick(modulus: 3), pick(modulus: 3), pick(modulus: 1), Rule([.verdict(.drop)])]),
            "postrouting": Chain(
                base: .init(.nat, .postrouting, priority: 100),
                rules: [hairpinMasquerade, virtualMasquerade]
            ),
            "forward": Chain(base: .init(.filter, .forward, priority: 0), rules: rejections),
        ]
    }

    private func loadTuple(_ slot: UInt32) -> [Expression] {
        [
            .payload(.network, offset: destination, length: length, into: Register(slot)),
            .meta(.transportProtocol, into: Register(slot + slots)),
            .payload(.transport, offset: 2, length: 2, into: Register(slot + slots + 1)),
        ]
    }

    private var lookUpFrontend: [Expression] {
        loadTuple(0) + [
            .lookup(set: "frontends", key: Register(0), into: Register(8)),
            .setMeta(.priority, from: Register(8)),
            .verdict(.goto("dispatch")),
        ]
    }

    private func pick(modulus: UInt32) -> Rule {
        Rule(
            [.random(modulus: modulus, into: Register(0))] + loadTuple(1) + [
                .lookup(set: "endpoints", key: Register(0), into: Register(8)),
                .dnat(version, address: Register(8), port: Register(8 + slots)),
            ]
        )
    }

    private var isTranslated: [Expression] {
        [
            .conntrack(.status, nil, into: Register(0)),
            .bitwise(Register(0), mask: RegisterBytes.host(32), xor: RegisterBytes.host(0), into: Register(0)),
            .compare(Register(0), .notEqual, RegisterBytes.host(0)),
        ]
    }

    private var hairpinMasquerade: Rule {
        Rule(
            isTranslated + [
                .payload(.network, offset: source, length: length, into: Register(0)),
                .payload(.network, offset: destination, length: length, into: Register(slots)),
                .lookup(set: "hairpin", key: Register(0), into: nil),
                .masquerade(fullyRandom: true),
            ],
            comment: "a pod that reaches itself"
        )
    }

    /// By the destination that the client meant, without a mark.
    private var virtualMasquerade: Rule {
        Rule(
            isTranslated + [
                .conntrack(version == .v4 ? .destinationIPv4 : .destinationIPv6, .original, into: Register(0)),
                .meta(.transportProtocol, into: Register(slots)),
                .conntrack(.destinationPort, .original, into: Register(slots + 1)),
                .lookup(set: "frontends", key: Register(0), into: nil),
                .masquerade(fullyRandom: false),
            ]
        )
    }

    private var rejections: [Rule] {
        let load = loadTuple(0)
        return [
            Rule(load + [.lookupMissing(set: "frontends", key: Register(0)), .verdict(.return)]),
            Rule([
                .meta(.transportProtocol, into: Register(0)), .compare(Register(0), .equal, [6]), .reject(.tcpReset),
            ]),
            Rule([.reject(.portUnreachable)]),
        ]
    }
}
