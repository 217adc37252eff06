import Addressing
import FakeKernel
import NetworkModel
import ServiceProxy
import Testing

@Suite("Which elements change")
struct ProxyCoreTests {
    private func web(_ addresses: [String]) throws -> [ServiceChange] {
        let endpoints = addresses.map { Endpoint(ip($0), nodeName: "there") }
        return [.service(try service("web", ["10.96.0.10"])), .slice(try slice("web-a", of: "web", endpoints))]
    }

    private func node(_ addresses: [String]) throws -> FakeNode {
        var node = FakeNode(ProxySettings(nodeName: "here", families: [.v4]))
        try node.take(web(addresses))
        return node
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let before: [String]
        let after: [String]
        /// `- set` and `+ set` for each element, in the order of the transaction.
        let elements: [String]
    }

    @Test(
        "an endpoint that comes, goes or moves costs as few elements as can be",
        arguments: [
            Change(
                testDescription: "one more",
                before: ["10.11.0.1"],
                after: ["10.11.0.1", "10.11.0.2"],
                elements: ["- frontends", "+ endpoints", "+ frontends"]
            ),
            Change(
                testDescription: "the last one goes",
                before: ["10.11.0.1", "10.11.0.2"],
                after: ["10.11.0.1"],
                elements: ["- frontends", "- endpoints", "+ frontends"]
            ),
            Change(
                testDescription: "the first of three goes: the third moves there",
                before: ["10.11.0.1", "10.11.0.2", "10.11.0.3"],
                after: ["10.11.0.2", "10.11.0.3"],
                elements: ["- frontends", "- endpoints", "- endpoints", "+ endpoints", "+ frontends"]
            ),
            Change(
                testDescription: "one is replaced: the count stays",
                before: ["10.11.0.1", "10.11.0.2"],
                after: ["10.11.0.1", "10.11.0.3"],
                elements: ["- endpoints", "+ endpoints"]
            ),
            Change(
                testDescription: "all go: the address stays",
                before: ["10.11.0.1"],
                after: [],
                elements: ["- frontends", "- endpoints"]
            ),
            Change(
                testDescription: "the first comes",
                before: [],
                after: ["10.11.0.1"],
                elements: ["+ endpoints", "+ frontends"]
            ),
            Change(
                testDescription: "another order is no change",
                before: ["10.11.0.1", "10.11.0.2"],
                after: ["10.11.0.2", "10.11.0.1"],
                elements: []
            ),
        ]
    )
    func endpointChange(_ change: Change) throws {
        var node = try node(change.before)
        let transactions = try node.take(web(change.after))
        #expect(transactions.flatMap(\.changes).flatMap(\.elementLines) == change.elements)
        let reached = node.services.entries.first?.endpoints.sorted { $0.key < $1.key } ?? []
        #expect(reached.map(\.key) == Array(0..<change.after.count))
        #expect(Set(reached.map(\.value.address.address)) == Set(change.after.map(ip)))
    }

    @Test("a service comes and goes without a trace")
    func wholeService() throws {
        var node = try node([])
        let before = node.table
        try node.take(
            .service(service("db", ["10.96.0.11"])),
            .slice(slice("db-a", of: "db", endpoints("10.11.0.1", node: "here")))
        )
        #expect(node.table.sets["hairpin"]?.elements.count == 1)
        #expect(node.services.entries.map(\.comment) == ["default/db:http"])
        try node.take(.deleteService(name("db")))
        #expect(node.table == before)
        let transactions = try node.take(.deleteSlice(slice("db-a", of: "db", []).id))
        #expect(transactions.isEmpty)
    }

    @Test("a port that changes takes its endpoints along")
    func portChange() throws {
        var node = try node(["10.11.0.1"])
        try node.take(.service(service("web", ["10.96.0.10"], ports: [ServicePort(name: "http", .tcp, port(81))])))
        #expect(node.services.entries.map(\.frontend.description) == ["10.96.0.10:81/tcp"])
        #expect(node.table.sets["endpoints"]?.elements.count == 1)
    }

    @Test("an address that two services share stays until both are gone")
    func sharedAddress() throws {
        var node = try node(["10.11.0.1"])
        try node.take(.service(service("also", ["10.96.0.10"], ports: [ServicePort(.tcp, port(81))])))
        #expect(node.services.clusterIPs == [ip("10.96.0.10"): "default/also"])
        try node.take(.deleteService(name("also")))
        #expect(node.services.clusterIPs == [ip("10.96.0.10"): "default/web"])
        try node.take(.deleteService(name("web")))
        #expect(node.services.clusterIPs.isEmpty)
    }

