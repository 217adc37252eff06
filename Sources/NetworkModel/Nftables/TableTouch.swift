/// What somebody's transactions did to one table, as the kernel announces it.
package struct TableTouch: Hashable, Sendable {
    /// An element that came or went.
    private struct Step: Hashable, Sendable {
        let set: String
        let keyed: KeyedElement
        let isAddition: Bool
    }

    /// What changed at most.
    package enum Extent: Comparable, Hashable, Sendable {
        case elements
        /// Rules, chains or sets, too.
        case rules
        /// It may be anything, the table itself included.
        case table
    }

    private var steps: [Step] = []
    /// What changed at most.
    package private(set) var extent = Extent.elements
    /// Sets that came or went.
    package private(set) var remadeSets: Set<String> = []

    /// Nothing happened.
    package init() {}

    /// The sets whose elements changed.
    package var sets: Set<String> { Set(steps.lazy.map(\.set)) }

    /// Remembers that elements came, or went, after everything that is remembered already.
    package mutating func append(_ elements: [KeyedElement], of set: String, areAdditions: Bool) {
        steps += elements.map { Step(set: set, keyed: $0, isAddition: areAdditions) }
    }

    /// Whether more than elements changed.
    package var isStructural: Bool { extent > .elements }

    /// Remembers that the table was changed in another way; `set` is one that came or went.
    package mutating func restructure(_ extent: Extent, set: String? = nil) {
        self.extent = max(self.extent, extent)
        if let set { remadeSets.insert(set) }
    }

    /// Remembers what happened later.
    package mutating func append(_ later: TableTouch) {
        steps += later.steps
        extent = max(extent, later.extent)
        remadeSets.formUnion(later.remadeSets)
    }

    /// The changes that take back what happened to elements of such sets, as long as nothing else has happened since.
    ///
    /// Of an element that came and went only its first and last state count.
    package func inverse(
        in table: TableID,
        ofSets isMeant: (String) -> Bool = { _ in true }
    ) -> [RulesetChange] {
        let meant = steps.filter { isMeant($0.set) }
        let bySet = Dictionary(grouping: meant, by: \.set).sorted { $0.key < $1.key }
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
