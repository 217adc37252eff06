import Addressing
import FakeKernel
import NetworkModel
import ServiceProxy
import Testing

/// `udp 10.96.0.10:53 > 10.11.0.1:5353`: what a client connected to, and who answers; with `?` nobody has yet.
private func flow(_ text: String) throws -> Flow {
    let words = text.split(separator: " ").map(String.init)
    let client = FlowEnd(ip("10.11.0.99"), try port(40_000))
    func end(_ text: String) throws -> FlowEnd {
        let parts = text.split(separator: ":")
        return FlowEnd(ip(String(parts[0])), try port(try #require(Int(parts[1]))))
    }
    return Flow(
        try #require(TransportProtocol(rawValue: words[0])),
        from: client,
        to: try end(words[1]),
        answeredBy: try end(words[3]),
        to: client,
        isAnswered: words.count == 4
    )
}

/// A service `dns` by every way in, with endpoints 10.11.0.1 and 10.11.0.2, on a node 192.0.2.2.
private struct FlowNode {
    var node = FakeNode(ProxySettings(nodeName: "here", families: [.v4]))
    static let entrances = ["10.96.0.10:53", "192.0.2.2:30053", "203.0.113.7:53", "198.51.100.7:53"]

    init(serving: Bool = true) throws {
        node.core.use(NodeConditions(nodePortAddresses: [ip("192.0.2.2")], primaryAddresses: [ip("192.0.2.2")]))
        if serving { try node.take(.service(dns()), .slice(endpoints("1", "2"))) }
    }

    func dns(port number: Int = 53, _ policy: TrafficPolicy = .cluster) throws -> Service {
        var service = try service("dns", ["10.96.0.10"])
        service.ports = try [TransportProtocol.udp, .tcp, .sctp].map { transport in
            ServicePort(name: transport.rawValue, transport, try port(number), nodePort: try port(30_053))
        }
        service.exposure = ServiceExposure(
            isLoadBalancer: true,
            externalIPs: [ip("198.51.100.7")],
            loadBalancerIPs: [ip("203.0.113.7")],
            policy: policy
        )
        return service
    }

    /// Endpoints 10.11.0.x: `2-` is going away but serves, `2!` does not serve any more.
    func endpoints(_ names: String..., port number: Int = 5353, of service: String = "dns") throws -> EndpointSlice {
        let endpoints = names.map { name in
            var endpoint = Endpoint(ip("10.11.0.\(name.prefix { $0.isNumber })"), nodeName: "there")
            if name.hasSuffix("-") || name.hasSuffix("!") { (endpoint.isReady, endpoint.isTerminating) = (false, true) }
            if name.hasSuffix("!") { endpoint.isServing = false }
            return endpoint
        }
        return try slice(
            "\(service)-a",
            of: service,
            endpoints,
            ports: [TransportProtocol.udp, .tcp, .sctp].map { transport in
                EndpointPort(name: transport.rawValue, transport, try port(number))
            }
        )
    }

    /// Which of these connections are forgotten after these changes.
    mutating func forgotten(_ flows: [String], after changes: ServiceChange...) throws -> [String] {
        let searches = try node.take(changes).map(\.flowSearch)
        let (lost, begun) = (searches.map(\.lost), searches.map(\.begun))
        return try forgotten(flows, by: FlowSearch(lost: Set(lost.joined()), begun: Set(begun.joined())))
    }

    mutating func forgotten(_ texts: [String], by search: FlowSearch) throws -> [String] {
        let flows = try texts.map { try flow($0) }
        node.kernel.flows = Set(flows)
        let found = try node.core.flowFilters(search).flatMap { filter in try node.kernel.flows(filter) }
        _ = try node.kernel.forget(node.core.staleFlows(found, in: search))
        return zip(texts, flows).filter { !node.kernel.flows.contains($1) }.map(\.0)
    }

    /// The daemon ends, and another one finds what it left.
    mutating func restart(_ changes: ServiceChange...) throws {
        let ruleset = node.kernel.state.ruleset
        var core = ProxyCore(node.core.settings)
        core.source = .complete
        core.use(NodeConditions(nodePortAddresses: [ip("192.0.2.2")], primaryAddresses: [ip("192.0.2.2")]))
        core.adopt(ruleset)
        node.core = core
        try node.take(changes)
    }
}

@Suite("Connections to endpoints that are gone")
struct StaleFlowTests {
    /// Connections to both endpoints by every entrance, and others that nobody may touch.
    private let toFirst = FlowNode.entrances.map { "udp \($0) > 10.11.0.1:5353" }
    private let toSecond = FlowNode.entrances.flatMap {
        ["udp \($0) > 10.11.0.2:5353", "sctp \($0) > 10.11.0.2:5353", "tcp \($0) > 10.11.0.2:5353 ?"]
    }
    private let others = [
        "udp 10.11.0.2:5353 > 10.11.0.2:5353",  // straight to the endpoint
        "udp 8.8.8.8:53 > 8.8.8.8:53", "udp 10.96.0.11:53 > 10.11.0.2:5353", "udp 198.18.0.1:30053 > 198.18.0.1:30053",
        "tcp 10.96.0.10:53 > 10.11.0.2:5353",  // both sides have spoken
        "udp 10.96.0.10:54 > 10.11.0.2:5353",
    ]

    @Test("an endpoint goes: what leads to it by any entrance, and nothing else")
    func endpointGone() throws {
        var node = try FlowNode()
        let slice = try node.endpoints("1")
        #expect(try node.forgotten(toFirst + toSecond + others, after: .slice(slice)) == toSecond)
    }

    @Test("all endpoints go, or the service does: everything that was led anywhere")
    func nothingLeft() throws {
        var node = try FlowNode()
        let slice = try node.endpoints()
        #expect(try node.forgotten(toFirst + toSecond + others, after: .slice(slice)) == toFirst + toSecond)
        node = try FlowNode()
        let all = toFirst + toSecond
        #expect(try node.forgotten(all + others, after: .deleteService(name("dns"))) == all)
    }

    @Test("an endpoint that goes away keeps its connections until it no longer serves")
    func draining() throws {
        var node = try FlowNode()
        var slice = try node.endpoints("1", "2-")
        #expect(try node.forgotten(toFirst + toSecond, after: .slice(slice)) == [])
        slice = try node.endpoints("1", "2!")
        #expect(try node.forgotten(toFirst + toSecond, after: .slice(slice)) == toSecond)
    }

    @Test("a port changes: of the service, of the endpoints, of the node's address")
    func ports() throws {
        var node = try FlowNode()
        let service = try node.dns(port: 54)
        let virtual = toFirst.filter { !$0.contains("30053") }
        #expect(try node.forgotten(toFirst, after: .service(service)) == virtual)
        node = try FlowNode()
        let slice = try node.endpoints("1", "2", port: 5454)
        let new = "udp 10.96.0.10:53 > 10.11.0.1:5454"
        #expect(try node.forgotten(toFirst + [new], after: .slice(slice)) == toFirst)
        node = try FlowNode()
        node.node.core.use(NodeConditions(nodePortAddresses: [ip("192.0.2.3")], primaryAddresses: [ip("192.0.2.3")]))
        let nodePort = toFirst.filter { $0.contains("30053") }
        #expect(try node.forgotten(toFirst) == nodePort)
    }

    @Test("an address that another service's endpoint has now keeps that one's connections only")
    func reusedAddress() throws {
        var node = try FlowNode()
        var web = try service("web", ["10.96.0.20"])
        web.ports = [ServicePort(name: "udp", .udp, try port(53))]
        try node.node.take(.service(web), .slice(node.endpoints("2", of: "web")))
        let its = "udp 10.96.0.20:53 > 10.11.0.2:5353"
        let slice = try node.endpoints("1")
        #expect(try node.forgotten([its] + toSecond, after: .slice(slice)) == toSecond)
    }

    @Test("what began before there was a rule, and nobody answered, is led to an endpoint now")
    func blackHoles() throws {
        let lost = FlowNode.entrances.flatMap { entrance in
            [TransportProtocol.udp, .tcp, .sctp].map { "\($0.rawValue) \(entrance) > \(entrance) ?" }
        }
        let answered = FlowNode.entrances.map { "udp \($0) > \($0)" }
        var node = try FlowNode(serving: false)
        let (service, slice) = (try node.dns(), try node.endpoints("1"))
        // Without an endpoint they are refused, packet by packet.
        #expect(try node.forgotten(lost + answered, after: .service(service)) == [])
        #expect(try node.forgotten(lost + answered + others, after: .slice(slice)) == lost)
    }

    @Test("a restart forgets what leads to endpoints that went meanwhile, and nothing that is well")
    func restart() throws {
        var node = try FlowNode()
        let (service, slice) = (try node.dns(), try node.endpoints("1", "2-"))
        try node.node.take(.slice(slice))
        try node.restart(.service(service), .slice(slice))
        #expect(try node.forgotten(toFirst + toSecond + others, by: .all) == [])
        let later = try node.endpoints("1", "2!")
        #expect(try node.forgotten(toFirst + toSecond + others, after: .slice(later)) == toSecond)
        node = try FlowNode()
        try node.restart(.service(service), .slice(later))
        #expect(try node.forgotten(toFirst + toSecond + others, by: .all) == toSecond)
    }

    @Test("for many services at once the kernel is asked few questions, and hands out nothing that is nobody's")
    func manyAtOnce() throws {
        var node = try FlowNode(serving: false)
        for index in 1...40 {
            var service = try service("s\(index)", ["10.96.1.\(index)"])
            service.ports = try [TransportProtocol.udp, .tcp].map {
                ServicePort(name: $0.rawValue, $0, try port(53))
            }
            try node.node.take(.service(service), .slice(node.endpoints("1", of: "s\(index)")))
        }
        #expect(node.node.core.flowFilters(.all).count == 3)
        let stale = (1...40).flatMap { index in
            [
                "udp 10.96.1.\(index):53 > 10.11.0.9:5353", "udp 10.96.1.\(index):53 > 10.96.1.\(index):53 ?",
                "tcp 10.96.1.\(index):53 > 10.11.0.9:5353 ?",
            ]
        }
        let well = (1...40).map { "udp 10.96.1.\($0):53 > 10.11.0.1:5353" }
        #expect(try node.forgotten(stale + well + others, by: .all) == stale)
        node.node.kernel.flows = Set(try others.map { try flow($0) })
        let found = try node.node.core.flowFilters(.all).flatMap { filter in try node.node.kernel.flows(filter) }
        let untranslated = found.filter { !$0.isTranslated }
        #expect(untranslated == [])
    }
}
