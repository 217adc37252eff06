import Addressing
import NetworkModel
import Testing

@Suite("Expressions, as the tracer runs them")
struct TracerExpressionTests {
    private static let packet = Packet(
        .udp,
        from: ip("10.0.0.1"),
        port: 1234,
        to: ip("10.0.0.2"),
        port: 53,
        arrivingBy: interfaceName("eth0")
    )

    /// Expressions in front of a drop: dropped if they match.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expressions: [Expression]
        let matches: Bool

        init(_ name: String, _ matches: Bool, _ expressions: Expression...) {
            testDescription = name
            self.expressions = expressions
            self.matches = matches
        }
    }

    private static let r0 = Register(0)

    static let cases = [
        Case("ip protocol udp", true, .payload(.network, offset: 9, length: 1, into: r0), .compare(r0, .equal, [17])),
        Case("th sport", true, .payload(.transport, offset: 0, length: 2, into: r0), .compare(r0, .equal, [4, 210])),
        Case("beyond a header", false, .payload(.transport, offset: 8, length: 2, into: r0)),
        Case("link header", false, .payload(.link, offset: 0, length: 6, into: r0)),
        Case(
            "iifname",
            true,
            .meta(.inputName, into: r0),
            .compare(r0, .equal, RegisterBytes.interfaceName(interfaceName("eth0")))
        ),
        Case(
            "oifname before routing is empty",
            true,
            .meta(.outputName, into: r0),
            .compare(r0, .equal, [UInt8](repeating: 0, count: 16))
        ),
        Case("nfproto", true, .meta(.netfilterProtocol, into: r0), .compare(r0, .equal, [2])),
        Case("another protocol", false, .meta(.transportProtocol, into: r0), .compare(r0, .equal, [6])),
        Case("not another protocol", true, .meta(.transportProtocol, into: r0), .compare(r0, .notEqual, [6])),
        Case(
            "ct original proto-dst",
            true,
            .conntrack(.destinationPort, .original, into: r0),
            .compare(r0, .equal, [0, 53])
        ),
        Case(
            "ct reply ip saddr",
            true,
            .conntrack(.sourceIPv4, .reply, into: r0),
            .compare(r0, .equal, [10, 0, 0, 2])
        ),
        Case("the other family's ct address", false, .conntrack(.sourceIPv6, .original, into: r0)),
        Case(
            "fib saddr type local",
            false,
            .fibAddressType(.sourceAddress, into: r0),
            .compare(r0, .equal, RegisterBytes.host(2))
        ),
        Case(
            "fib daddr type unicast",
            true,
            .fibAddressType(.destinationAddress, into: r0),
            .compare(r0, .equal, RegisterBytes.host(1))
        ),
        Case(
            "bitwise with xor",
            true,
            .immediate([0b1100], into: r0),
            .bitwise(r0, mask: [0b1010], xor: [0b0001], into: r0),
            .compare(r0, .equal, [0b1001])
        ),
        Case(
            "in a set",
            true,
            .payload(.network, offset: 12, length: 4, into: r0),
            .lookup(set: "s", key: r0, into: nil)
        ),
        Case(
            "missing in a set",
            false,
            .payload(.network, offset: 12, length: 4, into: r0),
            .lookupMissing(set: "s", key: r0)
        ),
        Case(
            "meta mark is there in the same rule",
            true,
            .immediate(RegisterBytes.host(7), into: r0),
            .setMeta(.mark, from: r0),
            .meta(.mark, into: Register(1)),
            .compare(Register(1), .equal, RegisterBytes.host(7))
        ),
    ]

    @Test("match", arguments: cases)
    func match(_ example: Case) throws {
        let end = try ends(of: [Rule(example.expressions + [.verdict(.drop)])])
        #expect(end == [example.matches ? "drop" : "untouched"])
    }

    @Test(
        "what the kernel refuses is an error",
        arguments: [
            ([.compare(r0, .equal, [1])], "register 8 is read before it is written"),
            (
                [.meta(.transportProtocol, into: r0), .compare(r0, .equal, [1, 2, 3, 4, 5])],
                "register 8 is read before it is written"
            ),
            (
                [.payload(.network, offset: 0, length: 16, into: Register(14))],
                "16 bytes do not fit from register 22 on"
            ),
            ([.immediate([1, 2, 3, 4], into: r0), .lookup(set: "none", key: r0, into: nil)], "no set none"),
            ([.verdict(.jump("none"))], "no chain none in ip t"),
            ([.masquerade(fullyRandom: false)], "masquerade in a filter chain at prerouting"),
            ([.verdict(.jump("loop"))], "calls deeper than 16 from chain loop in ip t"),
            ([.unknown("quota")], "expression quota is not known"),
            ([.meta(.inputIndex, into: r0)], "iif: numbers of links are not known"),
            ([.immediate([0, 0, 0, 0], into: r0), .setMeta(.inputName, from: r0)], "iifname cannot be set"),
        ] as [([Expression], String)]
    )
    func refused(_ expressions: [Expression], _ message: String) throws {
        let error = #expect(throws: TraceError.self) { try ends(of: [Rule(expressions)]) }
        #expect(error?.description.hasSuffix(message) == true, "\(error?.description ?? "none")")
    }

    /// What a rule makes of the one element of a set with room for `size`.
    private func write(_ operations: Expression.ElementOperation..., from: String, size: UInt32) throws -> [String] {
        let dynamic = ElementSet.Dynamic(timeout: 1, size: size)
        let known: [[UInt8]: Element] = [[10, 0, 0, 1]: Element(.data([7]))]
        let set = ElementSet(key: [.ipv4Address], value: .data([.inetProto]), dynamic: dynamic, elements: known)
        let load: [Expression] = [
            .payload(.network, offset: 12, length: 4, into: Self.r0), .meta(.transportProtocol, into: Register(1)),
        ]
        let writes = operations.map { Expression.writeElement($0, set: "s", key: Self.r0, data: Register(1)) }
        let chain = Chain(
            base: .init(.filter, .prerouting, priority: 0),
            rules: [Rule(load + writes + [.verdict(.drop)])]
        )
        let id = TableID(.ip, "t")
        var ruleset = Ruleset([id: Table(chains: ["c": chain], sets: ["s": set])])
        let tracer = PacketTracer(ruleset, addressType: { _ in .unicast }, outputLink: { _ in nil })
        var packet = Self.packet
        packet.source = ip(from)
        let course = try tracer.course(of: packet, drawing: [])
        ruleset.learn(from: course)
        let elements = ruleset.tables[id]?.sets["s"]?.elements ?? [:]
        return [course.end.description]
            + elements.map { "\(NftSyntax.text(of: $0.key, as: set.key)) \(NftSyntax.text(of: $0.value, in: set))" }
            .sorted()
    }

    @Test("an update or an addition leaves what an element leads to, and makes one that is missing")
    func writes() throws {
        for operation in [Expression.ElementOperation.add, .update] {
            #expect(try write(operation, from: "10.0.0.1", size: 9) == ["drop", "10.0.0.1 : 7"])
            #expect(try write(operation, from: "10.0.0.2", size: 9) == ["drop", "10.0.0.1 : 7", "10.0.0.2 : udp"])
        }
        #expect(try write(.delete, from: "10.0.0.1", size: 9) == ["drop"])
        #expect(try write(.delete, from: "10.0.0.2", size: 9) == ["drop", "10.0.0.1 : 7"])
        #expect(try write(.delete, .add, from: "10.0.0.1", size: 9) == ["drop", "10.0.0.1 : udp"])
    }

    @Test("a full set takes no new element, and the rule does not match")
    func fullSet() throws {
        #expect(try write(.add, from: "10.0.0.2", size: 1) == ["untouched", "10.0.0.1 : 7"])
        #expect(try write(.update, from: "10.0.0.1", size: 1) == ["drop", "10.0.0.1 : 7"])
        // What was deleted keeps its place until it is collected.
        #expect(try write(.delete, .add, from: "10.0.0.1", size: 1) == ["untouched"])
    }

    @Test("registers do not outlive their rule, marks do")
    func registersAndMarks() throws {
        let write = Rule([.immediate(RegisterBytes.host(7), into: Self.r0), .setMeta(.mark, from: Self.r0)])
        #expect(throws: TraceError.self) { try ends(of: [write, Rule([.setMeta(.priority, from: Self.r0)])]) }
        let read = Rule([
            .meta(.mark, into: Self.r0), .compare(Self.r0, .equal, RegisterBytes.host(7)), .verdict(.drop),
        ])
        #expect(try ends(of: [write, read]) == ["drop"])
    }

    @Test(
        "forwarding takes the priority from the IPv4 header again; a mark stays",
        arguments: [
            (Expression.MetaKey.priority, "untouched"), (.mark, "drop"),
        ]
    )
    func forwarding(_ key: Expression.MetaKey, _ end: String) throws {
        let write = Rule([.immediate(RegisterBytes.host(7), into: Self.r0), .setMeta(key, from: Self.r0)])
        let read = Rule([
            .meta(key, into: Self.r0), .compare(Self.r0, .equal, RegisterBytes.host(7)), .verdict(.drop),
        ])
        #expect(try ends(of: [write], forwarding: [read]) == [end])
    }

    @Test(
        "tables of other families, and dormant ones, are not asked",
        arguments: [
            (TableID.Family.ip, UInt32(0), "drop"), (.inet, 0, "drop"), (.ip6, 0, "untouched"),
            (.bridge, 0, "untouched"),
            (.ip, 1, "untouched"),
        ]
    )
    func families(_ family: TableID.Family, _ flags: UInt32, _ end: String) throws {
        let chain = Chain(base: .init(.filter, .forward, priority: 0), rules: [Rule([.verdict(.drop)])])
        let ruleset = Ruleset([TableID(family, "t"): Table(flags: flags, chains: ["base": chain])])
        let tracer = PacketTracer(ruleset, addressType: { _ in .unicast }, outputLink: { _ in nil })
        #expect(try tracer.ends(of: Self.packet).map(\.description) == [end])
    }

    @Test("a packet for the node meets input, not forward")
    func forTheNode() throws {
        let drop = [Rule([.verdict(.drop)])]
        let chains = [
            "input": Chain(base: .init(.filter, .input, priority: 0), rules: [Rule([.reject(.tcpReset)])]),
            "forward": Chain(base: .init(.filter, .forward, priority: 0), rules: drop),
            "postrouting": Chain(base: .init(.filter, .postrouting, priority: 0), rules: drop),
        ]
        let ruleset = Ruleset([TableID(.ip, "t"): Table(chains: chains)])
        let tracer = PacketTracer(ruleset, addressType: { _ in .local }, outputLink: { _ in nil })
        #expect(try tracer.ends(of: Self.packet).map(\.description) == ["reject with tcp reset"])
    }

    @Test(
        "return, jump and goto come back where nftables says",
        arguments: [
            ([.jump("back")], "drop"), ([.goto("back")], "untouched"), ([.return], "untouched"),
            ([.accept], "untouched"),
            ([.jump("nested")], "drop"), ([.drop], "drop"),
        ] as [([Verdict], String)]
    )
    func calls(_ verdicts: [Verdict], _ end: String) throws {
        #expect(try ends(of: verdicts.map { Rule([.verdict($0)]) } + [Rule([.verdict(.drop)])]) == [end])
    }

    @Test("a verdict map without the key ends the rule, not the chain")
    func missingVerdict() throws {
        let look = Rule([
            .payload(.transport, offset: 0, length: 2, into: Self.r0), .verdictMap(map: "v", key: Self.r0),
            .verdict(.accept),
        ])
        #expect(try ends(of: [look, Rule([.verdict(.drop)])]) == ["drop"])
    }

    private func ends(of rules: [Rule], forwarding: [Rule] = []) throws(TraceError) -> [String] {
        let chains = [
            "base": Chain(base: .init(.filter, .prerouting, priority: 0), rules: rules),
            "forward": Chain(base: .init(.filter, .forward, priority: 0), rules: forwarding),
            "back": Chain(rules: [Rule([.verdict(.return)]), Rule([.verdict(.accept)])]),
            "nested": Chain(rules: [Rule([.verdict(.goto("back"))]), Rule([.verdict(.accept)])]),
            "loop": Chain(rules: [Rule([.verdict(.jump("loop"))])]),
        ]
        let sets = [
            "s": ElementSet(key: [.ipv4Address], elements: [[10, 0, 0, 1]: Element()]),
            "v": ElementSet(key: [.inetService], value: .verdict),
        ]
        let ruleset = Ruleset([TableID(.ip, "t"): Table(chains: chains, sets: sets)])
        let tracer = PacketTracer(ruleset, addressType: { _ in .unicast }, outputLink: { _ in nil })
        return try tracer.ends(of: Self.packet).map(\.description)
    }
}
