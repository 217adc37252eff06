import Addressing
import FakeKernel
import NetworkModel
import ServiceProxy
import Testing

@Suite("Where a client of a virtual address ends up")
struct TrafficTests {
    struct Flow: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let source: String
        var link: String? = "cni0"
        let destination: String
        var port: UInt16 = 80
        var transport = TransportProtocol.tcp
        let ends: [String]
    }

    /// 10.96.0.10 has two endpoints for 80/tcp and one for 53/udp, 10.96.0.11 has none.
    private func node(_ settings: ProxySettings) throws -> FakeNode {
        var node = FakeNode(settings)
        let ports = try [ServicePort(name: "http", .tcp, port(80)), ServicePort(name: "dns", .udp, port(53))]
        let targets = try [EndpointPort(name: "http", .tcp, port(8080)), EndpointPort(name: "dns", .udp, port(5353))]
        try node.take(
            .service(service("web", ["10.96.0.10"], ports: ports)),
            .service(service("empty", ["10.96.0.11"])),
            .slice(slice("web-a", of: "web", endpoints("10.11.0.2", node: "here"), ports: targets)),
            .slice(slice("web-b", of: "web", endpoints("10.12.0.2", node: "there"), ports: [targets[0]]))
        )
        return node
    }

    private static let settings = ProxySettings(
        podCIDRs: [CIDR("10.11.0.0/16"), CIDR("10.12.0.0/16")].compactMap(\.self),
        nodeName: "here",
        families: [.v4]
    )

    @Test(
        "with pod ranges",
        arguments: [
            Flow(
                testDescription: "another pod reaches every endpoint untouched",
                source: "10.11.0.9",
                destination: "10.96.0.10",
                ends: ["dnat 10.11.0.2:8080", "dnat 10.12.0.2:8080"]
            ),
            Flow(
                testDescription: "a pod reaches itself masqueraded",
                source: "10.11.0.2",
                destination: "10.96.0.10",
                ends: ["dnat 10.11.0.2:8080 masquerade", "dnat 10.12.0.2:8080"]
            ),
            Flow(
                testDescription: "the node itself is masqueraded",
                source: "192.168.0.1",
                link: nil,
                destination: "10.96.0.10",
                ends: ["dnat 10.11.0.2:8080 masquerade", "dnat 10.12.0.2:8080 masquerade"]
            ),
            Flow(
                testDescription: "an outside client is masqueraded",
                source: "203.0.113.1",
                link: "eth0",
                destination: "10.96.0.10",
                port: 53,
                transport: .udp,
                ends: ["dnat 10.11.0.2:5353 masquerade"]
            ),
            Flow(
                testDescription: "another protocol on a service's port is refused",
                source: "10.11.0.9",
                destination: "10.96.0.10",
                transport: .udp,
                ends: ["reject with port unreachable"]
            ),
            Flow(
                testDescription: "an unused port is refused",
                source: "10.11.0.9",
                destination: "10.96.0.10",
                port: 81,
                ends: ["reject with tcp reset"]
            ),
            Flow(
                testDescription: "a service without endpoints refuses at once",
                source: "10.11.0.9",
                destination: "10.96.0.11",
                ends: ["reject with tcp reset"]
            ),
            Flow(
                testDescription: "the node is refused too",
                source: "192.168.0.1",
                link: nil,
                destination: "10.96.0.11",
                ends: ["reject with tcp reset"]
            ),
            Flow(
                testDescription: "what is for no service passes untouched",
                source: "10.11.0.9",
                destination: "198.51.100.1",
                ends: ["untouched"]
            ),
            Flow(
                testDescription: "a pod that is reached directly is not masqueraded",
                source: "203.0.113.1",
                link: "eth0",
                destination: "10.11.0.2",
                port: 8080,
                ends: ["untouched"]
            ),
        ]
    )
    func podRanges(_ flow: Flow) throws {
        let node = try node(Self.settings)
        let ends = try node.reach(flow.destination, flow.port, flow.transport, from: flow.source, arrivingBy: flow.link)
        #expect(ends == flow.ends)
    }

    @Test("without pod ranges only a pod that reaches itself is masqueraded")
    func noPodRanges() throws {
        let node = try node(ProxySettings(nodeName: "here", families: [.v4]))
        #expect(try node.reach("10.96.0.10", from: "203.0.113.1") == ["dnat 10.11.0.2:8080", "dnat 10.12.0.2:8080"])
        #expect(try node.reach("10.96.0.10", from: "10.11.0.2").first == "dnat 10.11.0.2:8080 masquerade")
    }

    @Test("on demand everything to a virtual address is masqueraded, and nothing else")
    func masqueradeAll() throws {
        var settings = Self.settings
        settings.masqueradeAll = true
        let node = try node(settings)
        #expect(try node.reach("10.96.0.10", 53, .udp, from: "10.11.0.9") == ["dnat 10.11.0.2:5353 masquerade"])
        #expect(try node.reach("10.11.0.2", 8080, from: "10.11.0.9") == ["untouched"])
    }

    @Test("IPv6 works like IPv4, in a table of its own")
    func version6() throws {
        var node = FakeNode(ProxySettings(podCIDRs: [CIDR("fd00:11::/64")].compactMap(\.self), nodeName: "here"))
        try node.take(
            .service(service("web", ["10.96.0.10", "fd00:96::10"])),
            .slice(slice("web-6", of: "web", endpoints("fd00:11::2", node: "here")))
        )
        #expect(try node.reach("fd00:96::10", from: "fd00:11::9") == ["dnat [fd00:11::2]:8080"])
        #expect(try node.reach("fd00:96::10", from: "fd00:11::2") == ["dnat [fd00:11::2]:8080 masquerade"])
        #expect(try node.reach("fd00:96::10", from: "fd00:99::1") == ["dnat [fd00:11::2]:8080 masquerade"])
        #expect(try node.reach("fd00:96::10", 81, from: "fd00:11::9") == ["reject with tcp reset"])
        #expect(try node.reach("10.96.0.10", from: "10.11.0.9") == ["reject with tcp reset"])
    }

    @Test("every endpoint is drawn equally often", arguments: [1, 2, 3, 16, 17, 40])
    func spread(_ count: Int) throws {
        var node = FakeNode()
        let addresses = (1...count).map { Endpoint(.v4(0x0a0b_0000 + UInt32($0))) }
        try node.take(.service(service("web", ["10.96.0.10"])), .slice(slice("web-a", of: "web", addresses)))
        let tracer = PacketTracer(node.kernel.state.ruleset, addressType: { _ in .unicast }, outputLink: { _ in nil })
        let packet = Packet(
            .tcp,
            from: ip("10.11.99.1"),
            port: 1,
            to: ip("10.96.0.10"),
            port: 80,
            arrivingBy: try InterfaceName("cni0")
        )
        let reached = try tracer.courses(of: packet).map(\.end.destination)
        #expect(reached.sorted() == addresses.map(\.address))
    }

    @Test("a draw that finds nothing is repeated, then the first endpoint is taken, and nothing passes untranslated")
    func missingIndex() throws {
        var node = FakeNode()
        let three = endpoints("10.11.0.1", "10.11.0.2", "10.11.0.3")
        try node.take(.service(service("web", ["10.96.0.10"])), .slice(slice("web-a", of: "web", three)))
        let first = node.table.sets["endpoints"]?.elements.filter { $0.key.first == 0 } ?? [:]
        let table = ServiceRuleset(.v4).table
        node.kernel.changeBehindTheBack { $0.tables[table]?.sets["endpoints"]?.elements = first }
        #expect(try node.reach("10.96.0.10", from: "10.11.99.1") == ["dnat 10.11.0.1:8080"])
        node.kernel.changeBehindTheBack { $0.tables[table]?.sets["endpoints"]?.elements = [:] }
        #expect(try node.reach("10.96.0.10", from: "10.11.99.1") == ["drop"])
    }

    @Test("who passed before the rules were there tries again; who wants what is not there is refused")
    func late() throws {
        var node = try node(Self.settings)
        node.kernel.changeBehindTheBack { ruleset in
            for chain in ["nat-prerouting", "nat-output"] {
                ruleset.tables[ServiceRuleset(.v4).table]?.chains[chain]?.rules = []
            }
        }
        for (client, link) in [("10.11.0.9", "cni0"), ("192.168.0.1", nil)] {
            #expect(try node.reach("10.96.0.10", from: client, arrivingBy: link) == ["drop"])
            #expect(try node.reach("10.96.0.10", 53, .udp, from: client, arrivingBy: link) == ["drop"])
            #expect(try node.reach("10.96.0.10", 81, from: client, arrivingBy: link) == ["reject with tcp reset"])
            #expect(try node.reach("10.96.0.11", from: client, arrivingBy: link) == ["reject with tcp reset"])
        }
    }

    @Test("while the kernel deletes our tables nobody is refused: maps are empty before the rules are gone")
    func going() throws {
        var node = try node(Self.settings)
        node.kernel.changeBehindTheBack { ruleset in
            guard let table = ruleset.tables[ServiceRuleset(.v4).table] else { return }
            for (name, set) in table.sets where set.value != nil {
                ruleset.tables[ServiceRuleset(.v4).table]?.sets[name]?.elements = [:]
            }
        }
        for (client, link) in [("10.11.0.9", "cni0"), ("192.168.0.1", nil)] {
            #expect(try node.reach("10.96.0.10", from: client, arrivingBy: link) == ["drop"])
            #expect(try node.reach("10.96.0.11", from: client, arrivingBy: link) == ["drop"])
        }
    }

    @Test("while others have removed our tables, new connections to virtual addresses wait, and nothing else does")
    func bridged() throws {
        var settings = Self.settings
        settings.serviceCIDRs = [CIDR("10.96.0.0/16")].compactMap(\.self)
        var node = try node(settings)
        #expect(try node.kernel.bridgeFlushes(for: settings))
        #expect(try node.reach("10.96.0.10", 81, from: "10.11.0.9") == ["reject with tcp reset"])
        node.kernel.changeBehindTheBack { $0.tables[ServiceRuleset(.v4).table] = nil }
        for (client, link) in [("10.11.0.9", "cni0"), ("192.168.0.1", nil)] {
            #expect(try node.reach("10.96.0.10", from: client, arrivingBy: link) == ["drop"])
            #expect(try node.reach("10.97.0.10", from: client, arrivingBy: link) == ["untouched"])
        }
        var other = settings
        other.serviceCIDRs = []
        #expect(try node.kernel.bridgeFlushes(for: other, after: settings))
        #expect(try node.reach("10.96.0.10", from: "10.11.0.9") == ["untouched"])
    }

    @Test("endpoints of one service may have different ports")
    func differentPorts() throws {
        var node = FakeNode()
        try node.take(
            .service(service("web", ["10.96.0.10"])),
            .slice(
                slice("web-a", of: "web", endpoints("10.11.0.1"), ports: [EndpointPort(name: "http", .tcp, port(80))])
            ),
            .slice(
                slice("web-b", of: "web", endpoints("10.11.0.1"), ports: [EndpointPort(name: "http", .tcp, port(81))])
            )
        )
        #expect(try node.reach("10.96.0.10", from: "10.11.9.9") == ["dnat 10.11.0.1:80", "dnat 10.11.0.1:81"])
    }
}
