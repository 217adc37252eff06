import Addressing
import FakeKernel
import NetworkModel
import Testing

@Suite("The fake kernel refuses what Linux refuses")
struct FakeKernelRefusalTests {
    /// A step on a node with one pod, and why it is refused.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let step: Step
        let reason: KernelError.Reason

        init(_ name: String, _ step: Step, _ reason: KernelError.Reason) {
            testDescription = name
            self.step = step
            self.reason = reason
        }
    }

    private static let veth = Link(PodWire.hostVeth, kind: .veth(peer: PodWire.eth0))
    private static let freshPair = (
        Link(host("vethnew"), kind: .veth(peer: pod("eth9"))), Link(pod("eth9"), kind: .veth(peer: host("vethnew")))
    )

    private static func changed(_ id: LinkID, _ kind: Link.Kind, _ change: (inout Link) -> Void) -> Step {
        let old = Link(id, kind: kind)
        var new = old
        change(&new)
        return .changeLink(from: old, to: new)
    }

    static let linkCases = [
        Case("a bridge twice", .createBridge(Link(PodWire.bridge, kind: .bridge)), .exists),
        Case(
            "a pair whose peer's name is taken",
            .createVethPair(freshPair.0, peer: Link(PodWire.eth0, kind: .veth(peer: host("vethnew")))),
            .exists
        ),
        Case("deleting what is not there", .deleteLink(freshPair.0), .notFound),
        Case("deleting loopback", .deleteLink(Link(host("lo"), kind: .loopback)), .unsupported),
        Case("changing what is not there", changed(host("none"), .bridge) { $0.mtu = 1400 }, .notFound),
        Case(
            "a port of no bridge",
            changed(PodWire.hostVeth, .veth(peer: nil)) { $0.master = interfaceName("none") },
            .notFound
        ),
        Case("a port of a veth", changed(PodWire.bridge, .bridge) { $0.master = PodWire.hostVeth.name }, .unsupported),
        Case(
            "port options of no port",
            changed(PodWire.eth0, .veth(peer: nil)) { $0.bridgePort = .init(isolated: true) },
            .unsupported
        ),
        Case("an MTU of 67", changed(PodWire.bridge, .bridge) { $0.mtu = 67 }, .invalid),
        Case("a group's address", changed(PodWire.bridge, .bridge) { $0.mac = mac("01:00:00:00:00:00") }, .notFound),
        Case(
            "an alias of 256 bytes",
            changed(PodWire.bridge, .bridge) { $0.alias = String(repeating: "a", count: 256) },
            .invalid
        ),
    ]

    static let addressCases = [
        Case("an address twice", .addAddress(LinkAddress(PodWire.eth0, cidr("10.11.23.2/32"))), .exists),
        Case("an address on no link", .addAddress(LinkAddress(pod("eth9"), cidr("10.0.0.1/8"))), .notFound),
        Case("removing no address", .removeAddress(LinkAddress(PodWire.eth0, cidr("10.11.23.2/24"))), .notFound),
        Case("a route twice, by another link", .addRoute(Route(PodWire.hostVeth, to: cidr("10.11.23.2/32"))), .exists),
        Case(
            "a pod's route twice",
            .addRoute(Route(PodWire.eth0, to: cidr("0.0.0.0/0"), gateway: ip("10.11.23.1"), onlink: true)),
            .exists
        ),
        Case("a route by a link that is down", .addRoute(Route(host("lo"), to: cidr("10.0.0.0/8"))), .other),
        Case("a route twice", .addRoute(Route(PodWire.bridge, to: cidr("10.11.23.2/32"))), .exists),
        Case(
            "a route by a gateway that is nowhere",
            .addRoute(Route(PodWire.eth0, to: cidr("10.0.0.0/8"), gateway: ip("192.0.2.1"))),
            .other
        ),
        Case("removing a route by another link", .removeRoute(Route(host("lo"), to: cidr("10.11.23.2/32"))), .notFound),
        Case("a neighbour twice", .addNeighbor(Neighbor(PodWire.eth0, ip("10.11.23.1"), PodWire.podMAC)), .exists),
        Case(
            "removing no neighbour",
            .removeNeighbor(Neighbor(PodWire.eth0, ip("10.9.9.9"), PodWire.podMAC)),
            .notFound
        ),
        Case(
            "a sysctl that is not there",
            .setSysctl(Sysctl(.host, "ipv4/conf/none/rp_filter"), from: "0", to: "1"),
            .notFound
        ),
        Case("no value for a sysctl", .setSysctl(PodWire.forwarding, from: "1", to: ""), .invalid),
        Case("carrier of a link that is down", .awaitCarrier(Link(host("lo"), kind: .loopback)), .other),
    ]

    private static let table = PodWire.table

    private static func transaction(_ name: String, _ reason: KernelError.Reason, _ changes: RulesetChange...) -> Case {
        Case(name, .changeRuleset(changes, undo: []), reason)
    }

    static let rulesetCases = [
        transaction("a rule in no chain", .notFound, .appendRule(table, chain: "none", Rule([.counter]))),
        transaction(
            "a rule that calls no chain",
            .notFound,
            .appendRule(table, chain: "masquerade", Rule([.verdict(.jump("none"))]))
        ),
        transaction(
            "a rule that calls a base chain",
            .unsupported,
            .addChain(table, "c", nil, comment: nil),
            .appendRule(table, chain: "c", Rule([.verdict(.jump("masquerade"))]))
        ),
        transaction(
            "a rule that looks into no set",
            .notFound,
            .appendRule(
                table,
                chain: "masquerade",
                Rule([.meta(.mark, into: Register(0)), .lookup(set: "none", key: Register(0), into: nil)])
            )
        ),
        transaction(
            "a register that was not written",
            .other,
            .appendRule(
                table,
                chain: "masquerade",
                Rule([.meta(.mark, into: Register(0)), .compare(Register(1), .equal, [1])])
            )
        ),
        transaction(
            "sixteen registers are not enough",
            .invalid,
            .appendRule(
                table,
                chain: "masquerade",
                Rule([.meta(.inputName, into: Register(13))])
            )
        ),
        transaction(
            "an element of no set",
            .notFound,
            .addElements(table, set: "none", [KeyedElement([1], Element())])
        ),
        transaction(
            "a key of another length",
            .invalid,
            .addElements(table, set: "pods", [KeyedElement([1], Element())])
        ),
        transaction(
            "data in a set",
            .invalid,
            .addElements(table, set: "pods", [KeyedElement([1, 2, 3, 4], Element(.data([1])))])
        ),
        transaction(
            "other data for a key",
            .exists,
            .addSet(table, "m", key: [.mark], value: .data([.mark]), comment: nil),
            .addElements(table, set: "m", [KeyedElement([0, 0, 0, 1], Element(.data([0, 0, 0, 1])))]),
            .addElements(table, set: "m", [KeyedElement([0, 0, 0, 1], Element(.data([0, 0, 0, 2])))])
        ),
        transaction("deleting no element", .notFound, .deleteElements(table, set: "pods", [[9, 9, 9, 9]])),
        transaction("deleting a set that a rule looks into", .busy, .deleteSet(table, "pods")),
        transaction(
            "deleting a chain that an element calls",
            .busy,
            .addChain(table, "c", nil, comment: nil),
            .addSet(table, "v", key: [.mark], value: .verdict, comment: nil),
            .addElements(table, set: "v", [KeyedElement([0, 0, 0, 1], Element(.verdict(.goto("c"))))]),
            .deleteChain(table, "c")
        ),
        transaction(
            "deleting a chain that a rule calls",
            .busy,
            .addChain(table, "c", nil, comment: nil),
            .appendRule(table, chain: "masquerade", Rule([.verdict(.jump("c"))])),
            .deleteChain(table, "c")
        ),
        transaction(
            "a chain at another hook",
            .exists,
            .addChain(table, "masquerade", .init(.nat, .prerouting, priority: 0), comment: nil)
        ),
        transaction("a set of another type", .exists, .addSet(table, "pods", key: [.mark], value: nil, comment: nil)),
        transaction(
            "a rule that writes to a set that only transactions change",
            .unsupported,
            .appendRule(
                table,
                chain: "masquerade",
                Rule([
                    .meta(.mark, into: Register(0)),
                    .writeElement(.add, set: "pods", key: Register(0), data: nil),
                ])
            )
        ),
        transaction(
            "a rule that writes to a map without data",
            .invalid,
            .addSet(table, "m", key: [.mark], value: .data([.mark]), dynamic: .init(timeout: 1, size: 1), comment: nil),
            .appendRule(
                table,
                chain: "masquerade",
                Rule([
                    .meta(.mark, into: Register(0)),
                    .writeElement(.delete, set: "m", key: Register(0), data: nil),
                ])
            )
        ),
        transaction(
            "a set with another timeout",
            .exists,
            .addSet(table, "m", key: [.mark], value: nil, dynamic: .init(timeout: 1, size: 1), comment: nil),
            .addSet(table, "m", key: [.mark], value: nil, dynamic: .init(timeout: 2, size: 1), comment: nil)
        ),
        transaction(
            "a comment of 128 bytes",
            .invalid,
            .appendRule(
                table,
                chain: "masquerade",
                Rule([.counter], comment: String(repeating: "c", count: 128))
            )
        ),
        transaction("deleting no table", .notFound, .deleteTable(TableID(.ip6, "none"))),
        transaction(
            "a good change before a bad one",
            .notFound,
            .addChain(table, "c", nil, comment: nil),
            .deleteSet(table, "none")
        ),
    ]

    @Test("and nothing changes", arguments: linkCases + addressCases + rulesetCases)
    func refused(_ example: Case) throws {
        var kernel = try NetworkPlanTests.kernelWithPod()
        let before = kernel.everything
        let error = #expect(throws: KernelError.self) { try kernel.apply(example.step) }
        #expect(error?.reason == example.reason, "\(error?.description ?? "no error")")
        #expect(kernel.everything == before)
    }

    @Test("a commit on an older ruleset is refused")
    func generation() throws {
        var kernel = try NetworkPlanTests.kernelWithPod()
        let generation = try kernel.generation()
        kernel.changeBehindTheBack { $0.tables[PodWire.table]?.sets["pods"]?.elements = [:] }
        let error = #expect(throws: KernelError.self) {
            try kernel.commit([.deleteTable(PodWire.table)], generation: generation)
        }
        #expect(error?.reason == .interrupted)
        try kernel.commit([.deleteTable(PodWire.table)], generation: try kernel.generation())
        #expect(kernel.state.ruleset.tables.isEmpty)
    }

    @Test("IPv6 addresses where IPv6 is switched off")
    func disabledIPv6() throws {
        var kernel = try NetworkPlanTests.kernelWithPod()
        try kernel.apply(.setSysctl(Sysctl(.container, "ipv6/conf/eth0/disable_ipv6"), from: "0", to: "1"))
        let error = #expect(throws: KernelError.self) {
            try kernel.apply(.addAddress(LinkAddress(PodWire.eth0, cidr("fd00::2/128"))))
        }
        #expect(error?.reason == .denied)
    }
}

