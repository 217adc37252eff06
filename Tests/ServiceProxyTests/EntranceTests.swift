import Addressing
import FakeKernel
import NetworkModel
import ServiceProxy
import Testing

/// The node `here` at 192.168.0.1, in the middle of the pod range 10.0.0.0/8: 10.180.0.1 is here, 10.180.1.1 elsewhere.
private struct Cluster {
    var node: FakeNode
    static let cidr = CIDR("10.0.0.0/8")

    init(detecting: Bool = true, masqueradeAll: Bool = false) {
        node = FakeNode(
            ProxySettings(
                podCIDRs: detecting ? [Self.cidr].compactMap(\.self) : [],
                masqueradeAll: masqueradeAll,
                nodeName: "here",
                families: [.v4]
            )
        )
        let address = ip("192.168.0.1")
        node.core.use(NodeConditions(nodePortAddresses: [address], primaryAddresses: [address]))
    }

    /// A LoadBalancer service at 172.30.0.41:80, 1.2.3.4:80 and node port 3001.
    mutating func serve(
        internalPolicy: TrafficPolicy = .cluster,
        policy: TrafficPolicy = .cluster,
        ranges: [String]? = nil,
        affinity: Affinity? = nil,
        endpoints: [Endpoint] = endpoints("10.180.0.1", node: "here") + endpoints("10.180.1.1", node: "there")
    ) throws {
        var service = try service("web", ["172.30.0.41"])
        service.ports = [ServicePort(name: "http", .tcp, try port(80), nodePort: try port(3001))]
        service.internalPolicy = internalPolicy
        service.affinity = affinity
        service.exposure = ServiceExposure(
            isLoadBalancer: true,
            externalIPs: [ip("192.168.99.22")],
            loadBalancerIPs: [ip("1.2.3.4")],
            sourceRanges: ranges?.compactMap { CIDR($0) },
            policy: policy
        )
        try node.take(
            .service(service),
            .slice(slice("web-a", of: "web", endpoints, ports: [EndpointPort(name: "http", .tcp, port(80))]))
        )
    }

    /// Where connections end up: the last number of endpoints' third byte, `masq` behind it.
    func reach(_ client: Client, _ entrance: String) throws -> String {
        let (address, number) = Self.entrances[entrance] ?? ("", 0)
        let tracer = PacketTracer(
            node.kernel.state.ruleset,
            addressType: { $0 == ip("192.168.0.1") ? .local : .unicast },
            outputLink: { _ in nil }
        )
        let packet = Packet(
            .tcp,
            from: ip(client.rawValue),
            port: 40000,
            to: ip(address),
            port: number,
            arrivingBy: client == .node ? nil : try InterfaceName(client == .pod ? "cni0" : "eth0")
        )
        return try tracer.ends(of: packet).map(\.description).joined(separator: ", ")
            .replacing("dnat ", with: "").replacing(":80", with: "").replacing("masquerade", with: "masq")
    }

    private static let entrances: [String: (String, UInt16)] = [
        "ClusterIP": ("172.30.0.41", 80), "NodePort": ("192.168.0.1", 3001), "LB": ("1.2.3.4", 80),
        "externalIP": ("192.168.99.22", 80),
    ]
}

private enum Client: String, CaseIterable {
    case pod = "10.0.0.2"
    case node = "192.168.0.1"
    case external = "203.0.113.9"
}

private let both = "10.180.0.1, 10.180.1.1"
private let bothMasqueraded = "10.180.0.1 masq, 10.180.1.1 masq"
private let here = "10.180.0.1"
private let hereMasqueraded = "10.180.0.1 masq"

@Suite("Every way into a service")
struct EntranceTests {
    fileprivate struct Flow: Sendable, CustomTestStringConvertible {
        let policies: String
        let client: Client
        let entrance: String
        let ends: String
        /// Where nothing is known of pods.
        var blind: String?
        /// Where everything to virtual addresses is masqueraded.
        var all: String?

        var testDescription: String { "\(policies): \(client) → \(entrance)" }
    }

