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
/// A new connection's first packet is looked up in `frontends`. The code goes through `meta priority` to `dispatch`,
/// since nft 1.0.6 aborts on listing a looked-up register in another key, and registers do not cross rules. `dispatch`
/// goes to `pick-<count>`, which draws an index and translates.
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
        for code in shape.codes { chains[code.chain] = pickChain(code) }
        chains["allowed-sources"]?.rules = shape.prefixLengths.sorted().map(allowance)
        var sets = emptySets
        for length in shape.prefixLengths { sets[SetName.allowed(length)] = allowedSet(length) }
        let codes = [.bySource, .drop] + shape.codes
        sets[SetName.pickers]?.elements = Dictionary(uniqueKeysWithValues: codes.map { ($0.bytes, picker($0)) })
        return Table(
            flags: settings.tableFlags,
            comment: "services of podnetd: virtual addresses to endpoints",
            chains: chains,
            sets: sets
        )
    }

    /// Adds what a larger shape has beyond a smaller one.
    package func growth(from shape: RulesetShape, to larger: RulesetShape) -> [RulesetChange] {
        let present = Set(shape.codes)
        let codes = larger.codes.filter { !present.contains($0) }
        var changes = codes.map { RulesetChange.addChain(table, $0.chain, nil, comment: nil) }
        for code in codes {
            changes += pickChain(code).rules.map { .appendRule(table, chain: code.chain, $0) }
        }
        if !codes.isEmpty {
            changes.append(
                .addElements(table, set: SetName.pickers, codes.map { KeyedElement($0.bytes, picker($0)) })
            )
        }
        for length in larger.prefixLengths.subtracting(shape.prefixLengths).sorted() {
            let set = allowedSet(length)
            changes.append(
                .addSet(table, SetName.allowed(length), key: set.key, value: nil, comment: set.comment)
            )
            changes.append(.appendRule(table, chain: "allowed-sources", allowance(length)))
        }
        return changes
    }

    private func picker(_ code: FrontendCode) -> Element { Element(.verdict(.goto(code.chain))) }
}
