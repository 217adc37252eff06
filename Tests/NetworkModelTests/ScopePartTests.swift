import FakeKernel
import NetworkModel
import Testing

@Suite("Two looks at once")
struct ScopePartTests {
    @Test("show each what it would have seen alone", arguments: UInt64(0)..<50)
    func partOfUnion(_ seed: UInt64) throws {
        var random = RandomNetwork(seed: seed)
        var kernel = FakeKernel(holding: random.next())
        let (one, other) = (Self.scope(random.next(), routes: true), Self.scope(random.next(), routes: false))
        let both = try kernel.observe(one.union(other))
        #expect(both.part(in: one) == (try kernel.observe(one)))
        #expect(both.part(in: other) == (try kernel.observe(other)))
    }

    @Test("show elements by key to whom they are meant, and the structure to both")
    func elements() throws {
        let table = TableID(.inet, "t")
        var state = NetworkState()
        let elements = [[UInt8(1), 0, 0, 0]: Element(comment: "one"), [2, 0, 0, 0]: Element(comment: "two")]
        state.ruleset.tables[table] = Table(sets: ["s": ElementSet(key: [.ipv4Address], elements: elements)])
        var structure = Scope()
        structure.tables[table] = .keys([])
        var keyed = Scope()
        keyed.tables[table] = .keys([Scope.ElementKey("s", [1, 0, 0, 0])])
        let both = structure.union(keyed)
        #expect(both.tables[table] == .keys([Scope.ElementKey("s", [1, 0, 0, 0])]))
        #expect(state.part(in: structure).ruleset.tables[table]?.sets["s"]?.elements == [:])
        #expect(state.part(in: both).ruleset.tables[table]?.sets["s"]?.elements.count == 1)
    }

    /// About half of what a state has.
    private static func scope(_ state: NetworkState, routes: Bool) -> Scope {
        var scope = Scope(state)
        if routes { scope.addressesOf = [] } else { scope.routesOf = [] }
        for table in scope.tables.keys { scope.tables[table] = routes ? .all : .keys([]) }
        scope.hostRoutesTo = Set(state.routes.filter { $0.link.place == .host }.map(\.destination))
        scope.hostNeighbors = Set(
            state.neighbors.filter { $0.link.place == .host }.map { Scope.HostNeighbor($0.link.name, $0.address) }
        )
        return scope
    }
}
