import Addressing
import Control
import FakeKernel
import NetworkModel
import ServiceProxy
import Synchronization
import Testing

extension SharedKernel {
    /// Does to our IPv4 table what somebody else might, and describes it as the kernel would announce it.
    func meddle(
        _ deleted: [KeyedElement] = [],
        added: [KeyedElement] = [],
        set: String,
        _ extent: TableTouch.Extent = .elements,
        remaking remade: String? = nil,
        _ change: (inout Table) -> Void = { _ in }
    ) throws -> RulesetWriter {
        let id = ServiceRuleset(.v4).table
        return try kernel.withLock { kernel in
            kernel.changeBehindTheBack { ruleset in
                for keyed in deleted { ruleset.tables[id]?.sets[set]?.elements[keyed.key] = nil }
                for keyed in added { ruleset.tables[id]?.sets[set]?.elements[keyed.key] = keyed.element }
                if var table = ruleset.tables[id] {
                    change(&table)
                    ruleset.tables[id] = table
                }
            }
            var touch = TableTouch()
            touch.append(deleted, of: set, areAdditions: false)
            touch.append(added, of: set, areAdditions: true)
            touch.restructure(extent, set: remade)
            return RulesetWriter(
                generation: try kernel.generation(),
                processID: 8_123,
                processName: "nft",
                touched: [id: touch]
            )
        }
    }

    /// Our IPv4 table as it is.
    var table: Table? { kernel.withLock { $0.state.ruleset.tables[ServiceRuleset(.v4).table] } }

    /// An element that is there.
    func element(of set: String) throws -> KeyedElement {
        let (key, element) = try #require(table?.sets[set]?.elements.first)
        return KeyedElement(key, element)
    }
}

@Suite("What others do to our tables")
struct WatchingTests {
    private static let set = ServiceRuleset.SetName.clusterIPs

    @Test("is taken back without reading them, where only elements came and went")
    func elements() async throws {
        try await withReconciler { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            let before = running.shared.table
            let gone = try running.shared.element(of: Self.set)
            let stranger = KeyedElement([10, 96, 9, 9], Element())
            let vandal = try running.shared.meddle([gone], added: [stranger], set: Self.set)
            #expect(running.shared.table != before)
            let words = await running.take(.ruleset([vandal], missed: false)).words
            #expect(words == ["repaired nft[8123]", "settled true"])
            #expect(running.shared.table == before)
            #expect(try await running.status().driftRepaired == 1)
        }
    }

    /// What somebody might do to rules, chains and sets, as nft does it.
    struct Vandalism: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// A set that it makes or removes.
        let remade: String?
        let change: @Sendable (inout Table) -> Void

