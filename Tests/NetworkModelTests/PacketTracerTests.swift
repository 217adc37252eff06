import Addressing
import FakeKernel
import NetworkModel
import Testing

@Suite("A packet's way through a service ruleset")
struct PacketTracerTests {
    /// A connection and every way that it can end.
    struct Flow: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let packet: Packet
        let ends: [String]

        init(
            _ name: String,
            _ transport: TransportProtocol = .tcp,
            from source: String,
            to destination: String,
            _ port: UInt16,
            by link: String?,
            isNew: Bool = true,
            ends: [String]
        ) {
            testDescription = name
            packet = Packet(
                transport,
                from: ip(source),
                port: 40000,
                to: ip(destination),
                port: port,
                arrivingBy: link.map(interfaceName),
                isNew: isNew
            )
            self.ends = ends
        }
    }

    static let flows = [
        Flow(
            "from a pod",
            from: "10.11.23.9",
            to: "10.96.14.20",
            80,
            by: "cni0",
            ends: ["dnat 10.11.23.2:8080", "dnat 10.11.23.3:8080", "dnat 10.11.23.4:80"]
        ),
        Flow(
            "from a pod to its own service",
            from: "10.11.23.3",
            to: "10.96.14.20",
            80,
            by: "cni0",
            ends: ["dnat 10.11.23.2:8080", "dnat 10.11.23.3:8080 masquerade", "dnat 10.11.23.4:80"]
        ),
        Flow(
            "from outside",
            from: "203.0.113.7",
            to: "10.96.14.20",
            80,
            by: "eth0",
            ends: [
                "dnat 10.11.23.2:8080 masquerade", "dnat 10.11.23.3:8080 masquerade", "dnat 10.11.23.4:80 masquerade",
            ]
        ),
        Flow(
            "from the node",
            from: "192.0.2.1",
            to: "10.96.14.20",
            80,
            by: nil,
            ends: [
                "dnat 10.11.23.2:8080 masquerade", "dnat 10.11.23.3:8080 masquerade", "dnat 10.11.23.4:80 masquerade",
            ]
        ),
        Flow(
            "to a service without endpoints",
            from: "10.11.23.9",
            to: "10.96.14.20",
            443,
            by: "cni0",
            ends: ["reject with tcp reset"]
        ),
        Flow(
            "to an unused port",
            .udp,
            from: "10.11.23.9",
            to: "10.96.14.20",
            80,
            by: "cni0",
            ends: ["reject with port unreachable"]
        ),
        Flow(
            "from the node to an unused port",
            from: "192.0.2.1",
            to: "10.96.14.21",
            9,
            by: nil,
            ends: ["reject with tcp reset"]
        ),
        Flow("to a pod directly", from: "10.11.23.9", to: "10.11.23.2", 8080, by: "cni0", ends: ["untouched"]),
        Flow("to the world", from: "10.11.23.9", to: "198.51.100.1", 443, by: "cni0", ends: ["untouched"]),
        Flow(
            "of a connection that is known",
            from: "10.11.23.9",
            to: "10.96.14.20",
            80,
            by: "cni0",
            isNew: false,
            ends: ["untouched"]
        ),
        Flow("in the other family", from: "fd00::9", to: "fd00::2", 80, by: "cni0", ends: ["untouched"]),
    ]

    @Test("ends where it should", arguments: flows)
    func ends(_ flow: Flow) throws {
        let rules = ServiceRules(endpoints: [
            80: [("10.11.23.2", 8080), ("10.11.23.3", 8080), ("10.11.23.4", 80)], 443: [],
        ])
        #expect(try tracer(rules.ruleset).ends(of: flow.packet).map(\.description) == flow.ends)
    }

    @Test("ends at every endpoint, each as often as any other", arguments: 1...4)
    func spread(_ count: Int) throws {
        let endpoints = (1...count).map { ("10.11.23.\($0)", UInt16(80)) }
        let courses = try tracer(ServiceRules(endpoints: [80: endpoints]).ruleset).courses(of: Self.flows[2].packet)
        #expect(courses.count == count)
        #expect(Set(courses.map(\.end.destination)) == Set(endpoints.map { ip($0.0) }))
    }

    @Test("can be told the random numbers")
    func givenNumbers() throws {
        let course = try tracer(ServiceRules().ruleset).course(of: Self.flows[0].packet, drawing: [5])
        #expect(course.end.description == "dnat 10.11.23.4:80")
    }

    @Test("never leaves a pick chain untranslated: a lost index is drawn again, then the first is taken, then it drops")
    func lostEndpoint() throws {
        var rules = ServiceRules().ruleset
        let keys =
            rules.tables[ServiceRules.table]?.sets["endpoints"]?.elements.keys
            .sorted { $0.lexicographicallyPrecedes($1) } ?? []
        rules.tables[ServiceRules.table]?.sets["endpoints"]?.elements[keys[2]] = nil
        #expect(
            try tracer(rules).ends(of: Self.flows[0].packet).map(\.description)
                == ["dnat 10.11.23.2:8080", "dnat 10.11.23.3:8080"]
        )
        rules.tables[ServiceRules.table]?.sets["endpoints"]?.elements = [:]
        #expect(try tracer(rules).ends(of: Self.flows[0].packet).map(\.description) == ["drop"])
    }

    @Test("is told rule by rule")
    func hops() throws {
        let course = try tracer(ServiceRules().ruleset).course(of: Self.flows[1].packet, drawing: [1])
        #expect(
            course.hops.map { "\($0.chain) \($0.rule)" } == [
                "nat-prerouting 0", "services 0", "dispatch 0", "pick-3 0", "filter-forward 0", "nat-postrouting 0",
            ]
        )
        #expect(course.hops[1].comment == "ends in pick-N")
        #expect(course.hops[1].elements == ["default/web:80"])
        #expect(course.hops[2].text == "meta priority vmap @pickers")
    }

    @Test("is the same on what a kernel was given")
    func loads() throws {
        let rules = ServiceRules().ruleset
        var kernel = FakeKernel()
        try kernel.commit(RulesetDiff(from: Ruleset(), to: rules).changes, generation: nil)
        #expect(kernel.state.ruleset == rules)
    }

    private func tracer(_ ruleset: Ruleset) -> PacketTracer {
        PacketTracer(
            ruleset,
            addressType: { $0 == ip("192.0.2.1") ? .local : .unicast },
            outputLink: { cidr("10.11.23.0/24").contains($0) ? interfaceName("cni0") : interfaceName("eth0") }
        )
    }
}
