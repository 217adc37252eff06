import Addressing
import ServiceProxy
import Testing

@Suite("The table of services and slices")
struct ServiceTableTests {
    @Test("only what really changed is dirty")
    func dirty() throws {
        var table = ServiceTable()
        let web = try service("web", ["10.96.0.1"])
        let slice = try slice("web-a", of: "web", endpoints("10.11.0.1"))
        table.apply(.service(web))
        table.apply(.service(try service("db", ["10.96.0.2"])))
        table.apply(.slice(slice))
        #expect(try table.takeDirty() == [name("db"), name("web")])
        table.apply(.service(web))
        table.apply(.slice(slice))
        #expect(table.takeDirty() == [])
        table.apply(.deleteSlice(slice.id))
        #expect(try table.takeDirty() == [name("web")])
        table.apply(.deleteSlice(slice.id))
        #expect(table.takeDirty() == [])
    }

    @Test("a slice that moves to another service changes both")
    func movedSlice() throws {
        var table = ServiceTable()
        table.apply(.slice(try slice("a", of: "web", endpoints("10.11.0.1"))))
        _ = table.takeDirty()
        table.apply(.slice(try slice("a", of: "db", endpoints("10.11.0.1"))))
        #expect(try table.takeDirty() == [name("db"), name("web")])
        #expect(table.slices(of: try name("web")).isEmpty)
        #expect(table.slices(of: try name("db")).count == 1)
    }

    struct Claims: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Name and time of each claimant, in the order of arrival.
        let claimants: [(String, String?)]
        let winner: String
    }

    @Test(
        "of services with one address and port the oldest has it, whoever came first",
        arguments: [
            Claims(
                testDescription: "older second",
                claimants: [("a", "2026-02-01T00:00:00Z"), ("b", "2026-01-01T00:00:00Z")],
                winner: "b"
            ),
            Claims(
                testDescription: "older first",
                claimants: [("b", "2026-01-01T00:00:00Z"), ("a", "2026-02-01T00:00:00Z")],
                winner: "b"
            ),
            Claims(
                testDescription: "without times by name",
                claimants: [("b", nil), ("a", nil), ("c", nil)],
                winner: "a"
            ),
            Claims(
                testDescription: "a time beats none",
                claimants: [("a", nil), ("b", "2026-01-01T00:00:00Z")],
                winner: "b"
            ),
        ]
    )
    func clash(_ claims: Claims) throws {
        var table = ServiceTable()
        for (name, created) in claims.claimants {
            table.apply(.service(try service(name, ["10.96.0.1"], created: created)))
        }
        let frontend = Frontend(ip("10.96.0.1"), .tcp, try port(80))
        let winner = try name(claims.winner)
        #expect(table.owner(of: frontend) == winner)
        let losers = try claims.claimants.map { try name($0.0) }.filter { $0 != winner }.sorted()
        #expect(table.clashes == losers.map { Clash(frontend: frontend, winner: winner, loser: $0) })
        _ = table.takeDirty()
        table.apply(.deleteService(winner))
        #expect(table.owner(of: frontend) == losers.first)
        let dirty = table.takeDirty()
        #expect(dirty.contains(winner) && losers.first.map(dirty.contains) == true)
    }

    @Test("services with one address and different ports do not clash")
    func sharedAddress() throws {
        var table = ServiceTable()
        table.apply(.service(try service("a", ["10.96.0.1"])))
        table.apply(
            .service(
                try service(
                    "b",
                    ["10.96.0.1"],
                    ports: [ServicePort(.tcp, port(81)), ServicePort(name: "u", .udp, port(80))]
                )
            )
        )
        #expect(table.clashes.isEmpty)
    }

    @Test("the changes that reach a state are exactly those that are needed")
    func reaching() throws {
        var table = ServiceTable()
        let (a, b, c) = (
            try service("a", ["10.96.0.1"]), try service("b", ["10.96.0.2"]), try service("c", ["10.96.0.3"])
        )
        let kept = try slice("a-1", of: "a", endpoints("10.11.0.1"))
        let gone = try slice("b-1", of: "b", endpoints("10.11.0.2"))
        for change in [.service(a), .service(b), .slice(kept), .slice(gone)] as [ServiceChange] { table.apply(change) }
        let changes = table.changes(reaching: [a, c], [kept])
        #expect(Set(changes) == [.deleteService(b.name), .service(c), .deleteSlice(gone.id)])
        for change in changes { table.apply(change) }
        #expect(table.changes(reaching: [a, c], [kept]).isEmpty)
    }
}

