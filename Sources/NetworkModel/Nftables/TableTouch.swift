/// What somebody's transactions did to one table, as the kernel announces it.
package struct TableTouch: Hashable, Sendable {
    /// An element that came or went.
    private struct Step: Hashable, Sendable {
        let set: String
        let keyed: KeyedElement
        let isAddition: Bool
    }

    private var steps: [Step] = []
    /// Whether more than elements changed: rules, chains, sets or the table itself.
    package private(set) var isStructural = false

    /// Nothing happened.
    package init() {}

    /// The sets whose elements changed.
    package var sets: Set<String> { Set(steps.lazy.map(\.set)) }

    /// Remembers that elements came, or went, after everything that is remembered already.
    package mutating func append(_ elements: [KeyedElement], of set: String, areAdditions: Bool) {
        steps += elements.map { Step(set: set, keyed: $0, isAddition: areAdditions) }
    }

    /// Remembers that the table was changed in another way.
    package mutating func restructure() { isStructural = true }

    /// Remembers what happened later.
    package mutating func append(_ later: TableTouch) {
        steps += later.steps
        isStructural = isStructural || later.isStructural
    }

    /// The changes that take back what happened to elements, as long as nothing else has happened since.
    ///
    /// Of an element that came and went only its first and last state count.
    package func inverse(in table: TableID) -> [RulesetChange] {
        let bySet = Dictionary(grouping: steps, by: \.set).sorted { $0.key < $1.key }
        let deletions = bySet.compactMap { set, steps -> RulesetChange? in
            let last = Dictionary(steps.map { ($0.keyed.key, $0.isAddition) }) { _, later in later }
            let keys = last.filter(\.value).keys.sorted { $0.lexicographicallyPrecedes($1) }
            return keys.isEmpty ? nil : .deleteElements(table, set: set, keys)
        }
        let additions = bySet.compactMap { set, steps -> RulesetChange? in
            let first = Dictionary(steps.map { ($0.keyed.key, $0) }) { earlier, _ in earlier }
            let elements = first.values.filter { !$0.isAddition }.map(\.keyed)
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            return elements.isEmpty ? nil : .addElements(table, set: set, elements)
        }
        return deletions + additions
    }
}
