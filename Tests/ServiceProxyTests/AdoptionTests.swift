import Addressing
import FakeKernel
import NetworkModel
import ServiceProxy
import Testing

@Suite("What an earlier run left in the kernel")
struct AdoptionTests {
    private let settings = ProxySettings(nodeName: "here", families: [.v4])

    private func objects(_ count: Int = 2) throws -> [ServiceChange] {
        try (0..<count).flatMap { index -> [ServiceChange] in
            let name = "web-\(index)"
            let addresses = endpoints("10.11.\(index).1", "10.11.\(index).2", node: "here")
            return [
                .service(try service(name, ["10.96.0.\(index + 1)"])),
                .slice(try slice("\(name)-a", of: name, addresses)),
            ]
        }
    }

    private func node() throws -> FakeNode {
        var node = FakeNode(settings)
        try node.take(objects())
        return node
    }

    /// A daemon that starts on the kernel of `node`.
    private func restarted(
        _ node: FakeNode,
        _ changes: [ServiceChange],
        _ source: ProxyCore.Delivery = .complete
    ) throws -> (FakeNode, [ProxyTransaction]) {
        var next = node
        next.core = ProxyCore(settings)
        next.core.adopt(node.kernel.state.ruleset)
        next.core.source = source
        let transactions = try next.take(changes)
        return (next, transactions)
    }

    @Test("stays as it is when the services are the same")
    func unchanged() throws {
        let node = try node()
        let (next, transactions) = try restarted(node, objects())
        #expect(transactions.isEmpty)
        #expect(next.table == node.table)
    }

    @Test("loses what no service wants any more, and nothing else is touched")
    func leftover() throws {
        let node = try node()
        let (next, transactions) = try restarted(node, objects(1))
        #expect(transactions.count == 1)
        #expect(next.services.entries.map(\.comment) == ["default/web-0:http"])
        #expect(next.table.sets["hairpin"]?.elements.count == 2)
        #expect(next.table.sets["endpoints"]?.elements.count == 2)
        #expect(transactions.flatMap(\.changes).allSatisfy { if case .deleteElements = $0 { true } else { false } })
    }

    @Test("stays whole while the source is not complete")
    func partial() throws {
        let node = try node()
        var (next, transactions) = try restarted(node, objects(1), .partial)
        #expect(transactions.isEmpty)
        next.core.source = .complete
        try next.sync()
        #expect(next.services.entries.count == 1)
    }

    @Test("goes over to the service that has the address now, with its indices")
    func renamed() throws {
        let node = try node()
        let changes: [ServiceChange] = [
            .service(try service("other", ["10.96.0.1"])),
            .slice(try slice("other-a", of: "other", endpoints("10.11.0.2", "10.11.0.1", node: "here"))),
        ]
        let (next, _) = try restarted(node, changes)
        #expect(next.services.entries.map(\.comment) == ["default/other:http"])
        #expect(next.services.clusterIPs == [ip("10.96.0.1"): "default/other"])
        let before = node.services.entries.first { $0.frontend.address == ip("10.96.0.1") }?.endpoints
        #expect(next.services.entries.first?.endpoints == before)
    }

    @Test(
        "is put right where someone has changed elements",
        arguments: [
            "an endpoint removed", "a count changed", "an endpoint without a service", "a foreign address",
            "a foreign pair",
        ]
    )
    func damaged(_ damage: String) throws {
        var node = try node()
        let whole = node.table
        let id = ServiceRuleset(.v4).table
        let slot = try #require(
            whole.sets["endpoints"]?.elements.keys.sorted { $0.lexicographicallyPrecedes($1) }.first
        )
        let frontend = try #require(whole.sets["frontends"]?.elements.first)
        node.kernel.changeBehindTheBack { ruleset in
            switch damage {
            case "an endpoint removed": ruleset.tables[id]?.sets["endpoints"]?.elements[slot] = nil
            case "a count changed":
                let element = Element(.data(RegisterBytes.host(7)), hasCounter: true)
                ruleset.tables[id]?.sets["frontends"]?.elements[frontend.key] = element
            case "an endpoint without a service":
                let element = Element(.data([10, 11, 0, 9, 0, 80, 0, 0]))
                ruleset.tables[id]?.sets["endpoints"]?.elements[
                    RegisterBytes.host(0) + [1, 2, 3, 4, 6, 0, 0, 0, 0, 80, 0, 0]
                ] = element
            case "a foreign address": ruleset.tables[id]?.sets["cluster-ips"]?.elements[[1, 2, 3, 4]] = Element()
            default: ruleset.tables[id]?.sets["hairpin"]?.elements[[1, 2, 3, 4, 5, 6, 7, 8]] = Element()
            }
        }
        #expect(node.table != whole)
        let (next, transactions) = try restarted(node, objects())
        #expect(transactions.count == 1)
        #expect(next.table.sets.mapValues { Set($0.elements.keys) } == whole.sets.mapValues { Set($0.elements.keys) })
        #expect(next.services.entries.allSatisfy { $0.count == 2 && $0.endpoints.count == 2 })
    }

    @Test("is replaced in one transaction when its rules are not ours")
    func foreignRules() throws {
        var node = try node()
        let whole = node.table
        node.kernel.changeBehindTheBack { $0.tables[ServiceRuleset(.v4).table]?.chains["services"]?.rules = [] }
        let (next, transactions) = try restarted(node, objects())
        #expect(transactions.count == 1)
        #expect(transactions.first?.changes.first == .deleteTable(ServiceRuleset(.v4).table))
        #expect(next.table == whole)
        let (held, none) = try restarted(node, [], .partial)
        #expect(none.isEmpty)
        #expect(held.services.entries.count == 2)
    }

    @Test("belongs to us again when it is owned")
    func owned() throws {
        let settings = ProxySettings(nodeName: "here", families: [.v4], tableFlags: 6)
        var node = FakeNode(settings)
        try node.take(objects())
        node.core = ProxyCore(settings)
        node.core.adopt(node.kernel.state.ruleset)
        node.core.source = .complete
        let transactions = try node.take(objects())
        #expect(transactions.map(\.changes) == [[.addTable(ServiceRuleset(.v4).table, flags: 6, comment: nil)]])
    }
}

