import Netlink
import NetworkModel
import Testing

/// Who changed the ruleset, and tables that others cannot change.
@Suite("nftables events and ownership", .tags(.kernel), .kernelTests, .freshNetNS)
struct NftablesEventTests {
    private static let table = Table(sets: ["set": ElementSet(key: [.mark])])

    @Test("an event names the process that changed the ruleset, and the new generation")
    func foreignChange() throws {
        var nftables = try NftablesSocket()
        var events = try RulesetEvents()
        _ = try output("nft add table inet foreign")
        let batch = try events.wait(atMost: .seconds(5))
        #expect(batch.events.map(\.processName) == ["nft"])
        let number = try nftables.portID
        #expect(!batch.events.contains { $0.portID == number })
        #expect(batch.events.map(\.generation) == [try nftables.generation()])
        #expect(!batch.missed)
    }

    @Test("a commit of any size is one event, and known as our own")
    func ownChange() throws {
        var nftables = try NftablesSocket()
        try nftables.commit(Self.table.additions(as: .podnet))
        var events = try RulesetEvents()
        let elements = (UInt32(0)..<30_000).map { KeyedElement(RegisterBytes.host($0), Element()) }
        try nftables.commit([.addElements(.podnet, set: "set", elements)])
        let batch = try events.wait(atMost: .seconds(5))
        #expect(try batch.events.map(\.portID) == [nftables.portID])
        // The kernel counts in its first process namespace, whichever this one is, so only the name can be compared.
        #expect(batch.events.allSatisfy { $0.processID > 0 })
        #expect(batch.events.map(\.generation) == [try nftables.generation()])
        #expect(!batch.missed)
    }

    /// What changes more than elements, how much more, and the sets that come or go with it.
    private static let structural: [(String, TableTouch.Extent, Set<String>)] = [
        ("flush chain ip podnet drops", .rules, []),
        ("add rule ip podnet drops accept", .rules, []),
        ("delete chain ip podnet drops", .rules, []),
        ("delete set ip podnet marks", .rules, ["marks"]),
        ("add set ip podnet marks { type mark; }", .rules, ["marks"]),
        ("add table ip podnet { flags dormant; }", .table, []),
        ("delete table ip podnet", .table, ["marks"]),
    ]

    @Test("what others did to a watched table is told so that it can be taken back, what we did is not")
    func touched() throws {
        var nftables = try NftablesSocket()
        let table = Table(
            chains: ["drops": Chain(rules: [Rule([.verdict(.drop)])])],
            sets: [
                "marks": ElementSet(
                    key: [.mark],
                    elements: [RegisterBytes.host(7): Element(comment: "seven", hasCounter: true)]
                )
            ]
        )
        try nftables.commit(table.additions(as: .podnet))
        var events = try RulesetEvents(watching: [.podnet], but: nftables.portID)
        try nftables.commit([.addElements(.podnet, set: "marks", [KeyedElement(RegisterBytes.host(9), Element())])])
        _ = try output("nft add table inet foreign")
        _ = try output("nft delete element ip podnet marks '{ 7 }'")
        _ = try output("nft add element ip podnet marks '{ 8 }'")
        var batch = try events.wait(atMost: .seconds(5))
        #expect(batch.events.map(\.touched?.keys.count) == [0, 0, 1, 1])
        #expect(batch.events.compactMap { $0.touched?[.podnet]?.isStructural } == [false, false])
        for event in batch.events.reversed() {
            guard let inverse = event.touched?[.podnet]?.inverse(in: .podnet) else { continue }
            try nftables.commit(inverse)
        }
        var expected = table
        expected.sets["marks"]?.elements[RegisterBytes.host(9)] = Element()
        #expect(try nftables.table(.podnet, elements: .all) == expected)
        for (command, extent, sets) in Self.structural {
            _ = try output("nft '\(command)'")
            batch = try events.wait(atMost: .seconds(5))
            let touch = batch.events.last?.touched?[.podnet]
            #expect(touch?.extent == extent && touch?.remadeSets == sets, "\(command)")
        }
    }

    @Test("while nobody is to hear, nothing is heard, and afterwards everything again")
    func pause() throws {
        var events = try RulesetEvents()
        try events.pause()
        _ = try output("nft add table inet unheard")
        try events.resume()
        _ = try output("nft add table inet heard")
        #expect(try events.wait(atMost: .seconds(5)).events.count == 1)
    }

    @Test("without a change there is no event")
    func noChange() throws {
        var events = try RulesetEvents()
        #expect(try events.readQueued().events.isEmpty)
        #expect(try events.wait(atMost: .milliseconds(1)).events.isEmpty)
    }

    @Test("when more happened than the socket holds, that is reported")
    func missed() throws {
        var nftables = try NftablesSocket()
        try nftables.commit(Self.table.additions(as: .podnet))
        var events = try RulesetEvents()
        for number in UInt32(0)..<20_000 {
            try nftables.commit([
                .addElements(.podnet, set: "set", [KeyedElement(RegisterBytes.host(number), Element())])
            ])
        }
        #expect(try events.wait(atMost: .seconds(5)).missed)
    }

    @Test("a table with owner and persist survives others and its owner, and is adopted by the next")
    func ownership() throws {
        let owned = Table(flags: 6, comment: "owned", sets: Self.table.sets)
        try commitAndLeave(owned)
        var next = try NftablesSocket()
        var orphan = owned
        orphan.flags = 4
        // A process that another test is starting has our descriptors until its exec, so the owner may outlive its closing.
        let deadline = ContinuousClock.now + .seconds(5)
        while try next.table(.podnet, elements: nil)?.flags == owned.flags, ContinuousClock.now < deadline {}
        #expect(try next.table(.podnet, elements: .all) == orphan)
        try next.commit([.addTable(.podnet, flags: 6, comment: nil)])
        #expect(try output("nft flush ruleset") == "")
        #expect(try next.table(.podnet, elements: .all) == owned)
        try next.commit([.deleteTable(.podnet)])
        #expect(try next.table(.podnet, elements: .all) == nil)
    }

    /// Owns the table until this function returns and its socket is closed.
    private func commitAndLeave(_ table: Table) throws {
        var nftables = try NftablesSocket()
        try nftables.commit(table.additions(as: .podnet))
        #expect(try output("nft flush ruleset") == "")
        #expect(try output("nft delete table ip podnet").contains("Operation not permitted"))
        #expect(try nftables.table(.podnet, elements: .all) == table)
    }
}
