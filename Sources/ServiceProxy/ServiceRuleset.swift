package import Addressing
package import NetworkModel

/// The rules that turn a virtual address into an endpoint, for one family.
///
/// The rules never change with services or endpoints; these are elements only:
///
///     map frontends { address . protocol . port : count }               count of endpoints; none: no element
///     map endpoints { index . address . protocol . port : address . port }
///     set cluster-ips { address }                                       whatever is left for one of these is rejected
///     set hairpin { address . address }                                 local endpoints, each with itself
///
/// A new connection's first packet is looked up in `frontends`. The count goes through `meta priority` to `dispatch`,
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

    /// The names of the sets and maps.
    package enum SetName {
        /// What is translated, and to how many endpoints.
        package static let frontends = "frontends"
        /// Endpoints by index.
        package static let endpoints = "endpoints"
        /// Virtual addresses.
        package static let clusterIPs = "cluster-ips"
        /// Local endpoints with themselves.
        package static let hairpin = "hairpin"
        /// The static map from a count of endpoints to a pick chain.
        package static let pickers = "pickers"
        /// Those that follow the services.
        package static let dynamic = [frontends, endpoints, clusterIPs, hairpin]
    }

    /// How many pick chains there are for services of at most `largest` endpoints: a power of two, at least 16.
    package static func pickers(forServicesOf largest: Int) -> Int {
        var count = 16
        while count < largest { count *= 2 }
        return count
    }

    /// The table with every rule and no service.
    package func skeleton(_ settings: ProxySettings, pickers: Int) -> Table {
        var chains = staticChains(settings)
        for count in 1...pickers { chains[Self.pickChain(count)] = pickChain(count) }
        var sets = emptySets
        sets[SetName.pickers]?.elements = Dictionary(
            uniqueKeysWithValues: (1...pickers).map { (RegisterBytes.host(UInt32($0)), picker($0)) }
        )
        return Table(
            flags: settings.tableFlags,
            comment: "services of podnetd: virtual addresses to endpoints",
            chains: chains,
            sets: sets
        )
    }

    /// Adds the pick chains for counts that so far had none.
    package func growth(from pickers: Int, to larger: Int) -> [RulesetChange] {
        let counts = (pickers + 1)...larger
        var changes = counts.map { RulesetChange.addChain(table, Self.pickChain($0), nil, comment: nil) }
        for count in counts {
            changes += pickChain(count).rules.map { .appendRule(table, chain: Self.pickChain(count), $0) }
        }
        let elements = counts.map { KeyedElement(RegisterBytes.host(UInt32($0)), picker($0)) }
        return changes + [.addElements(table, set: SetName.pickers, elements)]
    }

    private var emptySets: [String: ElementSet] {
        let address: ElementSet.DataType = family == .v4 ? .ipv4Address : .ipv6Address
        return [
            SetName.frontends: ElementSet(
                key: [address, .inetProto, .inetService],
                value: .data([.classID]),
                comment: "what a client connects to: how many endpoints it has"
            ),
            SetName.endpoints: ElementSet(
                key: [.mark, address, .inetProto, .inetService],
                value: .data([address, .inetService]),
                comment: "endpoints by index and what the client connects to"
            ),
            SetName.clusterIPs: ElementSet(
                key: [address],
                comment: "virtual addresses: a packet still addressed to one of them is rejected"
            ),
            SetName.hairpin: ElementSet(
                key: [address, address],
                comment: "local endpoints, which may reach themselves through a service"
            ),
            SetName.pickers: ElementSet(
                key: [.classID],
                value: .verdict,
                comment: "how many endpoints: the chain that picks one"
            ),
        ]
    }

    private func picker(_ count: Int) -> Element { Element(.verdict(.goto(Self.pickChain(count)))) }

    /// The name of the chain that picks one of `count` endpoints.
    static func pickChain(_ count: Int) -> String { "pick-\(count)" }
}