@Suite("The fake kernel")
struct FakeKernelTests {
    @Test("deletes a pair, and what is on it, with either end", arguments: [PodWire.hostVeth, PodWire.eth0])
    func deletesAlong(_ end: LinkID) throws {
        var kernel = try NetworkPlanTests.kernelWithPod()
        try kernel.apply(.deleteLink(Link(end, kind: .veth(peer: nil))))
        #expect(Set(kernel.state.links.keys) == [PodWire.bridge, host("lo"), pod("lo")])
        #expect(kernel.state.addresses == PodWire.shared.addresses)
        #expect(Set(kernel.state.routes.map(\.link)) == [PodWire.bridge])
        #expect(Set(kernel.state.neighbors.map(\.link)) == [PodWire.bridge])
        #expect(kernel.state.sysctls.keys.allSatisfy { $0.link != PodWire.hostVeth && $0.link != PodWire.eth0 })
    }

    @Test("frees the ports of a bridge that goes")
    func deletesBridge() throws {
        var kernel = try NetworkPlanTests.kernelWithPod()
        try kernel.apply(.deleteLink(Link(PodWire.bridge, kind: .bridge)))
        #expect(kernel.state.links[PodWire.hostVeth]?.master == nil)
        #expect(kernel.state.links[PodWire.hostVeth]?.bridgePort == nil)
    }

