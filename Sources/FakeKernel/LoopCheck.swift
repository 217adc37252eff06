import NetworkModel

/// Finds a chain that can come back to itself, which Linux refuses (nft_chain_validate, EMLINK).
struct LoopCheck {
    private let table: Table
    private var isSafe: Set<String> = []

    init(_ table: Table) { self.table = table }

    /// Throws for the first chain that leads back to itself.
    mutating func run() throws(KernelError) {
        for chain in table.chains.keys.sorted() { try visit(chain, []) }
    }

    private mutating func visit(_ chain: String, _ callers: [String]) throws(KernelError) {
        guard !callers.contains(chain) else {
            throw KernelError("add rule to chain", chain, reason: .other, errno: 31, "Too many links")
        }
        guard !isSafe.contains(chain) else { return }
        for target in targets(of: chain) { try visit(target, callers + [chain]) }
        isSafe.insert(chain)
    }

    private func targets(of chain: String) -> Set<String> {
        let expressions = (table.chains[chain]?.rules ?? []).flatMap(\.expressions)
        return expressions.reduce(into: []) { targets, expression in
            switch expression {
            case .verdict(let verdict): targets.formUnion([verdict.target].compactMap(\.self))
            case .verdictMap(let map, _):
                targets.formUnion((table.sets[map]?.elements.values ?? [:].values).compactMap(\.target))
            default: break
            }
        }
    }
}

extension [RulesetChange] {
    /// The tables whose chains may lead elsewhere after these changes.
    var tablesWithNewPaths: Set<TableID> {
        reduce(into: []) { tables, change in
            switch change {
            case .appendRule(let id, _, _): tables.insert(id)
            case .addElements(let id, _, let elements):
                if elements.contains(where: { $0.element.target != nil }) { tables.insert(id) }
            default: break
            }
        }
    }
}
