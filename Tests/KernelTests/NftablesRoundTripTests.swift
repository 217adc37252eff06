import Addressing
import Netlink
import NetworkModel
import Testing

/// A rule and how nft prints it.
private struct PrintedRule: Sendable, CustomTestStringConvertible {
    let family: TableID.Family
    let expressions: [Expression]
    let text: String

    init(_ family: TableID.Family, _ text: String, _ expressions: Expression...) {
        self.family = family
        self.text = text
        self.expressions = expressions
    }

    var testDescription: String { "\(family): \(text)" }

    static let all: [PrintedRule] = [
        PrintedRule(.ip, "ip daddr 10.11.23.2", load(16, 4), equals([10, 11, 23, 2])),
        PrintedRule(.ip, "ip daddr != 10.11.23.2", load(16, 4), .compare(Register(0), .notEqual, [10, 11, 23, 2])),
        PrintedRule(.ip6, "ip6 saddr fd00::1", load(8, 16), equals([0xfd] + Array(repeating: 0, count: 14) + [1])),
        PrintedRule(
            .ip,
            "th dport 80",
            .payload(.transport, offset: 2, length: 2, into: Register(0)),
            equals([0, 80])
        ),
        PrintedRule(
            .bridge,
            "ether saddr 02:00:00:00:00:01",
            .payload(.link, offset: 6, length: 6, into: Register(0)),
            equals([2, 0, 0, 0, 0, 1])
        ),
        PrintedRule(.inet, "meta mark 0x00004000", .meta(.mark, into: Register(15)), equals(0x4000, Register(15))),
        PrintedRule(.inet, "meta mark set 0x00004000", load(0x4000), .setMeta(.mark, from: Register(0))),
        PrintedRule(.inet, "meta priority set none", load(0), .setMeta(.priority, from: Register(0))),
        PrintedRule(.inet, "iif \"lo\"", .meta(.inputIndex, into: Register(0)), equals(1)),
        PrintedRule(.inet, "oif \"lo\"", .meta(.outputIndex, into: Register(0)), equals(1)),
        PrintedRule(
            .inet,
            "iifname \"cni0\"",
            .meta(.inputName, into: Register(0)),
            equals(RegisterBytes.interfaceName(.cni0))
        ),
        PrintedRule(
            .inet,
            "oifname \"cni0\"",
            .meta(.outputName, into: Register(0)),
            equals(RegisterBytes.interfaceName(.cni0))
        ),
        PrintedRule(.inet, "meta nfproto ipv6", .meta(.netfilterProtocol, into: Register(0)), equals([10])),
        PrintedRule(.inet, "meta l4proto tcp", .meta(.transportProtocol, into: Register(0)), equals([6])),
        PrintedRule(
            .ip,
            "ct state established,related",
            .conntrack(.state, nil, into: Register(4)),
            .bitwise(Register(4), mask: RegisterBytes.host(6), xor: RegisterBytes.host(0), into: Register(5)),
            .compare(Register(5), .notEqual, RegisterBytes.host(0))
        ),
        PrintedRule(
            .ip,
            "ct original ip saddr 10.0.0.1",
            .conntrack(.sourceIPv4, .original, into: Register(0)),
            equals([10, 0, 0, 1])
        ),
        PrintedRule(
            .ip,
            "ct reply ip daddr 10.0.0.1",
            .conntrack(.destinationIPv4, .reply, into: Register(0)),
            equals([10, 0, 0, 1])
        ),
        PrintedRule(
            .ip6,
            "ct original ip6 saddr ::1",
            .conntrack(.sourceIPv6, .original, into: Register(0)),
            equals(Array(repeating: 0, count: 15) + [1])
        ),
        PrintedRule(
            .ip6,
            "ct reply ip6 daddr ::1",
            .conntrack(.destinationIPv6, .reply, into: Register(0)),
            equals(Array(repeating: 0, count: 15) + [1])
        ),
        PrintedRule(
            .ip,
            "ct original proto-src 0x35 [invalid type]",
            .conntrack(.sourcePort, .original, into: Register(0)),
            equals([0, 53])
        ),
        PrintedRule(
            .ip,
            "ct reply proto-dst 0x35 [invalid type]",
            .conntrack(.destinationPort, .reply, into: Register(0)),
            equals([0, 53])
        ),
        PrintedRule(.ip, "ct protocol tcp", .conntrack(.transportProtocol, .original, into: Register(0)), equals([6])),
        PrintedRule(.ip, "fib daddr type local", .fibAddressType(.destinationAddress, into: Register(0)), equals(2)),
        PrintedRule(.ip6, "fib saddr type unicast", .fibAddressType(.sourceAddress, into: Register(0)), equals(1)),
        PrintedRule(.inet, "numgen random mod 7 0", .random(modulus: 7, into: Register(0)), equals(0)),
        PrintedRule(.ip, "ip daddr @known", load(16, 4), .lookup(set: "known", key: Register(0), into: nil)),
        PrintedRule(.ip, "ip daddr != @known", load(16, 4), .lookupMissing(set: "known", key: Register(0))),
        PrintedRule(.ip, "ip daddr vmap @verdicts", load(16, 4), .verdictMap(map: "verdicts", key: Register(0))),
        PrintedRule(
            .ip,
            "meta mark set ip daddr map @marks",
            load(16, 4),
            .lookup(set: "marks", key: Register(0), into: Register(1)),
            .setMeta(.mark, from: Register(1))
        ),
        PrintedRule(
            .ip,
            "update @learned { ip saddr : meta mark }",
            load(12, 4),
            .meta(.mark, into: Register(1)),
            .writeElement(.update, set: "learned", key: Register(0), data: Register(1))
        ),
        PrintedRule(
            .ip,
            "delete @learned { ip saddr : meta mark } add @learned { ip saddr : meta mark }",
            load(12, 4),
            .meta(.mark, into: Register(1)),
            .writeElement(.delete, set: "learned", key: Register(0), data: Register(1)),
            .writeElement(.add, set: "learned", key: Register(0), data: Register(1))
        ),
        PrintedRule(
            .ip,
            "add @seen { ip saddr }",
            load(12, 4),
            .writeElement(.add, set: "seen", key: Register(0), data: nil)
        ),
        PrintedRule(
            .ip,
            "dnat to 10.11.23.2",
            .immediate([10, 11, 23, 2], into: Register(0)),
            .dnat(.v4, address: Register(0), port: nil)
        ),
        PrintedRule(
            .ip6,
            "dnat to [::1]:80",
            .immediate(Array(repeating: 0, count: 15) + [1], into: Register(0)),
            .immediate([0, 80], into: Register(4)),
            .dnat(.v6, address: Register(0), port: Register(4))
        ),
        PrintedRule(
            .inet,
            "dnat ip to 10.11.23.2",
            .immediate([10, 11, 23, 2], into: Register(8)),
            .dnat(.v4, address: Register(8), port: nil)
        ),
        PrintedRule(
            .ip,
            "ip saddr set 10.11.23.2",
            .immediate([10, 11, 23, 2], into: Register(8)),
            .setAddress(.source, .v4, from: Register(8))
        ),
        PrintedRule(
            .ip,
            "ip daddr set 10.11.23.2",
            .immediate([10, 11, 23, 2], into: Register(8)),
            .setAddress(.destination, .v4, from: Register(8))
        ),
        PrintedRule(
            .ip6,
            "ip6 saddr set ::1",
            .immediate(Array(repeating: 0, count: 15) + [1], into: Register(8)),
            .setAddress(.source, .v6, from: Register(8))
        ),
        PrintedRule(
            .ip6,
            "ip6 daddr set ::1",
            .immediate(Array(repeating: 0, count: 15) + [1], into: Register(8)),
            .setAddress(.destination, .v6, from: Register(8))
        ),
        PrintedRule(.inet, "masquerade", .masquerade(fullyRandom: false)),
        PrintedRule(.ip6, "masquerade fully-random", .masquerade(fullyRandom: true)),
        PrintedRule(.ip, "reject", .reject(.portUnreachable)),
        PrintedRule(.ip6, "reject", .reject(.portUnreachable)),
        PrintedRule(.inet, "reject", .reject(.portUnreachable)),
        PrintedRule(
            .inet,
            "meta l4proto tcp reject with tcp reset",
            .meta(.transportProtocol, into: Register(0)),
            equals([6]),
            .reject(.tcpReset)
        ),
        PrintedRule(.inet, "counter packets 0 bytes 0 accept", .counter, .verdict(.accept)),
        PrintedRule(.inet, "drop", .verdict(.drop)),
        PrintedRule(.inet, "return", .verdict(.return)),
        PrintedRule(.inet, "jump other", .verdict(.jump("other"))),
        PrintedRule(.inet, "goto other", .verdict(.goto("other"))),
    ]

