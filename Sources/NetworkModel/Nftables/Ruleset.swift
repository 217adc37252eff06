/// Tables of nftables.
package struct Ruleset: Hashable, Sendable {
    /// Tables by family and name.
    package var tables: [TableID: Table] = [:]

    /// No table.
    package init() {}

    /// These tables.
    package init(_ tables: [TableID: Table]) { self.tables = tables }

    /// One table.
    package init(_ id: TableID, _ table: Table) { tables[id] = table }

    /// These tables and another's, which win where both have one.
    package func joined(by other: Ruleset) -> Ruleset {
        other.tables.isEmpty ? self : Ruleset(tables.merging(other.tables) { $1 })
    }
}

/// A table.
package struct Table: Hashable, Sendable {
    /// `NFT_TABLE_F_*`: dormant 1, owner 2, persist 4.
    package var flags: UInt32
    /// What it is for.
    package var comment: String?
    /// Chains by name.
    package var chains: [String: Chain]
    /// Sets and maps by name.
    package var sets: [String: ElementSet]

    /// Describes a table.
    package init(
        flags: UInt32 = 0,
        comment: String? = nil,
        chains: [String: Chain] = [:],
        sets: [String: ElementSet] = [:]
    ) {
        self.flags = flags
        self.comment = comment
        self.chains = chains
        self.sets = sets
    }
}

/// A chain of rules.
package struct Chain: Hashable, Sendable {
    /// Where the kernel calls a base chain.
    package struct Base: Hashable, Sendable {
        /// `filter` or `nat`.
        package enum Kind: String, Hashable, Sendable { case filter, nat }

        /// `NF_INET_*`, the same numbers for the bridge family.
        package enum Hook: UInt32, Hashable, Sendable {
            case prerouting = 0
            case input = 1
            case forward = 2
            case output = 3
            case postrouting = 4
        }

        /// The kind.
        package var kind: Kind
        /// The hook.
        package var hook: Hook
        /// Lower runs first: −100 is `dstnat`, 0 `filter`, 100 `srcnat`.
        package var priority: Int32

        /// Describes a base chain's place. Its policy is always `accept`: what we do not name, we do not touch.
        package init(_ kind: Kind, _ hook: Hook, priority: Int32) {
            self.kind = kind
            self.hook = hook
            self.priority = priority
        }
    }

    /// Nil for a chain that is only jumped to.
    package var base: Base?
    /// What it is for.
    package var comment: String?
    /// The rules, in order.
    package var rules: [Rule]

    /// Describes a chain.
    package init(base: Base? = nil, comment: String? = nil, rules: [Rule] = []) {
        self.base = base
        self.comment = comment
        self.rules = rules
    }
}
