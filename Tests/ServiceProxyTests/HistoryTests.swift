import Addressing
import FakeKernel
import NetworkModel
import ServiceProxy
import TestKit
import Testing

@Suite("Any history of changes")
struct HistoryTests {
    /// What the tables hold, as a set of endpoints for each frontend.
    private struct Meaning {
        var frontends: [Frontend: Set<EndpointAddress>] = [:]
        var comments: [Frontend: String?] = [:]
        var affinities: [Frontend: Affinity?] = [:]
        var clusterIPs: [IPAddress: String] = [:]
        var hairpins: Set<[UInt8]> = []

        init(_ ruleset: Ruleset) throws {
            for table in ruleset.tables.values {
                let services = KernelServices(reading: table)
                for entry in services.entries {
                    try #require(entry.endpoints.keys.sorted() == Array(0..<entry.count))
                    frontends[entry.frontend] = Set(entry.endpoints.values.map(\.address))
                    try #require(frontends[entry.frontend]?.count == entry.count)
                    comments[entry.frontend] = entry.comment
                    affinities[entry.frontend] = entry.affinity
                }
                let slots = services.entries.reduce(0) { $0 + $1.count }
                try #require(table.sets["endpoints"]?.elements.count == slots)
                let kept = services.entries.reduce(0) { $0 + ($1.affinity == nil ? 0 : $1.count) }
                try #require(table.sets["identities"]?.elements.count == kept)
                clusterIPs.merge(services.clusterIPs) { first, _ in first }
                hairpins.formUnion(table.sets["hairpin"]?.elements.keys.map(\.self) ?? [])
            }
        }
    }

    private func expectSame(_ node: FakeNode, _ fresh: FakeNode) throws {
        let (one, other) = (try Meaning(node.kernel.state.ruleset), try Meaning(fresh.kernel.state.ruleset))
        #expect(one.frontends == other.frontends)
        #expect(one.comments == other.comments)
        #expect(one.affinities == other.affinities)
        #expect(one.clusterIPs == other.clusterIPs)
        #expect(one.hairpins == other.hairpins)
    }

    /// Few names, addresses and ports, so that objects collide, clash, share and come back.
    private func randomChange(_ dice: inout SeededGenerator) throws -> ServiceChange {
        let owner = "s\(Int.random(in: 0..<4, using: &dice))"
        switch Int.random(in: 0..<10, using: &dice) {
        case 0: return .deleteService(try name(owner))
        case 1: return .deleteSlice(try slice("e\(Int.random(in: 0..<6, using: &dice))", of: owner, []).id)
        case 2...4:
            let ports = try [80, 81, 82].shuffled(using: &dice).prefix(Int.random(in: 1...3, using: &dice)).enumerated()
                .map {
                    ServicePort(name: "p\($0.offset)", Bool.random(using: &dice) ? .tcp : .udp, try port($0.element))
                }
            var addresses = ["10.96.0.\(Int.random(in: 1...3, using: &dice))"]
            if Bool.random(using: &dice) { addresses.append("fd00::\(Int.random(in: 1...3, using: &dice))") }
            let created = Bool.random(using: &dice) ? "2026-01-0\(Int.random(in: 1...3, using: &dice))T00:00:00Z" : nil
            var found = try service(owner, addresses, ports: ports, created: created)
            found.affinity = try [nil, nil, 60, 10_800].randomElement(using: &dice).flatMap { $0 }.map(Affinity.init)
            return .service(found)
        default:
            let prefix = Bool.random(using: &dice) ? "10.11.0." : "fd00:11::"
            let found = (1...Int.random(in: 1...6, using: &dice)).map { _ in
                Endpoint(
                    ip("\(prefix)\(Int.random(in: 1...9, using: &dice))"),
                    isReady: Int.random(in: 0..<4, using: &dice) > 0,
                    isServing: Int.random(in: 0..<4, using: &dice) > 0,
                    isTerminating: Int.random(in: 0..<4, using: &dice) == 0,
                    nodeName: ["here", "there", nil].randomElement(using: &dice) ?? nil
                )
            }
            let ports = try (0..<3).map {
                EndpointPort(name: "p\($0)", Bool.random(using: &dice) ? .tcp : .udp, try port(8080 + $0))
            }
            let id = "e\(Int.random(in: 0..<6, using: &dice))"
            return .slice(try slice(id, of: owner, found, ports: ports))
        }
    }

