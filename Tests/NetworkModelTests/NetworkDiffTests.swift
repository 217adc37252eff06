import Addressing
import NetworkModel
import Testing

@Suite("Differences between two states")
struct NetworkDiffTests {
    /// A change of the observed state, and what CHECK says to it.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout NetworkState) -> Void
        let says: [String]

        init(_ name: String, says: [String], _ change: @escaping @Sendable (inout NetworkState) -> Void) {
            testDescription = name
            self.change = change
            self.says = says
        }
    }

    static let cases = [
        Case("nothing", says: []) { _ in },
        Case("the pod's MTU", says: ["link eth0 (container) mtu: want 1450, have 1500"]) {
            $0.links[PodWire.eth0]?.mtu = 1500
        },
        Case("the host's end is down", says: ["link vethabcdefgh up: want true, have false"]) {
            $0.links[PodWire.hostVeth]?.isUp = false
        },
        Case("the host's end is in another bridge", says: ["link vethabcdefgh master: want cni0, have docker0"]) {
            $0.links[PodWire.hostVeth]?.master = interfaceName("docker0")
        },
        Case("the port is not isolated", says: ["link vethabcdefgh isolated: want true, have false"]) {
            $0.links[PodWire.hostVeth]?.bridgePort?.isolated = false
        },
        Case("properties that nobody named", says: []) {
            $0.links[PodWire.hostVeth]?.bridgePort?.hairpinMode = true
            $0.links[PodWire.hostVeth]?.mtu = 9000
            $0.links[PodWire.hostVeth]?.index = 77
        },
        Case("the bridge is a dummy", says: ["link cni0: want bridge, have dummy"]) {
            $0.links[PodWire.bridge]?.kind = .other("dummy")
        },
        Case(
            "another's veth",
            says: [
                "link vethabcdefgh: want veth with alias 'podnet/9f86d08/eth0', have veth with alias 'a/b/c'"
            ]
        ) { $0.links[PodWire.hostVeth]?.alias = "a/b/c" },
        Case(
            "a veth with its peer elsewhere",
            says: ["link eth0 (container): want veth with peer vethabcdefgh, have veth with peer elsewhere"]
        ) { $0.links[PodWire.eth0]?.kind = .veth(peer: nil) },
        Case(
            "another address",
            says: [
                "address 10.11.23.2/32 dev eth0 (container): missing",
                "address 10.11.23.9/32 dev eth0 (container): not wanted",
            ]
        ) {
            $0.addresses.remove(LinkAddress(PodWire.eth0, cidr("10.11.23.2/32")))
            $0.addresses.insert(LinkAddress(PodWire.eth0, cidr("10.11.23.9/32")))
        },
        Case("the kernel's link-local address", says: []) {
            $0.addresses.insert(LinkAddress(PodWire.eth0, cidr("fe80::1/64")))
        },
        Case("no default route", says: ["route default via 10.11.23.1 dev eth0 (container) onlink: missing"]) {
            $0.routes.remove(Route(PodWire.eth0, to: .everything(.v4), gateway: ip("10.11.23.1"), onlink: true))
        },
        Case(
            "a neighbour with another hardware address",
            says: [
                "neighbour 10.11.23.2 dev cni0 lladdr 02:00:00:00:00:02: missing",
                "neighbour 10.11.23.2 dev cni0 lladdr 02:00:00:00:00:09: not wanted",
            ]
        ) {
            $0.neighbors.remove(Neighbor(PodWire.bridge, ip("10.11.23.2"), PodWire.podMAC))
            $0.neighbors.insert(Neighbor(PodWire.bridge, ip("10.11.23.2"), mac("02:00:00:00:00:09")))
        },
        Case("a sysctl", says: ["sysctl net/ipv4/ip_forward: want '1', have '0'"]) {
            $0.sysctls[PodWire.forwarding] = "0"
        },
        Case(
            "a sysctl that is not there",
            says: ["sysctl net/ipv6/conf/eth0/accept_ra (container): want '0', have none"]
        ) {
            $0.sysctls[PodWire.acceptRA] = nil
        },
        Case("no element", says: ["element 10.11.23.2 of inet podnet-cni pods: missing"]) {
            $0.ruleset = $0.ruleset.withoutElements
        },
        Case("no table", says: ["table inet podnet-cni: missing"]) { $0.ruleset = Ruleset() },
        Case(
            "no rule",
            says: [
                "rules of chain inet podnet-cni masquerade: want 'ip saddr @pods masquerade fully-random', have none"
            ]
        ) { $0.ruleset.tables[PodWire.table]?.chains["masquerade"]?.rules = [] },
        Case(
            "no link at all",
            says: [
                "link vethabcdefgh: missing", "link eth0 (container): missing",
                "address 10.11.23.2/32 dev eth0 (container): missing",
            ]
        ) {
            $0.links[PodWire.hostVeth] = nil
            $0.links[PodWire.eth0] = nil
            $0.addresses.remove(LinkAddress(PodWire.eth0, cidr("10.11.23.2/32")))
        },
    ]

    @Test("are told in words", arguments: cases)
    func told(_ example: Case) {
        var observed = PodWire.wanted
        example.change(&observed)
        let diff = NetworkDiff(from: observed, to: PodWire.wanted)
        #expect(diff.differences.map(\.description) == example.says)
        #expect(diff.isEmpty == example.says.isEmpty)
    }

    @Test("the default metric is no difference", arguments: [("10.0.0.0/8", UInt32(0)), ("fd00::/8", 1024)])
    func metric(_ destination: String, _ metric: UInt32) {
        var (observed, desired) = (NetworkState(), NetworkState())
        observed.routes = [Route(PodWire.eth0, to: cidr(destination), metric: metric)]
        desired.routes = [Route(PodWire.eth0, to: cidr(destination))]
        #expect(NetworkDiff(from: observed, to: desired).isEmpty)
        observed.routes = [Route(PodWire.eth0, to: cidr(destination), metric: metric + 1)]
        #expect(NetworkDiff(from: observed, to: desired).differences.count == 2)
    }

    @Test("a conflict stops the plan; DEL goes around it")
    func conflict() throws {
        var observed = PodWire.wanted
        observed.links[PodWire.bridge]?.kind = .other("ovs")
        let error = #expect(throws: LinkConflict.self) { try NetworkPlan(from: observed, to: PodWire.wanted) }
        #expect(error?.description == "link cni0: wanted bridge, found ovs")
        #expect(error?.reason == .kind)
        let removal = NetworkDiff(from: observed, to: NetworkState()).planAroundConflicts
        let touchesBridge = removal.steps.map(words).contains { $0.contains("cni0") && !$0.contains("podnet-cni") }
        #expect(!touchesBridge)
        #expect(removal.steps.map(words).contains("delete vethabcdefgh"))
    }

    @Test(
        "what cannot be made is a conflict",
        arguments: [
            Link(host("dummy0"), kind: .other("dummy")), Link(host("lo"), kind: .loopback),
            Link(host("veth0"), kind: .veth(peer: nil)), Link(host("veth0"), kind: .veth(peer: pod("eth0"))),
            Link(host("veth0"), kind: .veth(peer: host("veth0"))),
        ]
    )
    func notMakeable(_ link: Link) {
        var desired = NetworkState()
        desired.insert(link)
        #expect(NetworkDiff(from: NetworkState(), to: desired).conflicts.map(\.reason) == [.notMakeable])
    }

    @Test("half a pair is a conflict", arguments: [PodWire.hostVeth, PodWire.eth0])
    func halfPair(_ lost: LinkID) {
        var observed = PodWire.wanted
        observed.links[lost] = nil
        #expect(throws: LinkConflict.self) { try NetworkPlan(from: observed, to: PodWire.wanted) }
    }

    @Test("a link that is to stay is not deleted with its peer")
    func peerStays() {
        var desired = PodWire.wanted
        desired.links[PodWire.hostVeth] = nil
        desired.links[PodWire.eth0]?.kind = .veth(peer: nil)
        #expect(NetworkDiff(from: PodWire.wanted, to: desired).conflicts.map(\.reason) == [.peer])
    }

    @Test("what no plan makes, no plan removes", arguments: [Link.Kind.loopback, .other(""), .other("wireguard")])
    func notRemovable(_ kind: Link.Kind) {
        var observed = NetworkState()
        observed.insert(Link(host("wg0"), kind: kind))
        let diff = NetworkDiff(from: observed, to: NetworkState())
        #expect(diff.conflicts.map(\.reason) == [.notRemovable])
        #expect(diff.planAroundConflicts.isEmpty)
    }
}

