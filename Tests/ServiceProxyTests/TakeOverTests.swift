import Addressing
import FakeKernel
import NetworkModel
import ServiceProxy
import Testing

@Suite("Taking over from kube-proxy")
struct TakeOverTests {
    private static let rival = Table(chains: ["services": Chain(comment: "kube-proxy's")])

    /// A node on which kube-proxy was, with a service that has one endpoint, or none yet.
    private func node() throws -> FakeNode {
        var node = FakeNode()
        for table in Rivals.ownTables { node.kernel.state.ruleset.tables[table] = Self.rival }
        node.core.rivals = try node.kernel.rivalTables()
        return node
    }

    private func web(_ name: String = "web", _ address: String = "10.96.0.10") throws -> [ServiceChange] {
        [.service(try service(name, [address])), .slice(try slice("\(name)-a", of: name, endpoints("10.11.0.1")))]
    }

    @Test("its tables go in the one transaction that makes ours complete, and only then")
    func once() throws {
        var node = try node()
        node.core.source = .partial
        let partial = try node.take(web())
        #expect(partial.flatMap(\.rivals) == [])
        node.core.source = .complete
        let transactions = try node.take(web("db", "10.96.0.11"))
        #expect(transactions.map(\.rivals) == [Rivals.ownTables])
        #expect(transactions.map(\.services.count) == [1])
        #expect(node.kernel.state.ruleset.tables.keys.sorted() == [ServiceRuleset(.v4).table])
        #expect(try node.sync().isEmpty)
    }

    @Test("all services are in the same transaction, so that no connection meets neither proxy's rules")
    func atomically() throws {
        var node = try node()
        let transactions = try node.take(web() + web("db", "10.96.0.11"))
        #expect(transactions.map(\.services.count) == [2])
        #expect(transactions.map(\.rivals) == [Rivals.ownTables])
    }

    @Test("they stay as long as a service of ours is refused")
    func refused() throws {
        var node = try node()
        node.core.apply(try web() + web("db", "10.96.0.11"))
        while let transaction = node.core.next() {
            if transaction.services.contains(try name("db")) {
                node.core.refused(transaction, because: "bad")
            } else {
                try node.kernel.commit(transaction.changes, generation: nil)
                node.core.committed(transaction)
            }
        }
        #expect(node.core.quarantined.count == 1)
        #expect(node.core.rivals == Rivals.ownTables)
        #expect(node.kernel.state.ruleset.tables[Rivals.ownTables[0]] == Self.rival)
        node.core.retryQuarantined()
        #expect(try node.sync().map(\.rivals) == [Rivals.ownTables])
    }

    @Test("of iptables' tables only kube-proxy's chains are counted, not the kubelet's or anybody's")
    func shared() throws {
        var kernel = FakeKernel()
        let names = [
            "KUBE-SERVICES", "KUBE-SVC-AAAA", "KUBE-SEP-BBBB", "KUBE-KUBELET-CANARY", "KUBE-FIREWALL", "DOCKER",
        ]
        kernel.state.ruleset.tables[TableID(.ip, "nat")] = Table(
            chains: Dictionary(uniqueKeysWithValues: names.map { ($0, Chain()) })
        )
        kernel.state.ruleset.tables[TableID(.ip, "filter")] = Table(chains: ["KUBE-FIREWALL": Chain()])
        let found = try kernel.rivalChains()
        #expect(found.map(\.table.description) == ["ip nat"])
        #expect(found.map(\.count) == [3])
        #expect(try kernel.rivalTables() == [])
    }
}