@Suite("The choice of endpoints")
struct EndpointSelectionTests {
    private func selection(_ endpoints: [Endpoint]...) throws -> EndpointSelection {
        let slices = try endpoints.enumerated().map { try slice("web-\($0.offset)", of: "web", $0.element) }
        return EndpointSelection(ServicePort(name: "http", .tcp, try port(80)), .v4, in: slices, for: SelectingNode())
    }

    private let ready = Endpoint(.v4(0x0a0b_0001))
    private let notReady = Endpoint(.v4(0x0a0b_0002), isReady: false)
    private let draining = Endpoint(.v4(0x0a0b_0003), isReady: false, isServing: true, isTerminating: true)
    private let dying = Endpoint(.v4(0x0a0b_0004), isReady: false, isServing: false, isTerminating: true)

    @Test("ready ones are chosen; where none is, those that drain but serve")
    func choice() throws {
        #expect(
            try selection([ready, notReady, draining, dying]).chosen(for: .everywhere).map(\.address) == [ready.address]
        )
        #expect(
            try selection([notReady, draining, dying]).chosen(for: .everywhere).map(\.address) == [draining.address]
        )
        #expect(try selection([notReady, dying]).chosen(for: .everywhere).isEmpty)
    }

    @Test("every endpoint has a state and a reason")
    func statuses() throws {
        let statuses = try selection([dying, draining, notReady, ready]).statuses(for: .everywhere)
        #expect(statuses.map(\.state) == [.ready, .notReady, .terminating, .terminating])
        #expect(statuses.map(\.isChosen) == [true, false, false, false])
        #expect(statuses.map { $0.reason == nil } == [true, false, false, false])
        #expect(Set(statuses.compactMap(\.reason)).count == 3)
    }

    @Test("of one address in two slices the entry that is not going away counts, else the first")
    func duplicates() throws {
        var leaving = ready
        (leaving.isReady, leaving.isTerminating) = (false, true)
        #expect(try selection([leaving], [ready]).statuses(for: .everywhere).map(\.state) == [.ready])
        #expect(try selection([ready], [leaving]).statuses(for: .everywhere).map(\.state) == [.ready])
        var other = ready
        other.isReady = false
        #expect(try selection([other], [ready]).statuses(for: .everywhere).map(\.state) == [.notReady])
    }

    @Test("only slices of the family, port name and protocol count")
    func join() throws {
        let wanted = ServicePort(name: "http", .tcp, try port(80))
        let slices = try [
            slice("a", of: "web", endpoints("fd00::1")),
            slice("b", of: "web", endpoints("10.11.0.1"), ports: [EndpointPort(name: "http", .udp, port(8080))]),
            slice("c", of: "web", endpoints("10.11.0.2"), ports: [EndpointPort(name: "https", .tcp, port(8080))]),
            slice("d", of: "web", endpoints("10.11.0.3")),
        ]
        #expect(
            EndpointSelection(wanted, .v4, in: slices, for: SelectingNode()).chosen(for: .everywhere).map(\.description)
                == ["10.11.0.3:8080"]
        )
        #expect(
            EndpointSelection(wanted, .v6, in: slices, for: SelectingNode()).chosen(for: .everywhere).map(\.description)
                == ["[fd00::1]:8080"]
        )
    }
}
