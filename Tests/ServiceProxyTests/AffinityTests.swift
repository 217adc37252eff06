import Addressing
import FakeKernel
import NetworkModel
import ServiceProxy
import Testing

/// A service with session affinity at 10.96.0.10:80; its clients are 10.11.99.1 and up.
private struct Sticky {
    var node: FakeNode

    init(_ endpoints: String..., seconds: Int? = 10_800, clients: UInt32 = 1_000) throws {
        node = FakeNode(ProxySettings(affinityClients: clients, nodeName: "here", families: [.v4]))
        try serve(endpoints, seconds: seconds)
    }

    /// Makes these its endpoints; returns the changes that it took.
    @discardableResult
    mutating func serve(_ endpoints: [String], seconds: Int? = 10_800) throws -> [RulesetChange] {
        var service = try service("web", ["10.96.0.10"])
        service.affinity = try seconds.map { try Affinity(seconds: $0) }
        let found = endpoints.map { Endpoint(ip("10.11.0.\($0)"), nodeName: "here") }
        return try node.take(.service(service), .slice(slice("web-a", of: "web", found))).flatMap(\.changes)
    }

    /// The last bytes of all endpoints that the client may be sent to.
    func ends(_ client: Int = 1) throws -> String {
        try node.reach("10.96.0.10", from: "10.11.99.\(client)")
            .map { $0.replacing("dnat 10.11.0.", with: "").replacing(":8080", with: "") }.joined(separator: " ")
    }

    /// The client connects, and draws this index if it draws; what rules write about it stays.
    mutating func connect(_ client: Int = 1, drawing index: UInt32 = 0) throws {
        let tracer = PacketTracer(node.kernel.state.ruleset, addressType: { _ in .unicast }, outputLink: { _ in nil })
        let link = try InterfaceName("cni0")
        let packet = Packet(
            .tcp,
            from: ip("10.11.99.\(client)"),
            port: 40000,
            to: ip("10.96.0.10"),
            port: 80,
            arrivingBy: link
        )
        node.kernel.state.ruleset.learn(from: try tracer.course(of: packet, drawing: [index, index, index]))
    }

    /// Somebody removes all elements of a set but these.
    mutating func keep(_ set: String, where isKept: ([UInt8]) -> Bool) {
        let table = ServiceRuleset(.v4).table
        node.kernel.changeBehindTheBack { ruleset in
            let kept = ruleset.tables[table]?.sets[set]?.elements.filter { isKept($0.key) }
            ruleset.tables[table]?.sets[set]?.elements = kept ?? [:]
        }
    }

    func count(_ set: String) -> Int { node.table.sets[set]?.elements.count ?? -1 }
}

@Suite("A client with session affinity")
struct AffinityTests {
    @Test("comes back to its endpoint; others are spread as ever")
    func stays() throws {
        var web = try Sticky("1", "2", "3")
        #expect(try web.ends() == "1 2 3")
        try web.connect(drawing: 1)
        #expect(try web.ends() == "2")
        #expect(try web.ends(2) == "1 2 3")
        try web.connect(2, drawing: 2)
        #expect(try [web.ends(), web.ends(2), web.ends(3)] == ["2", "3", "1 2 3"])
        #expect(web.count("affinity-10800") == 2)
    }

    @Test("draws every endpoint equally often", arguments: [1, 2, 3, 16, 17, 40])
    func spread(_ count: Int) throws {
        var web = try Sticky()
        try web.serve((1...count).map(String.init))
        let tracer = PacketTracer(
            web.node.kernel.state.ruleset,
            addressType: { _ in .unicast },
            outputLink: { _ in nil }
        )
        let link = try InterfaceName("cni0")
        let packet = Packet(.tcp, from: ip("10.11.99.1"), port: 1, to: ip("10.96.0.10"), port: 80, arrivingBy: link)
        let courses = try tracer.courses(of: packet)
        #expect(courses.map(\.end.destination).sorted() == (1...count).map { ip("10.11.0.\($0)") }.sorted())
        #expect(courses.allSatisfy { $0.writes.map(\.set) == ["affinity-10800", "affinity-10800"] })
    }

    @Test("is sent elsewhere at once when its endpoint is gone, and stays there when it is back")
    func vanishes() throws {
        var web = try Sticky("1", "2", "3")
        try web.connect(drawing: 1)
        try web.connect(2, drawing: 2)
        try web.serve(["1", "3"])
        #expect(try [web.ends(), web.ends(2)] == ["1 3", "3"])
        try web.connect(drawing: 0)
        try web.serve(["1", "2", "3"])
        #expect(try [web.ends(), web.ends(2)] == ["1", "3"])
        try web.serve([])
        #expect(try web.ends() == "reject with tcp reset")
    }

