import Addressing
import FakeKernel
import NetworkModel
import Testing

@Suite("Differences between two rulesets")
struct RulesetDiffTests {
    private static let id = TableID(.ip, "t")
    private static let look = Expression.payload(.network, offset: 12, length: 4, into: Register(0))

    /// A set that a chain looks into, a verdict map that calls a chain.
    private static let start = Table(
        chains: [
            "base": Chain(
                base: .init(.filter, .input, priority: 0),
                rules: [
                    Rule([look, .lookup(set: "pods", key: Register(0), into: nil), .counter]),
                    Rule([look, .verdictMap(map: "jumps", key: Register(0))]),
                ]
            ),
            "called": Chain(rules: [Rule([.verdict(.drop)])]),
        ],
        sets: [
            "jumps": ElementSet(
                key: [.ipv4Address],
                value: .verdict,
                elements: [
                    [10, 0, 0, 1]: Element(.verdict(.jump("called"))), [10, 0, 0, 2]: Element(.verdict(.drop)),
                ]
            ),
            "pods": ElementSet(key: [.ipv4Address], elements: [[10, 0, 0, 1]: Element(comment: "a")]),
            "seen": ElementSet(key: [.ipv4Address], dynamic: .init(timeout: 60, size: 9)),
        ]
    )

    /// A change, and the transaction that it takes.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout Table) -> Void
        let commands: [String]

        init(_ name: String, _ commands: [String], _ change: @escaping @Sendable (inout Table) -> Void) {
            testDescription = name
            self.change = change
            self.commands = commands
        }
    }

    static let cases = [
        Case("nothing", []) { _ in },
        Case("a comment of a set or a chain, which the kernel never changes", []) {
            $0.sets["pods"]?.comment = "new"
            $0.chains["called"]?.comment = "new"
        },
        Case("counted packets", []) { $0.sets["pods"]?.elements[[10, 0, 0, 1]]?.packets = 7 },
        Case("an element that rules wrote", []) { $0.sets["seen"]?.elements[[10, 0, 0, 1]] = Element() },
        Case(
            "another timeout",
            [
                "delete set ip t seen",
                "add set ip t seen { type ipv4_addr; flags dynamic,timeout; timeout 1h1s; size 9; }",
            ]
        ) { $0.sets["seen"]?.dynamic?.timeout = 3_601 },
        Case("one more element", ["add element ip t pods { 10.0.0.2 }"]) {
            $0.sets["pods"]?.elements[[10, 0, 0, 2]] = Element()
        },
        Case(
            "another owner's element",
            ["delete element ip t pods { 10.0.0.1 }", #"add element ip t pods { 10.0.0.1 comment "b" }"#]
        ) { $0.sets["pods"]?.elements[[10, 0, 0, 1]]?.comment = "b" },
        Case(
            "another verdict",
            ["delete element ip t jumps { 10.0.0.2 }", "add element ip t jumps { 10.0.0.2 : accept }"]
        ) { $0.sets["jumps"]?.elements[[10, 0, 0, 2]]?.value = .verdict(.accept) },
        Case("other rules", ["flush chain ip t called", "add rule ip t called accept"]) {
            $0.chains["called"]?.rules = [Rule([.verdict(.accept)])]
        },
        Case(
            "a chain and its callers go",
            [
                "flush chain ip t called", "delete element ip t jumps { 10.0.0.1 }", "delete chain ip t called",
            ]
        ) {
            $0.chains["called"] = nil
            $0.sets["jumps"]?.elements[[10, 0, 0, 1]] = nil
        },
        Case(
            "a new chain is there before what calls it",
            [
                "add chain ip t new", "add element ip t jumps { 10.0.0.9 : goto new }", "add rule ip t new counter",
            ]
        ) {
            $0.chains["new"] = Chain(rules: [Rule([.counter])])
            $0.sets["jumps"]?.elements[[10, 0, 0, 9]] = Element(.verdict(.goto("new")))
        },
        Case(
            "a set of another type: what looks into it is written again",
            [
                "flush chain ip t base", "delete set ip t pods", "add set ip t pods { type mark; }",
                "add rule ip t base ip saddr @pods counter", "add rule ip t base ip saddr vmap @jumps",
            ]
        ) { $0.sets["pods"] = ElementSet(key: [.mark]) },
        Case(
            "a chain that becomes a base chain: what calls it is put back",
            [
                "flush chain ip t called", "delete element ip t jumps { 10.0.0.1 }", "delete chain ip t called",
                "add chain ip t called { type filter hook output priority 0; policy accept; }",
                "add rule ip t called drop",
            ]
        ) {
            $0.chains["called"]?.base = .init(.filter, .output, priority: 0)
            $0.sets["jumps"]?.elements[[10, 0, 0, 1]] = nil
        },
        Case("other flags", ["add table ip t { flags owner,persist; }"]) { $0.flags = 6 },
    ]

    @Test("take the fewest commands, in an order that the kernel takes", arguments: cases)
    func commands(_ example: Case) throws {
        var table = Self.start
        example.change(&table)
        let (before, after) = (Ruleset([Self.id: Self.start]), Ruleset([Self.id: table]))
        let diff = RulesetDiff(from: before, to: after)
        let lines = NftSyntax.text(of: diff.changes, to: before).split(separator: "\n").map(String.init)
        #expect(lines == example.commands)
        #expect(diff.differences.isEmpty == example.commands.isEmpty)
        var kernel = FakeKernel()
        kernel.state.ruleset = before
        try kernel.commit(diff.changes, generation: nil)
        #expect(RulesetDiff(from: kernel.state.ruleset, to: after).isEmpty)
        try kernel.commit(diff.undo, generation: nil)
        #expect(RulesetDiff(from: kernel.state.ruleset, to: before).isEmpty)
    }

    @Test("elements that nobody looked at stay")
    func scope() throws {
        var kernel = FakeKernel()
        kernel.state.ruleset = Ruleset([Self.id: Self.start])
        kernel.state.ruleset.tables[Self.id]?.sets["pods"]?.elements[[10, 0, 0, 7]] = Element(comment: "another's")
        var scope = Scope()
        scope.tables = [Self.id: .comment("a")]
        let observed = try kernel.observe(scope).ruleset
        try kernel.commit(RulesetDiff(from: observed, to: observed.withoutElements).changes, generation: nil)
        let left = kernel.state.ruleset.tables[Self.id]?.sets["pods"]?.elements
        #expect(left == [[10, 0, 0, 7]: Element(comment: "another's")])
    }

    @Test("ten thousand elements differ by one: one element is written")
    func large() {
        var before = Self.start
        for number in 0..<10_000 {
            before.sets["pods"]?.elements[[10, 1, UInt8(number / 256), UInt8(number % 256)]] = Element()
        }
        var after = before
        after.sets["pods"]?.elements[[10, 1, 3, 3]] = nil
        let diff = RulesetDiff(from: Ruleset([Self.id: before]), to: Ruleset([Self.id: after]))
        #expect(diff.changes == [.deleteElements(Self.id, set: "pods", [[10, 1, 3, 3]])])
        #expect(diff.undo == [.addElements(Self.id, set: "pods", [KeyedElement([10, 1, 3, 3], Element())])])
    }
}
