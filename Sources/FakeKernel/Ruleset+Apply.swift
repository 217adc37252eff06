import NetworkModel

extension Ruleset {
    /// Makes one change, or says as Linux would why it cannot be made.
    mutating func apply(_ change: RulesetChange) throws(KernelError) {
        switch change {
        case .addTable(let id, let flags, let comment):
            tables[id, default: Table(flags: flags, comment: comment)].flags = flags
        case .deleteTable(let id):
            guard tables.removeValue(forKey: id) != nil else { throw .noEntry("delete table", id) }
        case .addChain(let id, let name, let base, let comment):
            try modify(id) { (table: inout Table) throws(KernelError) in try table.addChain(name, base, comment) }
        case .deleteChain(let id, let name):
            try modify(id) { (table: inout Table) throws(KernelError) in try table.deleteChain(name) }
        case .flushChain(let id, let name):
            try modify(id) { (table: inout Table) throws(KernelError) in
                guard table.chains[name] != nil else { throw .noEntry("flush chain", name) }
                table.chains[name]?.rules = []
            }
        case .appendRule(let id, let chain, let rule):
            try modify(id) { (table: inout Table) throws(KernelError) in try table.append(rule, to: chain) }
        case .deleteRule(let id, let chain, let handle):
            try modify(id) { (table: inout Table) throws(KernelError) in
                let rules = table.chains[chain]?.rules.indices ?? 0..<0
                guard let index = Int(exactly: handle), rules.contains(index) else {
                    throw .noEntry("delete rule", chain)
                }
                table.chains[chain]?.rules.remove(at: index)
            }
        case .addSet(let id, let name, let key, let value, let dynamic, let comment):
            let set = ElementSet(key: key, value: value, dynamic: dynamic, comment: comment)
            try modify(id) { (table: inout Table) throws(KernelError) in try table.addSet(name, set) }
        case .deleteSet(let id, let name):
            try modify(id) { (table: inout Table) throws(KernelError) in try table.deleteSet(name) }
        case .addElements(let id, let set, let elements):
            try modify(id) { (table: inout Table) throws(KernelError) in
                for element in elements { try table.add(element, to: set) }
            }
        case .deleteElements(let id, let set, let keys):
            try modify(id) { (table: inout Table) throws(KernelError) in
                for key in keys { try table.deleteElement(key, of: set) }
            }
        }
    }

    private mutating func modify(
        _ id: TableID,
        _ body: (inout Table) throws(KernelError) -> Void
    ) throws(KernelError) {
        guard var table = tables[id] else { throw .noEntry("find table", id) }
        tables[id] = nil
        defer { tables[id] = table }
        try body(&table)
    }
}

extension Table {
    /// NFT_NAME_MAXLEN (linux/netfilter/nf_tables.h), the NUL included.
    private static let longestName = 255
    /// What nft reads back of a comment.
    private static let longestComment = 127

    private func check(_ name: String, _ comment: String?, _ operation: String) throws(KernelError) {
        guard !name.isEmpty, name.utf8.count <= Self.longestName, comment?.utf8.count ?? 0 <= Self.longestComment else {
            throw .invalid(operation, name)
        }
    }

    fileprivate mutating func addChain(_ name: String, _ base: Chain.Base?, _ comment: String?) throws(KernelError) {
        try check(name, comment, "add chain")
        guard let found = chains[name] else {
            chains[name] = Chain(base: base, comment: comment)
            return
        }
        guard found.base == base else { throw .exists("add chain", name) }
    }

    fileprivate mutating func deleteChain(_ name: String) throws(KernelError) {
        guard chains[name] != nil else { throw .noEntry("delete chain", name) }
        let callers = chains.filter { $0.key != name }.values.flatMap(\.rules).flatMap(\.expressions)
        let isCalled =
            callers.contains { $0.target == name }
            || sets.values.contains { $0.elements.values.contains { $0.target == name } }
        guard !isCalled else { throw .busy("delete chain", name) }
        chains[name] = nil
    }

    fileprivate mutating func append(_ rule: Rule, to chain: String) throws(KernelError) {
        guard chains[chain] != nil else { throw .noEntry("add rule to chain", chain) }
        try check(chain, rule.comment, "add rule to chain")
        var registers = RegisterCheck(self, chain)
        for expression in rule.expressions { try registers.check(expression) }
        chains[chain]?.rules.append(rule)
    }

    fileprivate mutating func addSet(_ name: String, _ set: ElementSet) throws(KernelError) {
        try check(name, set.comment, "add set")
        // NFT_DATA_VALUE_MAXLEN: 64 bytes of key.
        guard (1...64).contains(RegisterBytes.length(of: set.key)) else { throw .invalid("add set", name) }
        guard let found = sets[name] else {
            sets[name] = set
            return
        }
        guard found.key == set.key, found.value == set.value, found.dynamic == set.dynamic else {
            throw .exists("add set", name)
        }
    }

    fileprivate mutating func deleteSet(_ name: String) throws(KernelError) {
        guard sets[name] != nil else { throw .noEntry("delete set", name) }
        let isUsed = chains.values.contains { $0.rules.contains { $0.expressions.contains { $0.set == name } } }
        guard !isUsed else { throw .busy("delete set", name) }
        sets[name] = nil
    }

    fileprivate mutating func add(_ keyed: KeyedElement, to name: String) throws(KernelError) {
        guard let set = sets[name] else { throw .noEntry("add element to set", name) }
        try check(name, keyed.element.comment, "add element to set")
        guard keyed.key.count == RegisterBytes.length(of: set.key), fits(keyed.element, set) else {
            throw .invalid("add element to set", name)
        }
        if let target = keyed.element.target, chains[target] == nil { throw .noEntry("find chain", target) }
        if let target = keyed.element.target, chains[target]?.base != nil { throw .unsupported("call chain", target) }
        if let found = set.elements[keyed.key] {
            // The same data again is no error and changes nothing, a new comment neither.
            guard found.value == keyed.element.value else { throw .exists("add element to set", name) }
            return
        }
        var element = keyed.element
        element.packets = element.hasCounter ? 0 : nil
        sets[name]?.elements[keyed.key] = element
    }

    private func fits(_ element: Element, _ set: ElementSet) -> Bool {
        switch (set.value, element.value) {
        case (nil, nil), (.verdict, .verdict): true
        case (.data(let types), .data(let bytes)): bytes.count == RegisterBytes.length(of: types)
        case (nil, _), (.data, _), (.verdict, _): false
        }
    }

    fileprivate mutating func deleteElement(_ key: [UInt8], of name: String) throws(KernelError) {
        guard sets[name] != nil else { throw .noEntry("delete element of set", name) }
        guard sets[name]?.elements.removeValue(forKey: key) != nil else {
            throw .noEntry("delete element of set", name)
        }
    }
}
