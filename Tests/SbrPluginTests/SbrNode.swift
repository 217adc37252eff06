import Addressing
import CNI
import FakeKernel
import FakeNode
import NetworkModel
import SbrPlugin
import Testing

/// A node whose pod has got eth0 with two addresses of IPv4 and one of IPv6, as the plugin before has made it.
struct SbrNode {
    let node = FakeNode(SbrPlugin.init)

    init() throws {
        let link = try Self.link()
        var state = node.kernel.state
        state.links[link] = Link(link, kind: .veth(peer: nil), mtu: 1500, isUp: true, index: 7)
        for text in ["10.1.0.2/24", "10.2.0.2/24", "fd00:1::2/64"] {
            state.addresses.insert(LinkAddress(link, try #require(CIDR(text))))
        }
        state.routes = [
            try Self.route("10.1.0.0/24", source: "10.1.0.2", origin: Route.kernelProtocol),
            try Self.route("10.2.0.0/24", source: "10.2.0.2", origin: Route.kernelProtocol),
            try Self.route("fd00:1::/64", metric: 256, origin: Route.kernelProtocol),
            try Self.route("fe80::/64", metric: 256, origin: Route.kernelProtocol),
            try Self.route("0.0.0.0/0", by: "10.1.0.1"),
            try Self.route("10.99.0.0/16", by: "10.2.0.1"),
            try Self.route("::/0", by: "fd00:1::1"),
        ]
        node.kernel = FakeKernel(holding: state)
    }

    /// Runs ADD with keys of the plugin; what the plugin before answered goes along.
    @discardableResult
    func add(_ keys: String = "") throws -> CNIResult { try node.add(Self.config(keys)) }
    func check(_ keys: String = "") throws { try node.plugin.check(try request("CHECK", keys)) }
    func del(_ keys: String = "", netns: String = "/run/netns/pod") throws {
        try node.del(Self.config(keys), netns: netns)
    }

    private func request(_ verb: String, _ keys: String) throws -> Request {
        let invocation = try Invocation(environment: [
            "CNI_COMMAND": verb, "CNI_CONTAINERID": "c1", "CNI_NETNS": "/run/netns/pod", "CNI_IFNAME": "eth0",
            "CNI_PATH": "/opt/cni/bin",
        ])
        return try Request(
            invocation,
            try NetworkConfig(parsing: Array(Self.config(keys).utf8), verb: invocation.verb)
        )
    }

    /// The routes of a table, and the rules, each as one text.
    func table(_ number: UInt32) -> [String] {
        node.kernel.state.routes.filter { $0.table == number }.sorted().map(\.description)
    }
    var rules: [String] { node.kernel.state.rules.sorted().map(\.description) }

    static func link() throws -> LinkID { LinkID(.container, try InterfaceName("eth0")) }

    static func route(
        _ destination: String,
        by gateway: String? = nil,
        table: UInt32 = Route.mainTable,
        metric: UInt32? = nil,
        source: String? = nil,
        origin: UInt8 = Route.bootProtocol
    ) throws -> Route {
        Route(
            try link(),
            to: try #require(CIDR(destination)),
            gateway: gateway.flatMap { IPAddress($0) },
            table: table,
            metric: metric,
            source: source.flatMap { IPAddress($0) },
            origin: origin
        )
    }

    static func config(_ keys: String, ips: String = ips) -> String {
        """
        {"cniVersion": "1.1.0", "name": "net", "type": "sbr"\(keys.isEmpty ? "" : ", \(keys)"), "prevResult": {
            "cniVersion": "1.1.0", "interfaces": [{"name": "br0"}, {"name": "eth0", "sandbox": "/run/netns/pod"}],
            "ips": [\(ips)]}}
        """
    }

    static let ips = """
        {"address": "10.1.0.2/24", "gateway": "10.1.0.1", "interface": 1},
        {"address": "10.2.0.2/24", "gateway": "10.2.0.1", "interface": 1},
        {"address": "10.3.0.1/24", "interface": 0},
        {"address": "fd00:1::2/64", "gateway": "fd00:1::1", "interface": 1}
        """
}