@Suite("Changes of what is there")
struct NetworkChangeTests {
    @Test("a bridge gets its new address before it loses the old one, which would take all pods' routes along")
    func newAddress() throws {
        var desired = PodWire.shared
        desired.addresses = [LinkAddress(PodWire.bridge, cidr("10.11.24.1/32"))]
        let plan = try NetworkPlan(from: PodWire.shared, to: desired)
        #expect(plan.steps.map(words) == ["+ 10.11.24.1/32 dev cni0", "- 10.11.23.1/32 dev cni0"])
    }

    @Test("a new address of the same network would be secondary: the old one goes first, routes are made again")
    func sameNetwork() throws {
        var (observed, desired) = (NetworkState(), NetworkState())
        observed.insert(Link(PodWire.bridge, kind: .bridge, isUp: true))
        desired.links = observed.links
        let route = Route(PodWire.bridge, to: cidr("192.0.2.0/24"))
        (observed.routes, desired.routes) = ([route], [route])
        observed.addresses = [LinkAddress(PodWire.bridge, cidr("10.11.23.1/24"))]
        desired.addresses = [LinkAddress(PodWire.bridge, cidr("10.11.23.2/24"))]
        #expect(
            try NetworkPlan(from: observed, to: desired).steps.map(words) == [
                "- 192.0.2.0/24 dev cni0", "- 10.11.23.1/24 dev cni0", "+ 10.11.23.2/24 dev cni0",
                "+ 192.0.2.0/24 dev cni0",
            ]
        )
    }

    @Test("a link that gets another hardware address loses its neighbours: they are made again")
    func newHardwareAddress() throws {
        var observed = PodWire.wanted
        observed.links[PodWire.bridge]?.mac = mac("02:00:00:00:00:99")
        #expect(
            try NetworkPlan(from: observed, to: PodWire.wanted).steps.map(words) == [
                "- 10.11.23.2 dev cni0 lladdr 02:00:00:00:00:02",
                "change cni0",
                "+ 10.11.23.2 dev cni0 lladdr 02:00:00:00:00:02",
            ]
        )
    }

    @Test("a port that changes bridges gets its options again")
    func newBridge() throws {
        var observed = PodWire.wanted
        observed.insert(Link(host("br1"), kind: .bridge, isUp: true))
        observed.links[PodWire.hostVeth]?.bridgePort = .init(hairpinMode: false, isolated: true)
        var desired = observed
        desired.links[PodWire.hostVeth]?.master = interfaceName("br1")
        let steps = try NetworkPlan(from: observed, to: desired).steps
        guard steps.count == 2, case .changeLink(_, let moved) = steps[0], case .changeLink(_, let set) = steps[1]
        else {
            Issue.record("not two changes: \(steps.map(words))")
            return
        }
        #expect(moved.master == interfaceName("br1") && moved.bridgePort?.isolated == false)
        #expect(set.bridgePort?.isolated == true)
    }

    @Test("routes by gateways go before, and come after, those that make the gateway reachable")
    func routeOrder() throws {
        let onLink = Route(PodWire.eth0, to: cidr("192.0.2.1/32"))
        let byGateway = Route(PodWire.eth0, to: cidr("10.0.0.0/8"), gateway: ip("192.0.2.1"))
        var with = NetworkState()
        with.insert(Link(PodWire.eth0, kind: .veth(peer: nil), isUp: true))
        let without = with
        with.routes = [onLink, byGateway]
        #expect(try NetworkPlan(from: without, to: with).steps == [.addRoute(onLink), .addRoute(byGateway)])
        #expect(try NetworkPlan(from: with, to: without).steps == [.removeRoute(byGateway), .removeRoute(onLink)])
    }
}