        init(_ name: String, remaking remade: String? = nil, _ change: @escaping @Sendable (inout Table) -> Void) {
            testDescription = name
            self.remade = remade
            self.change = change
        }
    }

    private static let vandalism = [
        Vandalism("a chain") { $0.chains["nat-output"] = nil },
        Vandalism("rules") { $0.chains["unserved"]?.rules = [] },
        Vandalism("the way to the refusal") { $0.sets["refusals"]?.elements = [:] },
        Vandalism("one rule") { $0.chains["unserved"]?.rules.removeLast() },
        Vandalism("a rule of theirs") { $0.chains["services"]?.rules.insert(Rule([.verdict(.drop)]), at: 0) },
        Vandalism("a chain of theirs") { $0.chains["theirs"] = Chain(rules: [Rule([.verdict(.accept)])]) },
        Vandalism("a set of theirs", remaking: "theirs") { $0.sets["theirs"] = ElementSet(key: [.mark]) },
        Vandalism("the map of services", remaking: "frontends") { table in
            for name in ["services", "unserved-virtual"] { table.chains[name]?.rules = [] }
            table.sets["frontends"] = nil
        },
        Vandalism("the map of endpoints and every chain that looks into it", remaking: "endpoints") { table in
            table.sets["pickers"]?.elements = [:]
            for name in table.chains.keys where name.hasPrefix("pick-") { table.chains[name] = nil }
            table.sets["endpoints"] = nil
        },
    ]

    @Test("is taken back without reading the services, where rules, chains or sets changed", arguments: vandalism)
    func rules(_ example: Vandalism) async throws {
        try await withReconciler { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            _ = await running.take(try web("db", "10.96.0.2", "10.11.0.2"))
            let before = running.shared.table
            let gone = try running.shared.element(of: Self.set)
            let vandal = try running.shared.meddle(
                [gone],
                set: Self.set,
                .rules,
                remaking: example.remade,
                example.change
            )
            #expect(running.shared.table != before)
            let words = await running.take(.ruleset([vandal], missed: false)).words
            #expect(words == ["repaired nft[8123]", "settled true"])
            #expect(running.shared.table == before)
        }
    }

    @Test("is found by reading them, where a map went and another came by its name")
    func remade() async throws {
        try await withReconciler { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            let before = running.shared.table
            let set = ServiceRuleset.SetName.frontends
            let vandal = try running.shared.meddle(set: Self.set, .rules, remaking: set) { table in
                table.sets[set]?.elements = [:]
            }
            let words = await running.take(.ruleset([vandal], missed: false)).words
            #expect(words.contains { $0.hasPrefix("adopted") } && words.contains("repaired nft[8123]"))
            #expect(running.shared.table == before)
        }
    }

    @Test("is found by reading them, where more happened or a commit of ours came after")
    func structure() async throws {
        try await withReconciler { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            let before = running.shared.table
            let vandal = try running.shared.meddle(set: Self.set, .table) { $0.chains["nat-output"] = nil }
            let seen = await running.take(.ruleset([vandal], missed: false)).words
            #expect(seen == ["adopted 1", "committed 1", "repaired nft[8123]", "settled true"])
            #expect(running.shared.table == before)

            let gone = try running.shared.element(of: Self.set)
            let other = try running.shared.meddle([gone], set: Self.set)
            _ = await running.take(try web("db", "10.96.0.2", "10.11.0.2"))
            var words = await running.take(.ruleset([other], missed: false)).words
            if !words.contains("repaired nft[8123]") { words += await running.untilSettled().words }
            #expect(words.contains("repaired nft[8123]") && words.contains { $0.hasPrefix("adopted") })
            #expect(running.shared.frontends.count == 2)
        }
    }

    @Test("is done again as soon as it may be looked at again, not at the next tick")
    func again() async throws {
        try await withReconciler { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            let before = running.shared.table
            for _ in 0..<5 {
                let vandal = try running.shared.meddle([try running.shared.element(of: Self.set)], set: Self.set)
                var words = await running.take(.ruleset([vandal], missed: false)).words
                if !words.contains("repaired nft[8123]") { words = await running.untilSettled().words }
                #expect(words == ["repaired nft[8123]", "settled true"])
                #expect(running.shared.table == before)
            }
        }
    }

    @Test("is no concern of ours where it is to others' tables")
    func elsewhere() async throws {
        try await withReconciler { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            let neighbour = RulesetWriter(generation: 99, processID: 1, processName: "nft", touched: [:])
            #expect(await running.take(.ruleset([neighbour], missed: false)).words == ["settled true"])
            #expect(await running.take(.ruleset([], missed: true)).words == ["adopted 1", "settled true"])
        }
    }

    @Test("is found by the audit even if no event told of it, and an audit that finds nothing writes nothing")
    func audit() async throws {
        try await withReconciler(auditing: .milliseconds(100)) { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            let before = running.shared.table
            #expect(!(try await ticks(running, until: "adopted 1")).contains { $0.hasPrefix("committed") })
            running.shared.kernel.withLock { $0.changeBehindTheBack { $0 = Ruleset() } }
            let words = try await ticks(running, until: "repaired ")
            #expect(words.contains("adopted 0") && words.contains("committed 1"))
            #expect(running.shared.table == before)
        }
    }

    /// Everything up to a word, which a tick brings sooner or later.
    private func ticks(_ running: Running, until word: String) async throws -> [String] {
        var words: [String] = []
        for _ in 0..<500 where !words.contains(word) {
            words += await running.take(.tick).words
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(words.contains(word))
        return words
    }

    @Test("is not listened to during a large commit, and found out afterwards")
    func bulk() async throws {
        let heard = Mutex<[Bool]>([])
        let shared = SharedKernel()
        try await withReconciler(shared, hears: { hears in heard.withLock { $0.append(hears) } }) { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            #expect(heard.withLock { $0 } == [])
            let many = try (0..<400).flatMap { number in
                try web("s\(number)", "10.97.\(number / 250).\(number % 250)", "10.11.0.1")
            }
            #expect(await running.take(many).words == ["committed 400", "settled true"])
            #expect(heard.withLock { $0 } == [false, true])
        }
    }
}