    private static func load(_ offset: UInt32, _ length: UInt32) -> Expression {
        .payload(.network, offset: offset, length: length, into: Register(0))
    }

    private static func load(_ number: UInt32) -> Expression {
        .immediate(RegisterBytes.host(number), into: Register(0))
    }

    private static func equals(_ bytes: [UInt8]) -> Expression { .compare(Register(0), .equal, bytes) }

    private static func equals(_ number: UInt32, _ register: Register = Register(0)) -> Expression {
        .compare(register, .equal, RegisterBytes.host(number))
    }
}

/// What is written is what is read, and what nft prints.
@Suite("nftables round trips", .tags(.kernel), .kernelTests, .freshNetNS)
struct NftablesRoundTripTests {
    @Test("a rule comes back as it was sent, and nft prints it", arguments: PrintedRule.all)
    private func rule(_ rule: PrintedRule) throws {
        let id = TableID(rule.family, "podnet")
        var table = Table(chains: [
            "rules": Chain(rules: [Rule(rule.expressions, comment: "as printed")]),
            "other": Chain(),
        ])
        table.sets["known"] = ElementSet(key: [.ipv4Address])
        table.sets["verdicts"] = ElementSet(key: [.ipv4Address], value: .verdict)
        table.sets["marks"] = ElementSet(key: [.ipv4Address], value: .data([.mark]))
        let dynamic = ElementSet.Dynamic(timeout: 90, size: 1_000)
        table.sets["learned"] = ElementSet(key: [.ipv4Address], value: .data([.mark]), dynamic: dynamic)
        table.sets["seen"] = ElementSet(key: [.ipv4Address], dynamic: dynamic, comment: "by rules")
        var nftables = try NftablesSocket()
        try nftables.commit(table.additions(as: id))
        #expect(try nftables.table(id, elements: .all) == table)
        let text = try listing()
        #expect(text.contains("\t\t\(rule.text) comment \"as printed\"\n"), "\(text)")
    }