    @Test("takes a link's IPv4 routes with its last IPv4 address")
    func lastAddress() throws {
        var kernel = try NetworkPlanTests.kernelWithPod()
        try kernel.apply(.removeAddress(LinkAddress(PodWire.bridge, cidr("10.11.23.1/32"))))
        #expect(!kernel.state.routes.contains { $0.link == PodWire.bridge })
    }

    @Test("shows only what the scope names")
    func scope() throws {
        var kernel = try NetworkPlanTests.kernelWithPod()
        #expect(try kernel.observe(Scope()).isEmpty)
        var scope = Scope()
        scope.hostRoutesTo = [cidr("10.11.23.2/32")]
        scope.tables = [PodWire.table: .commentPrefix("podnet/")]
        let seen = try kernel.observe(scope)
        #expect(seen.routes.map(\.link) == [PodWire.bridge])
        #expect(seen.links.isEmpty && seen.addresses.isEmpty && seen.neighbors.isEmpty)
        #expect(seen.ruleset.tables[PodWire.table]?.sets["pods"]?.elements.count == 1)
        scope.tables = [PodWire.table: .commentPrefix("other/")]
        #expect(try kernel.observe(scope).ruleset.tables[PodWire.table]?.sets["pods"]?.elements.isEmpty == true)
    }

