import Addressing
import NetworkModel

/// A pod's wire in host address mode, as docs/architecture.md draws it: the state that an ADD wants.
enum PodWire {
    static let bridge = host("cni0")
    static let hostVeth = host("vethabcdefgh")
    static let eth0 = pod("eth0")
    static let bridgeMAC = mac("02:00:00:00:00:01")
    static let podMAC = mac("02:00:00:00:00:02")
    static let tag = "podnet/9f86d08/eth0"
    static let table = TableID(.inet, "podnet-cni")
    static let strictSource = Sysctl(.host, "ipv4/conf/vethabcdefgh/rp_filter")
    static let redirects = Sysctl(.host, "ipv4/conf/cni0/send_redirects")
    static let forwarding = Sysctl(.host, "ipv4/ip_forward")
    static let acceptRA = Sysctl(.container, "ipv6/conf/eth0/accept_ra")

    static let wanted: NetworkState = {
        var state = shared
        state.insert(
            Link(
                hostVeth,
                kind: .veth(peer: eth0),
                isUp: true,
                alias: tag,
                master: bridge.name,
                bridgePort: .init(isolated: true)
            )
        )
        state.insert(Link(eth0, kind: .veth(peer: hostVeth), mac: podMAC, mtu: 1450, isUp: true))
        state.addresses.insert(LinkAddress(eth0, cidr("10.11.23.2/32")))
        state.routes.formUnion([
            Route(eth0, to: .everything(.v4), gateway: ip("10.11.23.1"), onlink: true),
            Route(eth0, to: cidr("10.11.23.1/32"), scope: .link),
            Route(bridge, to: cidr("10.11.23.2/32"), scope: .link, origin: Route.ownProtocol),
        ])
        state.neighbors = [Neighbor(eth0, ip("10.11.23.1"), bridgeMAC), Neighbor(bridge, ip("10.11.23.2"), podMAC)]
        state.sysctls[strictSource] = "1"
        state.sysctls[acceptRA] = "0"
        state.ruleset.tables[table]?.sets["pods"]?.elements[ip("10.11.23.2").bytes] = Element(comment: tag)
        return state
    }()

    /// What stays when the last pod is gone.
    static let shared: NetworkState = {
        var state = NetworkState()
        state.insert(Link(bridge, kind: .bridge, mac: bridgeMAC, isUp: true))
        state.addresses = [LinkAddress(bridge, cidr("10.11.23.1/32"))]
        state.sysctls = [redirects: "0", forwarding: "1"]
        state.ruleset.tables[table] = Table(
            chains: ["masquerade": Chain(base: .init(.nat, .postrouting, priority: 100), rules: [masquerade])],
            sets: ["pods": ElementSet(key: [.ipv4Address])]
        )
        return state
    }()

    private static let masquerade = Rule([
        .payload(.network, offset: 12, length: 4, into: Register(0)),
        .lookup(set: "pods", key: Register(0), into: nil),
        .masquerade(fullyRandom: true),
    ])

    /// What an ADD looks at.
    static let scope: Scope = {
        var scope = Scope()
        scope.links = [bridge, hostVeth, eth0]
        scope.addressesOf = [bridge, eth0]
        scope.routesOf = [eth0]
        scope.hostRoutesTo = [cidr("10.11.23.2/32")]
        scope.neighborsOf = [eth0]
        scope.hostNeighbors = [.init(bridge.name, ip("10.11.23.2"))]
        scope.sysctls = [strictSource, redirects, forwarding, acceptRA]
        scope.tables = [table: .keys([Scope.ElementKey("pods", ip("10.11.23.2").bytes)])]
        return scope
    }()
}
