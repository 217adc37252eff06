/// What separates two versions of one table.
struct TableDiff {
    private let id: TableID
    private let isMissing: Bool
    private let isExtra: Bool
    private let observed: Table
    private let desired: Table
    /// Chains and sets that are in both versions and stay; one of another kind or type has to be made anew.
    private let keptChains: Set<String>
    private let keptSets: Set<String>

    init(_ id: TableID, from observed: Table?, to desired: Table?) {
        self.id = id
        (isMissing, isExtra) = (observed == nil, desired == nil)
        let (have, want) = (observed ?? Table(), desired ?? Table())
        (self.observed, self.desired) = (have, want)
        keptChains = Set(
            want.chains.filter { name, chain in have.chains[name].map { $0.base == chain.base } ?? false }.keys
        )
        keptSets = Set(want.sets.filter { name, set in have.sets[name]?.hasType(of: set) ?? false }.keys)
    }

    /// The changes from one version to the other. Where only elements differ, as nearly always, nothing else is compared
    /// twice.
    static func changes(_ id: TableID, from observed: Table?, to desired: Table?) -> [RulesetChange] {
        guard let observed, let desired, observed.hasStructure(of: desired) else {
            return TableDiff(id, from: observed, to: desired).changes
        }
        let elements = ElementChanges(id, from: observed.sets, to: desired.sets)
        return elements.removals + elements.additions
    }

    /// Rules go first, then elements, sets and chains; chains and sets come first, then elements, then rules.
    private var changes: [RulesetChange] {
        guard !isExtra else { return [.deleteTable(id)] }
        let refilled = refilledChains
        let elements = ElementChanges(id, from: observed.sets.filter { keptSets.contains($0.key) }, to: desired.sets)
        var changes = flushes(refilled)
        changes += elements.removals
        changes += goneSets.map { .deleteSet(id, $0) } + goneChains.map { .deleteChain(id, $0) }
        if isMissing || observed.flags != desired.flags {
            changes.append(.addTable(id, flags: desired.flags, comment: desired.comment))
        }
        changes += newChains + newSets
        changes += elements.additions
        return changes + rules(refilled)
    }

    private var goneChains: [String] { observed.chains.keys.filter { !keptChains.contains($0) }.sorted() }
    private var goneSets: [String] { observed.sets.keys.filter { !keptSets.contains($0) }.sorted() }

    /// Chains whose rules are written (again): new ones, other ones, and those that look into a set made anew.
    ///
    /// No rule or element refers to a chain that is made anew, since that is or was a base chain.
    private var refilledChains: [String] {
        let lostSets = Set(goneSets)
        return desired.chains.keys.sorted().filter { name in
            guard keptChains.contains(name), let before = observed.chains[name]?.rules else { return true }
            return before != desired.chains[name]?.rules
                || before.contains { $0.looks(into: lostSets) }
        }
    }

    private func flushes(_ refilled: [String]) -> [RulesetChange] {
        let names = Set(refilled).union(goneChains)
        return names.sorted().filter { observed.chains[$0]?.rules.isEmpty == false }.map { .flushChain(id, $0) }
    }

    private var newChains: [RulesetChange] {
        desired.chains.sorted { $0.key < $1.key }.filter { !keptChains.contains($0.key) }
            .map { .addChain(id, $0.key, $0.value.base, comment: $0.value.comment) }
    }

    private var newSets: [RulesetChange] {
        desired.sets.sorted { $0.key < $1.key }.filter { !keptSets.contains($0.key) }
            .map { .addSet(id, named: $0.key, $0.value) }
    }

    private func rules(_ refilled: [String]) -> [RulesetChange] {
        refilled.flatMap { name in
            (desired.chains[name]?.rules ?? []).map { .appendRule(id, chain: name, $0) }
        }
    }
}

extension TableDiff {
    /// The differences in words.
    var differences: [Difference] {
        if isExtra { return [Difference("table \(id)", .extra)] }
        if isMissing { return [Difference("table \(id)", .missing)] }
        return flagDifference + objectDifferences + ruleDifferences + elementDifferences
    }

    private var flagDifference: [Difference] {
        guard observed.flags != desired.flags else { return [] }
        return [Difference("table \(id) flags", .changed(want: "\(desired.flags)", have: "\(observed.flags)"))]
    }

    private var objectDifferences: [Difference] {
        let chains = Set(desired.chains.keys).union(observed.chains.keys).subtracting(keptChains)
        let sets = Set(desired.sets.keys).union(observed.sets.keys).subtracting(keptSets)
        return chains.sorted().map { name in
            let texts = (desired.chains[name], observed.chains[name])
            return compare("chain \(id) \(name)", texts.0.map(NftSyntax.kind(of:)), texts.1.map(NftSyntax.kind(of:)))
        }
            + sets.sorted().map { name in
                let texts = (desired.sets[name], observed.sets[name])
                return compare("set \(id) \(name)", texts.0.map(NftSyntax.type(of:)), texts.1.map(NftSyntax.type(of:)))
            }
    }

    private func compare(_ subject: String, _ want: String?, _ have: String?) -> Difference {
        guard let have else { return Difference(subject, .missing) }
        guard let want else { return Difference(subject, .extra) }
        return Difference(subject, .changed(want: "'\(want)'", have: "'\(have)'"))
    }

