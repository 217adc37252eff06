/// The transaction that makes one ruleset of another, and the one that takes it back.
///
/// Only what is in either ruleset is touched: an element that was not observed stays. Comments of tables, chains and
/// sets make no difference, since the kernel changes none of them afterwards.
package struct RulesetDiff: Hashable, Sendable {
    /// What to do, in an order in which every reference exists when it is used and is gone when its target goes.
    package let changes: [RulesetChange]
    private let tables: [TableDiff]

    /// Compares the two.
    package init(from observed: Ruleset, to desired: Ruleset) {
        let names = Set(observed.tables.keys).union(desired.tables.keys).sorted()
        tables = names.map { TableDiff($0, from: observed.tables[$0], to: desired.tables[$0]) }
        changes = tables.flatMap(\.changes)
    }

    /// The transaction back.
    package var undo: [RulesetChange] { isEmpty ? [] : tables.flatMap(\.inverse.changes) }

    /// The changes in words, for CHECK.
    package var differences: [Difference] { isEmpty ? [] : tables.flatMap(\.differences) }

    /// Whether the two are the same.
    package var isEmpty: Bool { changes.isEmpty }
}

extension Ruleset {
    /// The same tables, chains, rules and sets with no element in them: what DEL leaves.
    package var withoutElements: Ruleset {
        Ruleset(
            tables.mapValues { table in
                var table = table
                table.sets = table.sets.mapValues { set in
                    var set = set
                    set.elements = [:]
                    return set
                }
                return table
            }
        )
    }
}