    @Test("a set that rules write to is printed with its timeout, and its elements are nobody's to read")
    func dynamic() throws {
        let set = ElementSet(
            key: [.ipv4Address],
            value: .data([.mark]),
            dynamic: ElementSet.Dynamic(timeout: 86_400, size: 65_536),
            comment: "learned"
        )
        var nftables = try NftablesSocket()
        try nftables.commit(Table(sets: ["learned": set]).additions(as: .podnet))
        let element = KeyedElement([10, 0, 0, 1], Element(.data(RegisterBytes.host(7))))
        try nftables.commit([.addElements(.podnet, set: "learned", [element])])
        #expect(try nftables.table(.podnet, elements: .all)?.sets == ["learned": set])
        let text = try listing()
        for line in ["size 65536", "flags dynamic,timeout", "timeout 1d", "10.0.0.1 expires"] {
            #expect(text.contains(line), "no '\(line)' in\n\(text)")
        }
    }

    @Test("the service tables come back as they were sent, and nft prints them", arguments: [ServiceLayout.v4, .v6])
    func services(_ layout: ServiceLayout) throws {
        var nftables = try NftablesSocket()
        try nftables.commit(layout.table.additions(as: layout.id))
        #expect(try nftables.table(layout.id, elements: .all) == layout.table)
        let ip = layout.id.family
        let text = try listing()
        for line in [
            "comment \"services of this node\"",
            "comment \"virtual address to number of endpoints\"",
            "comment \"traffic from elsewhere\"",
            "\(ip)_addr . inet_proto . inet_service : classid".replacing("ip_addr", with: "ipv4_addr")
                .replacing("ip6_addr", with: "ipv6_addr"),
            "\(layout.virtual) . tcp . 80 counter packets 0 bytes 0 comment \"default/web:http\" : 0:3",
            "0:2 . \(layout.virtual) . tcp . 80 counter packets 0 bytes 0 : \(layout.endpoint) . 8082",
            "elements = { 0:3 : goto pick-3 }",
            "meta priority set \(ip) daddr . meta l4proto . th dport map @frontends goto dispatch",
            "meta priority vmap @pickers",
            "dnat \(ip) to numgen random mod 3 . \(ip) daddr . meta l4proto . th dport map @endpoints",
            "ct status dnat \(ip) saddr . \(ip) daddr @hairpin masquerade fully-random",
            "ct original \(ip) daddr . meta l4proto . ct original proto-dst @frontends masquerade",
        ] { #expect(text.contains(line), "no '\(line)' in\n\(text)") }
    }

    @Test(
        "every data type is printed as what it is",
        arguments: [
            (ElementSet.DataType.ipv4Address, [10, 0, 0, 1], "10.0.0.1"),
            (.ipv6Address, [0xfd] + Array(repeating: 0, count: 14) + [1], "fd00::1"),
            (.etherAddress, [2, 0, 0, 0, 0, 1], "02:00:00:00:00:01"),
            (.inetProto, [17], "udp"),
            (.inetService, [0x1f, 0x90], "8080"),
            (.mark, RegisterBytes.host(0x4000), "0x00004000"),
            (.classID, RegisterBytes.host(3), "0:3"),
            (.interfaceIndex, RegisterBytes.host(1), "\"lo\""),
            (.interfaceName, RegisterBytes.interfaceName(.cni0), "\"cni0\""),
        ] as [(ElementSet.DataType, [UInt8], String)]
    )
    func dataType(_ type: ElementSet.DataType, _ bytes: [UInt8], _ text: String) throws {
        let padded = RegisterBytes.concatenation([bytes, [6]])
        let table = Table(sets: [
            "alone": ElementSet(key: [type], elements: [bytes: Element()]),
            "paired": ElementSet(key: [type, .inetProto], elements: [padded: Element()]),
            "mapped": ElementSet(
                key: [.inetProto],
                value: .data([type]),
                elements: [[6]: Element(.data(bytes), comment: "one")]
            ),
        ])
        var nftables = try NftablesSocket()
        try nftables.commit(table.additions(as: .podnet))
        #expect(try nftables.table(.podnet, elements: .all) == table)
        let listing = try listing()
        #expect(listing.contains("elements = { \(text) }"), "\(listing)")
        #expect(listing.contains("elements = { \(text) . tcp }"), "\(listing)")
        #expect(listing.contains("elements = { tcp comment \"one\" : \(text) }"), "\(listing)")
    }

    @Test(
        "every base chain is hooked where it says",
        arguments: [
            (Chain.Base(.nat, .prerouting, priority: -100), "type nat hook prerouting priority dstnat; policy accept;"),
            (
                Chain.Base(.nat, .postrouting, priority: 100),
                "type nat hook postrouting priority srcnat; policy accept;"
            ),
            (Chain.Base(.nat, .output, priority: -105), "type nat hook output priority -105; policy accept;"),
            (Chain.Base(.filter, .input, priority: 0), "type filter hook input priority filter; policy accept;"),
            (Chain.Base(.filter, .forward, priority: 17), "type filter hook forward priority 17; policy accept;"),
        ]
    )
    func baseChain(_ base: Chain.Base, _ text: String) throws {
        let table = Table(chains: ["base": Chain(base: base, comment: "hooked")])
        var nftables = try NftablesSocket()
        try nftables.commit(table.additions(as: .podnet))
        #expect(try nftables.table(.podnet, elements: .all) == table)
        #expect(try listing().contains(text))
    }

    @Test(
        "verdicts of elements come back",
        arguments: [
            Verdict.accept, .drop, .return, .jump("there"), .goto("there"),
        ]
    )
    func verdict(_ verdict: Verdict) throws {
        let element = Element(.verdict(verdict), comment: "commented", hasCounter: true)
        let set = ElementSet(key: [.inetService], value: .verdict, elements: [[0, 80]: element])
        let table = Table(chains: ["there": Chain()], sets: ["verdicts": set])
        var nftables = try NftablesSocket()
        try nftables.commit(table.additions(as: .podnet))
        #expect(try nftables.table(.podnet, elements: .all) == table)
        _ = try listing()
    }

    @Test("comments of 127 bytes fit everywhere and come back")
    func longestComments() throws {
        let text = String(repeating: "ü", count: 63) + "x"
        var table = Table(comment: text)
        table.chains["chain"] = Chain(comment: text, rules: [Rule([.verdict(.accept)], comment: text)])
        table.sets["set"] = ElementSet(key: [.mark], comment: text, elements: [[1, 2, 3, 4]: Element(comment: text)])
        var nftables = try NftablesSocket()
        try nftables.commit(table.additions(as: .podnet))
        #expect(try nftables.table(.podnet, elements: .all) == table)
        #expect(try listing().split(separator: text).count == 6)
    }
}