    @Test("leaves what the last state alone would have made", arguments: 0..<20)
    func incremental(_ seed: UInt64) throws {
        var dice = SeededGenerator(seed: seed)
        let settings = ProxySettings(nodeName: "here")
        var node = FakeNode(settings)
        for _ in 0..<30 {
            let changes = try (0..<Int.random(in: 1...4, using: &dice)).map { _ in try randomChange(&dice) }
            try node.take(changes)
            if Int.random(in: 0..<10, using: &dice) == 0 {
                // A restart in the middle of the history.
                var next = ProxyCore(settings)
                next.adopt(node.kernel.state.ruleset)
                next.source = .complete
                next.replaceAll(services: node.core.table.services.values, slices: node.core.table.allSlices)
                node.core = next
                try node.sync()
            }
            var fresh = FakeNode(settings)
            fresh.core.replaceAll(services: node.core.table.services.values, slices: node.core.table.allSlices)
            try fresh.sync()
            try expectSame(node, fresh)
        }
    }

    @Test("with refusals in between leads to the same", arguments: 100..<120)
    func refusals(_ seed: UInt64) throws {
        var dice = SeededGenerator(seed: seed)
        let settings = ProxySettings(nodeName: "here")
        var node = FakeNode(settings)
        for _ in 0..<40 {
            node.core.apply(try (0..<3).map { _ in try randomChange(&dice) })
            while let transaction = node.core.next() {
                if Int.random(in: 0..<4, using: &dice) == 0 {
                    node.core.refused(transaction, because: "by chance")
                } else {
                    try node.kernel.commit(transaction.changes, generation: nil)
                    node.core.committed(transaction)
                }
            }
        }
        node.core.retryQuarantined()
        try node.sync()
        var fresh = FakeNode(settings)
        fresh.core.replaceAll(services: node.core.table.services.values, slices: node.core.table.allSlices)
        try fresh.sync()
        try expectSame(node, fresh)
    }
}

@Suite("Who gets which index")
struct EndpointSlotsTests {
    struct Assignment: Sendable, CustomTestStringConvertible {
        let former: String
        let chosen: String
        let assigned: String
        var testDescription: String { "\(former) → \(chosen)" }
    }

    @Test(
        "stays where it was; newcomers fill gaps, the end fills the rest",
        arguments: [
            Assignment(former: "", chosen: "abc", assigned: "abc"),
            Assignment(former: "abc", chosen: "abc", assigned: "abc"),
            Assignment(former: "cab", chosen: "abc", assigned: "cab"),
            Assignment(former: "abc", chosen: "abcd", assigned: "abcd"),
            Assignment(former: "abc", chosen: "bc", assigned: "cb"),
            Assignment(former: "abc", chosen: "bcd", assigned: "dbc"),
            Assignment(former: "abcd", chosen: "d", assigned: "d"),
            Assignment(former: "abcd", chosen: "be", assigned: "eb"),
            Assignment(former: "ab", chosen: "", assigned: ""),
        ]
    )
    func assign(_ example: Assignment) throws {
        func list(_ text: String) throws -> [EndpointAddress] {
            try text.utf8.map { EndpointAddress(.v4(UInt32($0)), try port(80)) }
        }
        let assigned = try EndpointSlots.assign(list(example.chosen), after: list(example.former))
        #expect(assigned == (try list(example.assigned)))
    }
}