    @Test("meets no other endpoint in the place of its own")
    func replaced() throws {
        var web = try Sticky("1", "2", "3")
        try web.connect(drawing: 1)
        try web.serve(["1", "7", "3"])
        #expect(try web.ends() == "1 3 7")
        try web.serve(["1", "7", "3", "2"])
        #expect(try web.ends() == "2")
    }

    @Test("is served when the map is full, and not remembered")
    func full() throws {
        var web = try Sticky("1", "2", clients: 1)
        try web.connect(1, drawing: 1)
        try web.connect(2, drawing: 1)
        #expect(try [web.ends(1), web.ends(2)] == ["2", "1 2"])
        #expect(web.count("affinity-10800") == 1)
    }

    @Test("is never let through untranslated, whatever a transaction does between two look-ups")
    func misses() throws {
        var web = try Sticky("1", "2", "3")
        web.keep("identities") { $0.first == 0 }
        #expect(try web.ends() == "1")
        try web.connect()
        web.keep("endpoints") { _ in false }
        #expect(try [web.ends(1), web.ends(2)] == ["drop", "drop"])
    }

    @Test("starts anew with another timeout, and is remembered no more without affinity")
    func timeout() throws {
        var web = try Sticky("1", "2", "3")
        try web.connect(drawing: 1)
        try web.serve(["1", "2", "3"], seconds: 60)
        #expect(try web.ends() == "1 2 3")
        try web.connect(drawing: 2)
        #expect(try web.ends() == "3")
        #expect(web.node.table.sets["affinity-60"]?.dynamic?.timeout == 60)
        try web.serve(["1", "2", "3"], seconds: nil)
        #expect(try web.ends() == "1 2 3")
        #expect(web.count("identities") == 0)
        // Within its time it is known as ever.
        try web.serve(["1", "2", "3"], seconds: 60)
        #expect(try web.ends() == "3")
    }

    @Test("costs a few elements when one of many endpoints changes")
    func oneChange() throws {
        let many = (1...100).map(String.init)
        var web = try Sticky()
        try web.serve(many)
        for endpoints in [many.filter { $0 != "50" }, many, many.filter { $0 != "7" } + ["200"]] {
            let changes = try web.serve(endpoints)
            let elements = changes.map { change in
                switch change {
                case .addElements(_, _, let elements): elements.count
                case .deleteElements(_, _, let keys): keys.count
                default: 1_000
                }
            }
            #expect(elements.reduce(0, +) <= 7, "\(changes)")
        }
    }

    @Test("of a restarted daemon is not forgotten, and nothing is written")
    func restart() throws {
        var web = try Sticky("1", "2", "3")
        try web.connect(drawing: 1)
        try web.serve(["1", "2", "4"])
        var scope = Scope()
        scope.tables[ServiceRuleset(.v4).table] = .all
        let observed = try web.node.kernel.observe(scope).ruleset
        #expect(observed.tables.values.first?.sets["affinity-10800"]?.elements.isEmpty == true)
        for ruleset in [observed, web.node.kernel.state.ruleset] {
            var next = web
            next.node.core = ProxyCore(web.node.core.settings)
            next.node.core.adopt(ruleset)
            next.node.core.source = .complete
            #expect(try next.serve(["1", "2", "4"]) == [])
            #expect(try next.ends() == "2")
        }
    }

    @Test(
        "is served as before after somebody changed the elements",
        arguments: ["a number removed", "a number too many", "an endpoint removed", "a frontend removed"]
    )
    func damaged(_ damage: String) throws {
        var web = try Sticky("1", "2", "3")
        try web.connect(drawing: 1)
        let whole = web.node.table.sets.mapValues { Set($0.elements.keys) }
        let table = ServiceRuleset(.v4).table
        let first = whole["endpoints"]?.min { $0.lexicographicallyPrecedes($1) }
        switch damage {
        case "a number removed": web.keep("identities") { $0.first != 1 }
        case "an endpoint removed": web.keep("endpoints") { $0 != first }
        case "a frontend removed": web.keep("frontends") { _ in false }
        default:
            let key = RegisterBytes.host(9) + [10, 96, 0, 10, 6, 0, 0, 0, 0, 80, 0, 0]
            let element = Element(.data(RegisterBytes.host(7)))
            web.node.kernel.changeBehindTheBack { $0.tables[table]?.sets["identities"]?.elements[key] = element }
        }
        web.node.core.adopt(web.node.kernel.state.ruleset)
        try web.node.sync()
        #expect(web.node.table.sets.mapValues { Set($0.elements.keys) } == whole)
        #expect(try web.ends() == "2")
    }
}

