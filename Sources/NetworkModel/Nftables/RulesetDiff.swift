/// The transaction that makes one ruleset of another, and the one that takes it back.
///
/// Only what is in either ruleset is touched: an element that was not observed stays. Comments of tables, chains and
/// sets make no difference, since the kernel changes none of them afterwards.
package struct RulesetDiff: Hashable, Sendable {
    /// What to do, in an order in which every reference exists when it is used and is gone when its target goes.
    package let changes: [RulesetChange]
    private let observed: Ruleset
    private let desired: Ruleset

    /// Compares the two.
    package init(from observed: Ruleset, to desired: Ruleset) {
        (self.observed, self.desired) = (observed, desired)
        changes = Self.changes(from: observed, to: desired)
    }

    /// The transaction back.
    package var undo: [RulesetChange] { isEmpty ? [] : Self.changes(from: desired, to: observed) }

    /// The changes in words, for CHECK.
    package var differences: [Difference] {
        guard !isEmpty else { return [] }
        return Self.names(observed, desired).flatMap { name in
            TableDiff(name, from: observed.tables[name], to: desired.tables[name]).differences
        }
    }

    /// Whether the two are the same.
    package var isEmpty: Bool { changes.isEmpty }

    private static func changes(from observed: Ruleset, to desired: Ruleset) -> [RulesetChange] {
        // Pods have elements in one table, or in none: there is nothing to put in order.
        if desired.tables.count <= 1, observed.tables.count <= 1, let name = desired.tables.keys.first,
            observed.tables.isEmpty || observed.tables[name] != nil
        {
            return TableDiff.changes(name, from: observed.tables[name], to: desired.tables[name])
        }
        var changes: [RulesetChange] = []
        for name in names(observed, desired) {
            changes += TableDiff.changes(name, from: observed.tables[name], to: desired.tables[name])
        }
        return changes
    }

    private static func names(_ observed: Ruleset, _ desired: Ruleset) -> [TableID] {
        var names = Array(desired.tables.keys)
        for name in observed.tables.keys where desired.tables[name] == nil { names.append(name) }
        return names.sorted()
    }
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