@Suite("What the kernel refuses")
struct RefusalTests {
    /// Commits everything but transactions that touch one of the virtual addresses in `bad`.
    private func sync(_ node: inout FakeNode, refusing bad: Set<IPAddress>) throws -> Int {
        var commits = 0
        while let transaction = node.core.next() {
            commits += 1
            try #require(commits < 1000)
            if transaction.changes.contains(where: { $0.adds(bad) }) {
                node.core.refused(transaction, because: "no")
            } else {
                try node.kernel.commit(transaction.changes, generation: nil)
                node.core.committed(transaction)
            }
        }
        return commits
    }

    private func node(_ count: Int) throws -> FakeNode {
        var node = FakeNode()
        for index in 0..<count {
            let name = "web-\(index)"
            node.core.apply([
                .service(try service(name, ["10.96.0.\(index + 1)"])),
                .slice(try slice("\(name)-a", of: name, endpoints("10.11.0.\(index + 1)"))),
            ])
        }
        return node
    }

    @Test(
        "is found by halves and stands aside; everything else is applied",
        arguments: [
            [], ["10.96.0.1"], ["10.96.0.64"], ["10.96.0.3", "10.96.0.4", "10.96.0.60"],
        ]
    )
    func bisection(_ bad: [String]) throws {
        var node = try node(64)
        let refused = Set(bad.map(ip))
        let commits = try sync(&node, refusing: refused)
        #expect(commits <= 2 + 14 * bad.count)
        #expect(node.core.quarantined.count == bad.count)
        #expect(Set(node.services.clusterIPs.keys) == Set((1...64).map { ip("10.96.0.\($0)") }).subtracting(refused))
        #expect(node.services.entries.count == 64 - bad.count)
    }

    @Test("gets another try when it changes, or when asked for")
    func retry() throws {
        var node = try node(2)
        _ = try sync(&node, refusing: [ip("10.96.0.1")])
        #expect(node.core.quarantined.keys.map(\.name) == ["web-0"])
        #expect(try node.core.report(on: name("web-0"))?.refusal == "no")
        #expect(try sync(&node, refusing: []) == 0)
        node.core.retryQuarantined()
        #expect(try sync(&node, refusing: [ip("10.96.0.1")]) == 1)
        node.core.apply([.service(try service("web-0", ["10.96.0.100"]))])
        #expect(try sync(&node, refusing: [ip("10.96.0.1")]) == 1)
        #expect(node.core.quarantined.isEmpty)
        #expect(node.services.entries.count == 2)
    }

    @Test("gets another try when its end is said again")
    func retriedEnd() throws {
        var node = try node(1)
        _ = try sync(&node, refusing: [])
        node.core.apply([.deleteService(try name("web-0"))])
        let end = try node.next()
        node.core.refused(end, because: "no")
        #expect(node.core.quarantined.keys.map(\.name) == ["web-0"])
        try node.take(.deleteService(name("web-0")))
        #expect(node.services.entries.isEmpty)
        #expect(node.services.clusterIPs.isEmpty)
    }

    @Test("keeps what the service had before")
    func keepsFormer() throws {
        var node = try node(1)
        _ = try sync(&node, refusing: [])
        let before = node.table
        node.core.apply([.service(try service("web-0", ["10.96.0.9"]))])
        _ = try sync(&node, refusing: [ip("10.96.0.9")])
        #expect(node.table == before)
    }

    @Test("if it is the rules themselves, ends the search")
    func hopeless() throws {
        var node = try node(4)
        let first = try node.next()
        #expect(node.core.refused(first, because: "no nat") == .split)
        let rules = try node.next()
        #expect(rules.services.isEmpty)
        #expect(node.core.refused(rules, because: "no nat") == .hopeless)
        #expect(node.core.quarantined.isEmpty)
        try node.sync()
        #expect(node.services.entries.count == 4)
    }

    @Test("for a reason of the moment is tried again as it was")
    func postponed() throws {
        var node = try node(4)
        let first = try node.next()
        node.core.postponed(first)
        let second = try node.next()
        #expect(second.changes == first.changes)
        #expect(second.services == first.services)
    }
}

extension RulesetChange {
    /// Whether it adds one of these virtual addresses.
    fileprivate func adds(_ addresses: Set<IPAddress>) -> Bool {
        guard case .addElements(_, "cluster-ips", let elements) = self else { return false }
        return elements.contains { element in addresses.contains { $0.bytes == element.key } }
    }
}
