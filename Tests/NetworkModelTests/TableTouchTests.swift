import NetworkModel
import Testing

@Suite("What others did to a table")
struct TableTouchTests {
    private static let id = TableID(.ip, "t")
    private static let old = KeyedElement([1], Element(.data([7]), comment: "old", hasCounter: true))
    private static let new = KeyedElement([1], Element(.data([8])))
    private static let second = KeyedElement([2], Element())

    /// Elements that came (true) or went, in this order, and what takes it back.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let steps: [(KeyedElement, Bool)]
        let inverse: [RulesetChange]
    }

    static let cases = [
        Case(
            testDescription: "what went comes back as it was",
            steps: [(old, false)],
            inverse: [.addElements(id, set: "s", [old])]
        ),
        Case(
            testDescription: "what came goes",
            steps: [(new, true), (second, true)],
            inverse: [.deleteElements(id, set: "s", [[1], [2]])]
        ),
        Case(
            testDescription: "what was replaced is replaced again, in one transaction",
            steps: [(old, false), (new, true)],
            inverse: [.deleteElements(id, set: "s", [[1]]), .addElements(id, set: "s", [old])]
        ),
        Case(testDescription: "what came and went was nothing", steps: [(new, true), (new, false)], inverse: []),
        Case(
            testDescription: "what went, came and went again comes back as it was first",
            steps: [(old, false), (new, true), (new, false)],
            inverse: [.addElements(id, set: "s", [old])]
        ),
    ]

    @Test("is taken back exactly", arguments: cases)
    func inverse(_ example: Case) {
        var touch = TableTouch()
        for (element, isAddition) in example.steps { touch.append([element], of: "s", areAdditions: isAddition) }
        #expect(touch.inverse(in: Self.id) == example.inverse)
        #expect(!touch.isStructural)
    }

    @Test("of several sets each is told, and whether there was more than elements")
    func several() {
        var touch = TableTouch()
        touch.append([Self.old], of: "b", areAdditions: false)
        var later = TableTouch()
        later.append([Self.new], of: "a", areAdditions: true)
        later.restructure(.rules, set: "c")
        touch.append(later)
        #expect(touch.sets == ["a", "b"])
        #expect(touch.isStructural)
        #expect(touch.extent == .rules && touch.remadeSets == ["c"])
        #expect(touch.inverse(in: Self.id) { $0 == "a" } == [.deleteElements(Self.id, set: "a", [[1]])])
        touch.restructure(.table)
        later.restructure(.rules)
        touch.append(later)
        #expect(touch.extent == .table)
        let inverse: [RulesetChange] = [
            .deleteElements(Self.id, set: "a", [[1]]), .addElements(Self.id, set: "b", [Self.old]),
        ]
        #expect(touch.inverse(in: Self.id) == inverse)
    }
}