    @Test("without the pod's namespace knows nothing of it, and does nothing in it")
    func noContainer() throws {
        var kernel = try NetworkPlanTests.kernelWithPod()
        kernel.hasContainer = false
        let seen = try kernel.observe(PodWire.scope)
        #expect(seen.links[PodWire.hostVeth]?.kind == .veth(peer: nil))
        #expect(seen.links[PodWire.eth0] == nil && !seen.routes.contains { $0.link == PodWire.eth0 })
        let error = #expect(throws: KernelError.self) {
            try kernel.apply(.addAddress(LinkAddress(PodWire.eth0, cidr("10.0.0.1/8"))))
        }
        #expect(error?.reason == .notFound)
    }

    @Test("fails once, for good, or dies where a test wants it")
    func faults() throws {
        let error = KernelError("test", "fault", reason: .busy, text: "injected")
        let steps = ["a", "b", "c"].map { Step.createBridge(Link(host($0), kind: .bridge)) }
        func made(_ fault: Fault) -> [String] {
            var kernel = FakeKernel(holding: NetworkState())
            kernel.fault = fault
            _ = kernel.runBestEffort(NetworkPlan(steps: steps))
            #expect(kernel.calls == steps.map { .apply($0) })
            return kernel.state.links.keys.map(\.name.text).sorted()
        }
        #expect(made(.failOnce(at: 2, error)) == ["a", "c"])
        #expect(made(.loseAnswer(at: 2)) == ["a", "b", "c"])
        #expect(made(.failForGood(from: 2, error)) == ["a"])
        #expect(made(.kill(after: 1)) == ["a"])
        #expect(made(.kill(after: 0)) == [])
    }

    @Test("dead, does not answer either")
    func dead() {
        var kernel = FakeKernel()
        kernel.fault = .kill(after: 0)
        #expect(throws: KernelError.self) { try kernel.observe(Scope()) }
        #expect(throws: KernelError.self) { try kernel.hostLinks() }
        #expect(throws: KernelError.self) { try kernel.generation() }
        #expect(throws: KernelError.self) { try kernel.commit([], generation: nil) }
    }
}