    @Test("when the winner of a clash goes, the loser takes over in the same transaction")
    func clash() throws {
        var node = FakeNode()
        try node.take(
            .service(service("new", ["10.96.0.10"], created: "2026-02-01T00:00:00Z")),
            .slice(slice("new-a", of: "new", endpoints("10.11.0.2"))),
            .service(service("old", ["10.96.0.10"], created: "2026-01-01T00:00:00Z")),
            .slice(slice("old-a", of: "old", endpoints("10.11.0.1")))
        )
        #expect(try node.reach("10.96.0.10", from: "10.11.9.9") == ["dnat 10.11.0.1:8080"])
        #expect(try node.core.report(on: name("new"))?.frontends.first?.state == .clash(winner: name("old")))
        let transactions = try node.take(.deleteService(name("old")))
        #expect(transactions.count == 1)
        #expect(try node.reach("10.96.0.10", from: "10.11.9.9") == ["dnat 10.11.0.2:8080"])
    }

    @Test("a family that is switched off has no table and takes no elements")
    func familyOff() throws {
        var node = FakeNode(ProxySettings(families: [.v4]))
        try node.take(
            .service(service("web", ["10.96.0.10", "fd00::10"])),
            .slice(slice("web-6", of: "web", endpoints("fd00::1")))
        )
        #expect(Set(node.kernel.state.ruleset.tables.keys) == [ServiceRuleset(.v4).table])
        #expect(try node.core.report(on: name("web"))?.frontends.map(\.state) == [.noEndpoints, .familyOff])
    }

    @Test("a larger service brings the pick chains that it needs, and they stay")
    func growth() throws {
        var node = try node(["10.11.0.1"])
        #expect(node.table.sets["pickers"]?.elements.count == 16)
        try node.take(web((1...33).map { "10.11.1.\($0)" }))
        #expect(node.table.sets["pickers"]?.elements.count == 64)
        try node.take(web(["10.11.0.1"]))
        var shape = RulesetShape()
        shape.require(.everywhere, 33)
        #expect(node.table == ServiceRuleset(.v4).skeleton(node.core.settings, shape).with(elementsOf: node.table))
    }

    @Test("a service of thousands brings only the chains around its size, and a restart finds them")
    func hugeGrowth() throws {
        var node = try node(["10.11.0.1"])
        let thousands = (0..<5_000).map { "10.12.\($0 / 250).\($0 % 250 + 1)" }
        try node.take(web(thousands))
        #expect(node.table.sets["pickers"]?.elements.count == 16 + 64)
        try node.take(web(Array(thousands.dropLast(5))))
        #expect(node.table.sets["pickers"]?.elements.count == 16 + 64)
        try node.take(web(Array(thousands.prefix(1_024))))
        #expect(node.table.sets["pickers"]?.elements.count == 1_024 + 64)
        var next = FakeNode(node.core.settings)
        next.kernel = node.kernel
        next.core.adopt(node.kernel.state.ruleset)
        next.core.apply(node.core.table.services.values.map { .service($0) })
        next.core.apply(node.core.table.allSlices.map { .slice($0) })
        #expect(try next.sync().flatMap(\.changes) == [])
    }

    @Test("with session affinity the last chain is the last number that a code can say")
    func largestAffinity() throws {
        let picker = Picker(isHere: false, try Affinity(seconds: 60))
        var shape = RulesetShape()
        shape.require(picker, picker.largestCount)
        let table = ServiceRuleset(.v4).skeleton(ProxySettings(), shape)
        #expect(table.sets["pickers"]?.elements.count == 16 + 63)
    }

    @Test("nothing is done before the source has spoken")
    func waiting() throws {
        var core = ProxyCore(ProxySettings())
        core.apply(try web(["10.11.0.1"]))
        #expect(core.next()?.changes == nil)
        core.source = .complete
        #expect(core.next()?.services == [try name("web")])
    }

}

extension Table {
    /// The same rules with another table's elements in the dynamic sets.
    func with(elementsOf other: Table) -> Table {
        var table = self
        for name in ServiceRuleset.SetName.dynamic {
            table.sets[name]?.elements = other.sets[name]?.elements ?? [:]
        }
        return table
    }
}

extension RulesetChange {
    /// `- set` or `+ set` for each element.
    fileprivate var elementLines: [String] {
        switch self {
        case .addElements(_, let set, let elements): elements.map { _ in "+ \(set)" }
        case .deleteElements(_, let set, let keys): keys.map { _ in "- \(set)" }
        default: []
        }
    }
}