    /// kube-proxy's own matrix (TestInternalExternalMasquerade).
    fileprivate static let matrix: [Flow] = [
        Flow(policies: "Cluster", client: .pod, entrance: "ClusterIP", ends: both, all: bothMasqueraded),
        Flow(policies: "Cluster", client: .pod, entrance: "NodePort", ends: bothMasqueraded),
        Flow(policies: "Cluster", client: .pod, entrance: "LB", ends: bothMasqueraded),
        Flow(policies: "Cluster", client: .node, entrance: "ClusterIP", ends: bothMasqueraded, blind: both),
        Flow(policies: "Cluster", client: .node, entrance: "NodePort", ends: bothMasqueraded),
        Flow(policies: "Cluster", client: .node, entrance: "LB", ends: bothMasqueraded),
        Flow(policies: "Cluster", client: .external, entrance: "ClusterIP", ends: bothMasqueraded, blind: both),
        Flow(policies: "Cluster", client: .external, entrance: "NodePort", ends: bothMasqueraded),
        Flow(policies: "Cluster", client: .external, entrance: "LB", ends: bothMasqueraded),
        Flow(policies: "external Local", client: .pod, entrance: "ClusterIP", ends: both, all: bothMasqueraded),
        Flow(policies: "external Local", client: .pod, entrance: "NodePort", ends: both, blind: here),
        Flow(policies: "external Local", client: .pod, entrance: "LB", ends: both, blind: here),
        Flow(policies: "external Local", client: .node, entrance: "ClusterIP", ends: bothMasqueraded, blind: both),
        Flow(policies: "external Local", client: .node, entrance: "NodePort", ends: bothMasqueraded),
        Flow(policies: "external Local", client: .node, entrance: "LB", ends: bothMasqueraded),
        Flow(policies: "external Local", client: .external, entrance: "ClusterIP", ends: bothMasqueraded, blind: both),
        Flow(policies: "external Local", client: .external, entrance: "NodePort", ends: here),
        Flow(policies: "external Local", client: .external, entrance: "LB", ends: here),
        Flow(policies: "internal Local", client: .pod, entrance: "ClusterIP", ends: here, all: hereMasqueraded),
        Flow(policies: "internal Local", client: .pod, entrance: "NodePort", ends: bothMasqueraded),
        Flow(policies: "internal Local", client: .pod, entrance: "LB", ends: bothMasqueraded),
        Flow(policies: "internal Local", client: .node, entrance: "ClusterIP", ends: hereMasqueraded, blind: here),
        Flow(policies: "internal Local", client: .node, entrance: "NodePort", ends: bothMasqueraded),
        Flow(policies: "internal Local", client: .node, entrance: "LB", ends: bothMasqueraded),
        Flow(policies: "internal Local", client: .external, entrance: "ClusterIP", ends: hereMasqueraded, blind: here),
        Flow(policies: "internal Local", client: .external, entrance: "NodePort", ends: bothMasqueraded),
        Flow(policies: "internal Local", client: .external, entrance: "LB", ends: bothMasqueraded),
    ]

    @Test("whose address an endpoint sees, and which endpoint it is", arguments: matrix)
    fileprivate func masquerade(_ flow: Flow) throws {
        for (detecting, masqueradeAll) in [(true, false), (false, false), (true, true), (false, true)] {
            let affinities = [nil, try Affinity(seconds: 60)]
            let isVirtual = flow.entrance == "ClusterIP"
            let virtual = masqueradeAll ? flow.all ?? flow.ends : detecting ? flow.ends : flow.blind ?? flow.ends
            let outer = detecting ? flow.ends : flow.blind ?? flow.ends
            for affinity in affinities {
                var cluster = Cluster(detecting: detecting, masqueradeAll: masqueradeAll)
                try cluster.serve(
                    internalPolicy: flow.policies == "internal Local" ? .local : .cluster,
                    policy: flow.policies == "external Local" ? .local : .cluster,
                    affinity: affinity
                )
                #expect(try cluster.reach(flow.client, flow.entrance) == (isVirtual ? virtual : outer))
            }
        }
    }

    @Test("an external IP is an entrance like a load balancer's address", arguments: Client.allCases)
    fileprivate func externalIP(_ client: Client) throws {
        for policy in [TrafficPolicy.cluster, .local] {
            var cluster = Cluster()
            try cluster.serve(policy: policy)
            #expect(try cluster.reach(client, "externalIP") == cluster.reach(client, "LB"))
        }
    }

    @Test("without any endpoint every entrance refuses", arguments: Client.allCases)
    fileprivate func refuses(_ client: Client) throws {
        for policy in [TrafficPolicy.cluster, .local] {
            var cluster = Cluster()
            try cluster.serve(internalPolicy: policy, policy: policy, endpoints: [])
            for entrance in ["ClusterIP", "NodePort", "LB", "externalIP"] {
                #expect(try cluster.reach(client, entrance) == "reject with tcp reset")
            }
        }
    }

    @Test("with endpoints elsewhere only, local traffic is dropped: another node will do")
    func dropsWithoutLocal() throws {
        var cluster = Cluster()
        try cluster.serve(internalPolicy: .local, policy: .local, endpoints: endpoints("10.180.1.1", node: "there"))
        #expect(try cluster.reach(.external, "LB") == "drop")
        #expect(try cluster.reach(.external, "NodePort") == "drop")
        #expect(try cluster.reach(.pod, "LB") == "10.180.1.1")
        #expect(try cluster.reach(.node, "NodePort") == "10.180.1.1 masq")
        #expect(try cluster.reach(.pod, "ClusterIP") == "drop")
    }

    @Test("a load balancer's address is closed to those who are not in its ranges; node ports are not")
    func sourceRanges() throws {
        var cluster = Cluster()
        try cluster.serve(ranges: ["203.0.113.0/25", "198.51.100.7/32"])
        #expect(try cluster.reach(.external, "LB") == bothMasqueraded)
        #expect(try cluster.reach(.pod, "LB") == "drop")
        #expect(try cluster.reach(.node, "LB") == "drop")
        #expect(try cluster.reach(.pod, "NodePort") == bothMasqueraded)
        #expect(try cluster.reach(.pod, "externalIP") == bothMasqueraded)
        try cluster.serve(ranges: ["203.0.113.128/25", "192.168.0.0/24"])
        #expect(try cluster.reach(.external, "LB") == "drop")
        #expect(try cluster.reach(.node, "LB") == bothMasqueraded)
        try cluster.serve(ranges: ["203.0.113.128/25", "0.0.0.0/0"])
        #expect(try cluster.reach(.external, "LB") == bothMasqueraded)
    }

