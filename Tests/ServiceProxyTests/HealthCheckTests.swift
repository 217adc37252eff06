import Addressing
import ServiceProxy
import Testing

@Suite("What load balancers are told of a service")
struct HealthCheckTests {
    private func core(
        _ change: (inout Service) throws -> Void = { _ in },
        _ slices: EndpointSlice...
    ) throws -> ProxyCore {
        let ports = [try ServicePort(name: "http", .tcp, port(80)), try ServicePort(name: "https", .tcp, port(443))]
        var service = try service("web", ["10.96.0.1", "fd00::1"], ports: ports)
        service.exposure = ServiceExposure(isLoadBalancer: true, policy: .local, healthCheckNodePort: try port(30_999))
        try change(&service)
        var core = ProxyCore(ProxySettings(nodeName: "here"))
        core.apply([.service(service)] + slices.map { .slice($0) })
        return core
    }

    private func both(_ name: String, _ endpoints: [Endpoint]) throws -> EndpointSlice {
        let ports = [
            try EndpointPort(name: "http", .tcp, port(8080)), try EndpointPort(name: "https", .tcp, port(8443)),
        ]
        return try slice(name, of: "web", endpoints, ports: ports)
    }

    @Test("an address counts once, however many ports and slices have it, and by its family")
    func distinct() throws {
        let core = try core(
            { _ in },
            both("a", endpoints("10.11.0.1", "10.11.0.2", node: "here")),
            both("b", endpoints("10.11.0.1", node: "here")),
            both("c", endpoints("fd00:11::1", node: "here"))
        )
        let check = try #require(core.healthCheck(of: name("web")))
        #expect(check.readyHere == [.v4: 2, .v6: 1])
        #expect(try check.port == port(30_999))
    }

    @Test("endpoints that are not ready, going away or elsewhere do not count")
    func onlyReadyOnesHere() throws {
        let going = Endpoint(ip("10.11.0.2"), isReady: false, isTerminating: true, nodeName: "here")
        let core = try core(
            { _ in },
            both("a", [Endpoint(ip("10.11.0.1"), isReady: false, nodeName: "here"), going]),
            both("b", endpoints("10.11.0.3", node: "there"))
        )
        #expect(try core.healthCheck(of: name("web"))?.readyHere == [.v4: 0, .v6: 0])
    }

    @Test("a family without a virtual address is not asked for")
    func families() throws {
        let core = try core({ $0.kind = .virtual(try #require(ClusterIPs([ip("10.96.0.1")]))) })
        #expect(try core.healthCheck(of: name("web"))?.readyHere == [.v4: 0])
    }

    @Test("services that nobody asks about have no check")
    func none() throws {
        #expect(try core({ $0.exposure?.healthCheckNodePort = nil }).healthCheck(of: name("web")) == nil)
        #expect(try core({ $0.proxyName = "other" }).healthCheck(of: name("web")) == nil)
        #expect(try core({ $0.kind = .headless }).healthCheck(of: name("web")) == nil)
        #expect(try core().healthCheck(of: name("other")) == nil)
    }

    struct Listening: CustomTestStringConvertible {
        let items: [String]
        let listens: [String]
        var testDescription: String { items.joined(separator: " ") }
    }

    @Test(
        "servers for node ports listen where these are open",
        arguments: [
            .init(items: ["primary"], listens: ["192.0.2.2", "2001:db8::2"]),
            .init(items: ["198.51.100.0/24"], listens: ["198.51.100.7"]),
            .init(items: ["0.0.0.0/0"], listens: ["0.0.0.0"]),
            .init(items: ["0.0.0.0/0", "2001:db8::/32"], listens: ["0.0.0.0", "2001:db8::2"]),
            .init(items: ["::/0"], listens: ["2001:db8::2"]),
            .init(items: ["0.0.0.0/0", "::/0"], listens: ["::"]),
        ] as [Listening]
    )
    func listening(_ row: Listening) throws {
        let selection = NodePortSelection(try row.items.map(NodePortSelection.Item.init))
        let own = ["192.0.2.2", "198.51.100.7", "2001:db8::2"].map(ip)
        let primary = ["192.0.2.2", "2001:db8::2"].map(ip)
        #expect(selection.listening(among: own, preferred: primary) == row.listens.map(ip))
    }

    @Test("without IPv6 all addresses are those of IPv4")
    func listeningWithoutIPv6() throws {
        let selection = NodePortSelection(try ["0.0.0.0/0", "::/0"].map(NodePortSelection.Item.init))
        #expect(selection.listening(among: [ip("192.0.2.2")], preferred: []) == [ip("0.0.0.0")])
    }

    @Test("a node that is about to be removed gets no traffic")
    func eligible() {
        var node = NodeFacts(KubernetesNode())
        node.taints = ["node.kubernetes.io/unschedulable"]
        #expect(node.isEligible)
        node.taints.append("ToBeDeletedByClusterAutoscaler")
        #expect(!node.isEligible)
        node.taints = []
        node.isBeingDeleted = true
        #expect(!node.isEligible)
    }
}