    private var ruleDifferences: [Difference] {
        keptChains.sorted().compactMap { name in
            let (want, have) = (desired.chains[name]?.rules ?? [], observed.chains[name]?.rules ?? [])
            guard want != have else { return nil }
            let kind = Difference.Kind.changed(want: words(want, in: desired), have: words(have, in: observed))
            return Difference("rules of chain \(id) \(name)", kind)
        }
    }

    private func words(_ rules: [Rule], in table: Table) -> String {
        let texts = rules.map { NftSyntax.text(of: $0, in: table) }
        return texts.isEmpty ? "none" : "'" + texts.joined(separator: "; ") + "'"
    }

    private var elementDifferences: [Difference] {
        keptSets.sorted().flatMap { name -> [Difference] in
            guard let want = desired.sets[name], let have = observed.sets[name], want.dynamic == nil else { return [] }
            return differences(name, want, have)
        }
    }

    private func differences(_ name: String, _ want: ElementSet, _ have: ElementSet) -> [Difference] {
        let keys = Set(want.elements.keys).union(have.elements.keys)
        let differing = keys.filter { want.elements[$0] != have.elements[$0] }
        return differing.sorted { $0.lexicographicallyPrecedes($1) }.map { key in
            let subject = "element \(NftSyntax.text(of: key, as: want.key)) of \(id) \(name)"
            guard let found = have.elements[key] else { return Difference(subject, .missing) }
            guard let wanted = want.elements[key] else { return Difference(subject, .extra) }
            let texts = (NftSyntax.text(of: wanted, in: want), NftSyntax.text(of: found, in: have))
            return Difference(subject, .changed(want: texts.0, have: texts.1))
        }
    }
}

/// What separates the elements of two versions of a table's sets.
///
/// Not of sets that rules write to: what packets put there is nobody's wish.
private struct ElementChanges {
    /// Elements that go, or are replaced: the kernel takes no other data for a key that is there.
    private(set) var removals: [RulesetChange] = []
    private(set) var additions: [RulesetChange] = []

    init(_ id: TableID, from before: [String: ElementSet], to after: [String: ElementSet]) {
        for name in after.keys.sorted() {
            guard let set = after[name], set.dynamic == nil else { continue }
            let (have, want) = (before[name]?.elements ?? [:], set.elements)
            guard have != want else { continue }
            let removed = Self.keys(of: have, notIn: want)
            let added = Self.elements(of: want, notIn: have)
            if !removed.isEmpty { removals.append(.deleteElements(id, set: name, removed)) }
            if !added.isEmpty { additions.append(.addElements(id, set: name, added)) }
        }
    }

    private static func keys(of elements: [[UInt8]: Element], notIn others: [[UInt8]: Element]) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        for (key, element) in elements where !others.has(element, at: key) { keys.append(key) }
        if keys.count > 1 { keys.sort { $0.lexicographicallyPrecedes($1) } }
        return keys
    }

    private static func elements(of elements: [[UInt8]: Element], notIn others: [[UInt8]: Element]) -> [KeyedElement] {
        var added: [KeyedElement] = []
        for (key, element) in elements where !others.has(element, at: key) {
            added.append(KeyedElement(key, element))
        }
        if added.count > 1 { added.sort { $0.key.lexicographicallyPrecedes($1.key) } }
        return added
    }
}

extension [[UInt8]: Element] {
    fileprivate func has(_ element: Value, at key: [UInt8]) -> Bool {
        guard let found = self[key] else { return false }
        return found == element
    }
}

extension Table {
    /// Whether nothing but elements separates the two.
    fileprivate func hasStructure(of other: Table) -> Bool {
        guard flags == other.flags, chains.count == other.chains.count, sets.count == other.sets.count else {
            return false
        }
        for (name, chain) in chains {
            guard let twin = other.chains[name], chain.base == twin.base, chain.rules == twin.rules else {
                return false
            }
        }
        for (name, set) in sets {
            guard let twin = other.sets[name], set.hasType(of: twin) else { return false }
        }
        return true
    }
}

extension ElementSet {
    func hasType(of other: ElementSet) -> Bool {
        key == other.key && value == other.value && dynamic == other.dynamic
    }
}

extension Verdict {
    /// The chain that is called.
    package var target: String? {
        switch self {
        case .accept, .drop, .return: nil
        case .jump(let chain), .goto(let chain): chain
        }
    }
}

extension Element {
    /// The chain that a verdict map's element calls.
    package var target: String? {
        guard case .verdict(let verdict) = value else { return nil }
        return verdict.target
    }
}

extension Expression {
    /// The set or map that is looked up or written to.
    package var set: String? {
        switch self {
        case .lookup(let set, _, _), .lookupMissing(let set, _), .verdictMap(let set, _),
            .writeElement(_, let set, _, _):
            set
        case .payload, .meta, .setMeta, .conntrack, .compare, .bitwise, .immediate, .verdict, .random,
            .fibAddressType, .setAddress, .dnat, .masquerade, .reject, .counter, .unknown:
            nil
        }
    }

    /// The chain that is called.
    package var target: String? {
        guard case .verdict(let verdict) = self else { return nil }
        return verdict.target
    }
}

extension Rule {
    fileprivate func looks(into sets: Set<String>) -> Bool {
        expressions.contains { $0.set.map(sets.contains) ?? false }
    }
}