    @Test("node ports follow the node's addresses at once, and are open at no other")
    func nodeAddresses() throws {
        var cluster = Cluster()
        try cluster.serve()
        let other = try PacketTracer.end(cluster.node, "192.168.0.2", 3001)
        #expect(other == "untouched")
        let addresses = ["192.168.0.2", "192.168.0.3"].map { ip($0) }
        cluster.node.core.use(NodeConditions(nodePortAddresses: addresses, primaryAddresses: addresses))
        let transactions = try cluster.node.sync()
        #expect(transactions.count == 1)
        #expect(try PacketTracer.end(cluster.node, "192.168.0.2", 3001).hasPrefix("dnat 10.180"))
        #expect(try cluster.reach(.external, "NodePort") == "untouched")
    }

    @Test("what others have at a load balancer's address passes: only virtual addresses are ours as a whole")
    func otherPorts() throws {
        var cluster = Cluster()
        try cluster.serve()
        #expect(try PacketTracer.end(cluster.node, "1.2.3.4", 443) == "untouched")
        #expect(try PacketTracer.end(cluster.node, "172.30.0.41", 443) == "reject with tcp reset")
    }

    @Test("a virtual address that no service has is dropped")
    func unallocated() throws {
        var node = FakeNode(ProxySettings(serviceCIDRs: [CIDR("172.30.0.0/16")].compactMap(\.self), families: [.v4]))
        try node.take(.service(service("web", ["172.30.0.41"])))
        #expect(try PacketTracer.end(node, "172.30.9.9", 80) == "drop")
        #expect(try PacketTracer.end(node, "172.31.0.1", 80) == "untouched")
    }

    @Test("an external IP outside the allowed ranges is nobody's")
    func externalIPRanges() throws {
        var settings = ProxySettings(nodeName: "here", families: [.v4])
        settings.externalIPRanges = [CIDR("192.168.99.0/24")].compactMap(\.self)
        var node = FakeNode(settings)
        var service = try service("web", ["172.30.0.41"])
        service.exposure = ServiceExposure(externalIPs: [ip("192.168.99.22"), ip("8.8.8.8")])
        try node.take(.service(service), .slice(slice("web-a", of: "web", endpoints("10.180.0.1"))))
        #expect(try PacketTracer.end(node, "192.168.99.22", 80) == "dnat 10.180.0.1:8080 masquerade")
        #expect(try PacketTracer.end(node, "8.8.8.8", 80) == "untouched")
    }

    @Test("pods are told by the link that they come in by, where so configured")
    func podLinks() throws {
        for links in [PodLinks.bridge(try InterfaceName("cni0")), .prefix("cni")] {
            var settings = ProxySettings(nodeName: "here", families: [.v4])
            settings.podLinks = links
            var node = FakeNode(settings)
            try node.take(
                .service(service("web", ["172.30.0.41"])),
                .slice(slice("web-a", of: "web", endpoints("10.180.0.1")))
            )
            #expect(try node.reach("172.30.0.41", from: "203.0.113.9") == ["dnat 10.180.0.1:8080"])
            let outside = try node.reach("172.30.0.41", from: "203.0.113.9", arrivingBy: "eth0")
            #expect(outside == ["dnat 10.180.0.1:8080 masquerade"])
        }
    }

    @Test("a restart finds every kind of frontend again and changes nothing")
    func adoption() throws {
        for (policy, affinity) in [
            (TrafficPolicy.cluster, nil), (.local, nil), (.local, try Affinity(seconds: 60)),
        ] {
            for addresses in [["10.180.0.1", "10.180.0.2"], []] {
                var cluster = Cluster()
                try cluster.serve(
                    internalPolicy: policy,
                    policy: policy,
                    ranges: ["203.0.113.0/25", "198.51.100.7/32"],
                    affinity: affinity,
                    endpoints: addresses.map { Endpoint(ip($0), nodeName: "here") }
                        + endpoints("10.180.1.1", node: "there")
                )
                var next = Cluster()
                next.node.kernel = cluster.node.kernel
                next.node.core.adopt(cluster.node.kernel.state.ruleset)
                next.node.core.apply(cluster.node.core.table.services.values.map { .service($0) })
                next.node.core.apply(cluster.node.core.table.allSlices.map { .slice($0) })
                #expect(try next.node.sync().flatMap(\.changes) == [])
            }
        }
    }
}

extension PacketTracer {
    /// What becomes of a connection from outside.
    fileprivate static func end(_ node: FakeNode, _ address: String, _ port: UInt16) throws -> String {
        try node.reach(address, port, from: "203.0.113.9", arrivingBy: "eth0").joined(separator: ", ")
    }
}
