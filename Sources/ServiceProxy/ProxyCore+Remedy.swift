import Addressing
import NetworkModel

// What others did to our tables is taken back without reading what services have in them.
extension ProxyCore {
    /// The changes that take back what others did and nothing else; nil where the tables have to be read as a whole.
    ///
    /// `observed` has the tables where it reached the rules, with no elements but those of `staticSets`.
    func remedy(for touched: [TableID: TableTouch], _ observed: Ruleset) -> [RulesetChange]? {
        var changes: [RulesetChange] = []
        for (table, touch) in touched.sorted(by: { $0.key < $1.key }) {
            guard touch.reachesRules else {
                changes += touch.inverse(in: table)
                continue
            }
            guard let rules = observed.tables[table], let remedy = remedy(for: touch, table, rules) else { return nil }
            changes += remedy
        }
        return changes
    }

    /// The sets of a table whose elements do not follow the services.
    func staticSets(of table: TableID) -> Set<String> {
        Set((skeleton(of: table)?.table.sets ?? [:]).filter { !$0.value.elements.isEmpty }.keys)
    }

    private func remedy(for touch: TableTouch, _ table: TableID, _ observed: Table) -> [RulesetChange]? {
        guard let (family, desired) = skeleton(of: table) else { return nil }
        let ruleset = ServiceRuleset(family)
        let rules = RulesetDiff(from: .one(table, ruleset.inOrder(observed, as: desired)), to: .one(table, desired))
        let lost = Set(rules.changes.compactMap(\.addedSet)).filter(ServiceRuleset.SetName.isDynamic)
        // One that went and came again holds nobody knows what.
        guard touch.remadeSets.allSatisfy({ lost.contains($0) || !ServiceRuleset.SetName.isDynamic($0) }) else {
            return nil
        }
        return rules.changes + mirror.additions(to: lost, ruleset)
            + touch.inverse(in: table) { ServiceRuleset.SetName.isDynamic($0) && !lost.contains($0) }
    }
}

extension RulesetChange {
    /// The set that is made, if it makes one.
    fileprivate var addedSet: String? {
        if case .addSet(_, let name, _, _, _, _) = self { name } else { nil }
    }
}

extension TableTouch {
    /// Whether it takes more than elements that follow the services to take it back.
    var reachesRules: Bool { isStructural || !sets.allSatisfy(ServiceRuleset.SetName.isDynamic) }
}

extension ServiceRuleset {
    /// Rules for prefixes stand in the order in which they came to be needed, which does not matter.
    fileprivate func inOrder(_ observed: Table, as desired: Table) -> Table {
        let chain = "allowed-sources"
        let (have, want) = (observed.chains[chain]?.rules ?? [], desired.chains[chain]?.rules ?? [])
        guard have.count == want.count, Set(have) == Set(want) else { return observed }
        var table = observed
        table.chains[chain]?.rules = want
        return table
    }
}

extension KernelMirror {
    /// Everything that some sets should hold, for sets that are empty. Walks over everything if there are any.
    fileprivate func additions(to sets: Set<String>, _ ruleset: ServiceRuleset) -> [RulesetChange] {
        guard !sets.isEmpty else { return [] }
        var batch = ElementBatch()
        for (frontend, state) in frontends where frontend.address.family == ruleset.family {
            batch.replace(frontend, nil, state)
        }
        for (address, state) in clusterIPs where address.family == ruleset.family { batch.replace(address, nil, state) }
        for address in hairpins.keys where address.family == ruleset.family {
            batch.replaceHairpin(address, false, true)
        }
        return batch.changes(ruleset.table).filter { change in
            if case .addElements(_, let set, _) = change { sets.contains(set) } else { false }
        }
    }
}
