/// Prints rulesets and transactions as nft would write them: for people, logs and golden files.
///
/// It is not read by any program. What nft has no words for is printed as in `nft --debug=netlink`, in brackets.
package enum NftSyntax {
    /// The ruleset as `nft list ruleset` prints it, in a fixed order.
    package static func text(of ruleset: Ruleset) -> String {
        ruleset.tables.sorted { $0.key < $1.key }.map { text(of: $0.value, named: $0.key) }.joined()
    }

    /// One table.
    package static func text(of table: Table, named id: TableID) -> String {
        var lines = ["table \(id) {"]
        if let comment = table.comment { lines.append("    comment \(quoted(comment))") }
        if table.flags != 0 { lines.append("    flags \(flags(table.flags))") }
        for (name, set) in table.sets.sorted(by: { $0.key < $1.key }) {
            lines += block("\(word(for: set)) \(name)", setLines(set))
        }
        for (name, chain) in table.chains.sorted(by: { $0.key < $1.key }) {
            lines += block("chain \(name)", chainLines(chain, in: table))
        }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    private static func block(_ head: String, _ body: [String]) -> [String] {
        ["    \(head) {"] + body.map { "        \($0)" } + ["    }"]
    }

    private static func setLines(_ set: ElementSet) -> [String] {
        var lines = ["type \(dataTypes(of: set))"] + (set.dynamic.map(texts) ?? [])
        if let comment = set.comment { lines.append("comment \(quoted(comment))") }
        guard !set.elements.isEmpty else { return lines }
        let keys = set.elements.keys.sorted { $0.lexicographicallyPrecedes($1) }
        let elements = keys.compactMap { key in
            set.elements[key].map { text(of: KeyedElement(key, $0), in: set) }
        }
        return lines + ["elements = {"] + elements.map { "    \($0)," } + ["}"]
    }

    private static func chainLines(_ chain: Chain, in table: Table) -> [String] {
        var lines: [String] = []
        if chain.base != nil { lines.append("\(kind(of: chain)); policy accept;") }
        if let comment = chain.comment { lines.append("comment \(quoted(comment))") }
        return lines + chain.rules.map { text(of: $0, in: table) }
    }

    /// `type nat hook prerouting priority -100`, or `regular`.
    static func kind(of chain: Chain) -> String { chain.base.map(text(of:)) ?? "regular" }

    static func text(of base: Chain.Base) -> String {
        "type \(base.kind.rawValue) hook \(base.hook) priority \(base.priority)"
    }

    static func word(for set: ElementSet) -> String { set.value == nil ? "set" : "map" }

    /// `ipv4_addr : classid; flags dynamic,timeout; timeout 3h; size 65536`, the flags only where there are some.
    static func type(of set: ElementSet) -> String {
        ([dataTypes(of: set)] + (set.dynamic.map(texts) ?? [])).joined(separator: "; ")
    }

    private static func texts(of dynamic: ElementSet.Dynamic) -> [String] {
        ["flags dynamic,timeout", "timeout \(duration(dynamic.timeout))", "size \(dynamic.size)"]
    }

    /// `1d2h3m4s`, without what is zero.
    private static func duration(_ seconds: UInt32) -> String {
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"),
        ]
        return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
    }

    /// `ipv4_addr . inet_proto . inet_service : classid`
    private static func dataTypes(of set: ElementSet) -> String {
        let key = set.key.map(\.nftName).joined(separator: " . ")
        switch set.value {
        case nil: return key
        case .verdict: return "\(key) : verdict"
        case .data(let types): return "\(key) : " + types.map(\.nftName).joined(separator: " . ")
        }
    }

    static func quoted(_ comment: String) -> String { "\"\(comment)\"" }

    /// NFT_TABLE_F_* in words.
    static func flags(_ flags: UInt32) -> String {
        let names: [(UInt32, String)] = [(1, "dormant"), (2, "owner"), (4, "persist")]
        let rest = flags & ~7
        let words = names.filter { flags & $0.0 != 0 }.map(\.1) + (rest == 0 ? [] : ["0x" + hexadecimal(rest)])
        return words.joined(separator: ",")
    }
}

extension NftSyntax {
    /// A transaction as `nft -f` would take it, one command a line.
    ///
    /// `tables` are those that the changes are made to: they tell how to print keys of sets that are there already.
    package static func text(of changes: [RulesetChange], to ruleset: Ruleset) -> String {
        var known = ruleset.tables
        return changes.map { change in
            note(change, &known)
            return text(of: change, known) + "\n"
        }.joined()
    }

    /// Remembers new sets, for the elements that follow.
    private static func note(_ change: RulesetChange, _ known: inout [TableID: Table]) {
        guard case .addSet(let table, let name, let key, let value, let dynamic, let comment) = change else { return }
        known[table, default: Table()].sets[name] =
            ElementSet(key: key, value: value, dynamic: dynamic, comment: comment)
    }

    private static func text(of change: RulesetChange, _ known: [TableID: Table]) -> String {
        switch change {
        case .addTable(let table, let bits, let comment):
            let body = [bits == 0 ? nil : "flags \(flags(bits));", comment.map { "comment \(quoted($0));" }]
            return "add table \(table)" + braced(body)
        case .deleteTable(let table): return "delete table \(table)"
        case .addChain(let table, let name, let base, let comment):
            let body = [base.map { "\(text(of: $0)); policy accept;" }, comment.map { "comment \(quoted($0));" }]
            return "add chain \(table) \(name)" + braced(body)
        case .deleteChain(let table, let name): return "delete chain \(table) \(name)"
        case .flushChain(let table, let name): return "flush chain \(table) \(name)"
        case .deleteRule(let table, let chain, let handle): return "delete rule \(table) \(chain) handle \(handle)"
        case .appendRule(let table, let chain, let rule):
            return "add rule \(table) \(chain) \(text(of: rule, in: known[table] ?? Table()))"
        case .addSet(let table, let name, let key, let value, let dynamic, let comment):
            let set = ElementSet(key: key, value: value, dynamic: dynamic)
            let body = ["type \(type(of: set));", comment.map { "comment \(quoted($0));" }]
            return "add \(word(for: set)) \(table) \(name)" + braced(body)
        case .deleteSet(let table, let name): return "delete set \(table) \(name)"
        case .addElements(let table, let name, let elements):
            let set = known[table]?.sets[name]
            return "add element \(table) \(name)" + braced([list(elements.map { text(of: $0, in: set) })])
        case .deleteElements(let table, let name, let keys):
            let types = known[table]?.sets[name]?.key
            return "delete element \(table) \(name)" + braced([list(keys.map { text(of: $0, as: types) })])
        }
    }

    private static func braced(_ parts: [String?]) -> String {
        let parts = parts.compactMap { $0 }
        return parts.isEmpty ? "" : " { " + parts.joined(separator: " ") + " }"
    }

    private static func list(_ texts: [String]) -> String { texts.joined(separator: ", ") }
}
