package import Addressing
package import NetworkModel

/// The rules that turn an address that a service claims into an endpoint, for one family.
///
/// The rules never change with services or endpoints; these are elements only:
///
///     map frontends { address . protocol . port : code }                which chain picks its endpoint
///     map endpoints { index . address . protocol . port : address . port }
///     set cluster-ips { address }                                       whatever is left for one of these is rejected
///     set hairpin { address . address }                                 local endpoints, each with itself
///
/// and, for what comes from outside the cluster,
///
///     map everywhere, here { address . protocol . port : code }         the two lists of externalTrafficPolicy: Local
///     map endpoints-here { index . address . protocol . port : address . port }
///     set refused, masqueraded, masqueraded-from-node, restricted { address . protocol . port }
///     set allowed-<n> { address . protocol . port . network of n bits } who may use a restricted one
///
/// and, for session affinity, what `memory(of:_:_:)` tells.
///
/// A new connection's first packet is looked up in `frontends`. The code goes through `meta priority` to `dispatch`,
/// since nft 1.0.6 aborts on listing a looked-up register in another key, and registers do not cross rules. `dispatch`
/// goes to `pick-<count>`, which draws an index and translates, or to `by-source`, which looks up which list it is.
package struct ServiceRuleset: Sendable {
    /// The family.
    package let family: IPAddress.Family

    /// The rules of a family.
    package init(_ family: IPAddress.Family) {
        self.family = family
    }

    /// `ip podnet` or `ip6 podnet`
    package var table: TableID { TableID(family == .v4 ? .ip : .ip6, "podnet") }

    /// The table with every rule and no service.
    package func skeleton(_ settings: ProxySettings, _ shape: RulesetShape = .smallest) -> Table {
        var chains = staticChains(settings)
        var sets = emptySets
        for (picker, affinity) in shape.keepers {
            let memory = memory(of: picker, affinity, settings)
            chains.merge(memory.chains) { first, _ in first }
            sets[picker.name(SetName.affinity)] = memory.set
        }
        for code in shape.codes { if let name = code.pickChain { chains[name] = pickChain(code) } }
        chains["allowed-sources"]?.rules = shape.prefixLengths.sorted().map(allowance)
        for length in shape.prefixLengths { sets[SetName.allowed(length)] = allowedSet(length) }
        sets[SetName.pickers]?.elements = Dictionary(uniqueKeysWithValues: shape.codes.map { ($0.bytes, picker($0)) })
        sets[SetName.refusals]?.elements = refusals
        return Table(
            flags: settings.tableFlags,
            comment: "services of podnetd: virtual addresses to endpoints",
            chains: chains,
            sets: sets
        )
    }

    /// Adds what a larger shape has beyond a smaller one.
    package func growth(
        from shape: RulesetShape,
        to larger: RulesetShape,
        _ settings: ProxySettings
    ) -> [RulesetChange] {
        let present = Set(shape.codes)
        return memories(for: larger.keepers.filter { shape.pickers[$0.picker] == nil }, settings)
            + pickers(for: larger.codes.filter { !present.contains($0) })
            + larger.prefixLengths.subtracting(shape.prefixLengths).sorted().flatMap(allowances)
    }

    private func memories(
        for keepers: [(picker: Picker, affinity: Affinity)],
        _ settings: ProxySettings
    ) -> [RulesetChange] {
        let memories = keepers.map { ($0.picker, memory(of: $0.picker, $0.affinity, settings)) }
        return memories.map { .addSet(table, named: $0.0.name(SetName.affinity), $0.1.set) }
            + memories.flatMap { chains($0.1.chains.sorted { $0.key < $1.key }) }
    }

    private func chains(_ chains: [(String, Chain)]) -> [RulesetChange] {
        chains.map { .addChain(table, $0.0, nil, comment: $0.1.comment) }
            + chains.flatMap { name, chain in chain.rules.map { .appendRule(table, chain: name, $0) } }
    }

    private func pickers(for codes: [FrontendCode]) -> [RulesetChange] {
        guard !codes.isEmpty else { return [] }
        return chains(codes.compactMap { code in code.pickChain.map { ($0, pickChain(code)) } })
            + [.addElements(table, set: SetName.pickers, codes.map { KeyedElement($0.bytes, picker($0)) })]
    }

    private func allowances(_ length: Int) -> [RulesetChange] {
        let set = allowedSet(length)
        return [
            .addSet(table, SetName.allowed(length), key: set.key, value: nil, comment: set.comment),
            .appendRule(table, chain: "allowed-sources", allowance(length)),
        ]
    }

    private func picker(_ code: FrontendCode) -> Element {
        Element(code.pickChain.map { .verdict(.goto($0)) } ?? .verdict(.drop))
    }
}