@Suite("How clients find their endpoints again")
struct EndpointIdentityTests {
    private func endpoint(_ address: String, _ number: Int = 80) throws -> EndpointAddress {
        EndpointAddress(ip(address), try port(number))
    }

    @Test("an endpoint's number is the same in every list and at every place")
    func same() throws {
        let (one, two, six) = try (endpoint("10.0.0.1"), endpoint("10.0.0.2"), endpoint("fd00::2"))
        let numbers = EndpointIdentity.numbers(of: [one, two, six])
        #expect(EndpointIdentity.numbers(of: [six, one]) == [numbers[2], numbers[0]])
        #expect(EndpointIdentity.numbers(of: [two]) == [numbers[1]])
    }

    @Test("all numbers of a list are different")
    func different() throws {
        var list: [EndpointAddress] = []
        for third in 0..<32 { for fourth in 0..<128 { list.append(try endpoint("10.0.\(third).\(fourth)")) } }
        for number in 1...200 { list.append(try endpoint("10.0.0.1", number + 80)) }
        // These two have one number by themselves.
        list += [try endpoint("fd00::1:0:0:0"), try endpoint("fd00::0:1:0:0")]
        #expect(Set(EndpointIdentity.numbers(of: list)).count == list.count)
    }

    @Test(
        "what frontends say of affinity comes back from its number",
        arguments: [
            (false, 1, 1), (true, 1, 1), (false, 10_800, 3), (true, 86_400, 8_191), (false, 65_536, 4_096),
        ]
    )
    func codes(_ isHere: Bool, _ seconds: Int, _ count: Int) throws {
        let code = FrontendCode.pick(Picker(isHere: isHere, try Affinity(seconds: seconds)), count)
        #expect(FrontendCode(number: code.number) == code)
        #expect(FrontendCode(number: code.number & ~0x1fff) == nil)
        #expect(FrontendCode(number: code.number & 0xc000_1fff) == nil)
    }

    @Test("a list with affinity has at most as many endpoints as its number can say")
    func largest() throws {
        let settings = ProxySettings(nodeName: "here", families: [.v4])
        var node = FakeNode(settings)
        var web = try service("web", ["10.96.0.10"])
        web.affinity = try Affinity(seconds: 60)
        let many = (1...9_000).map { Endpoint(.v4(0x0a0b_0000 + UInt32($0))) }
        try node.take(.service(web), .slice(slice("web-a", of: "web", many)))
        #expect(node.services.entries.map(\.count) == [8_191])
        #expect(node.services.entries.map(\.endpoints.count) == [8_191])
    }
}

@Suite("The rules of session affinity as people see them")
struct AffinityGoldenTests {
    @Test("are these")
    func rules() throws {
        let web = try Sticky("1", "2")
        let text = NftSyntax.text(of: web.node.kernel.state.ruleset)
        for block in Self.blocks { #expect(text.contains(block), "no\n\(block)in\n\(text)") }
    }

    private static let blocks = [
        """
            map affinity-10800 {
                type ipv4_addr . ipv4_addr . inet_proto . inet_service : classid
                flags dynamic,timeout
                timeout 3h
                size 1000
                comment "session affinity: the endpoint that a client comes back to"
            }

        """,
        """
            chain known-10800 {
                comment "the client stays for another 10800 s, if its endpoint is there"
                update @affinity-10800 { ip saddr . ip daddr . meta l4proto . th dport : meta priority }
                meta priority set none dnat ip addr . port to meta priority . ip daddr . meta l4proto . th dport map @endpoints
            }

        """,
        """
            chain remember-10800 {
                comment "the client is to come back to this endpoint"
                delete @affinity-10800 { ip saddr . ip daddr . meta l4proto . th dport : meta priority } \
        add @affinity-10800 { ip saddr . ip daddr . meta l4proto . th dport : meta priority }
                meta priority set none dnat ip addr . port to meta priority . ip daddr . meta l4proto . th dport map @endpoints
            }

        """,
        """
            chain stick-10800-2 {
                meta priority set ip saddr . ip daddr . meta l4proto . th dport map @affinity-10800 jump known-10800
                meta priority set numgen random mod 2 . ip daddr . meta l4proto . th dport map @identities jump remember-10800
                meta priority set numgen random mod 2 . ip daddr . meta l4proto . th dport map @identities jump remember-10800
                meta priority set numgen random mod 1 . ip daddr . meta l4proto . th dport map @identities jump remember-10800
                drop
            }

        """,
        "0x00000001 . 10.96.0.10 . tcp . 80 : bcfb:e292,",
    ]
}
