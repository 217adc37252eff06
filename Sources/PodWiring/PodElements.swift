package import Addressing
package import NetworkModel

/// What one pod has in table `inet podnet-cni`.
package struct PodElements: Hashable, Sendable {
    let addresses: [CIDR]
    let isRouted: Bool
    let isMasqueraded: Bool
    let subnets: [CIDR]
    let tag: String
    /// Where the pod has elements.
    let keys: [Scope.ElementKey]

    /// Describes the elements of a pod with these addresses.
    ///
    /// `isRouted`: the host has a route to each address of its own. `isMasqueraded`: the pod speaks to the outside as
    /// the node. `subnets` are the networks that a routed pod's addresses may be of.
    package init(addresses: [CIDR], isRouted: Bool, isMasqueraded: Bool, subnets: [CIDR], tag: String) {
        self.addresses = addresses
        self.isRouted = isRouted
        self.isMasqueraded = isMasqueraded
        self.subnets = subnets
        self.tag = tag
        keys = Self.keys(of: addresses, isRouted: isRouted, isMasqueraded: isMasqueraded, subnets)
    }

    /// Whether a pod of this kind has anything in the table.
    package var isNeeded: Bool { isRouted || isMasqueraded }

    /// What to look at of the table for the part that all pods share.
    package var sharedTables: [TableID: Scope.ElementScope] { tables([]) }

    /// What to look at for the pod's own elements.
    package var ownedTables: [TableID: Scope.ElementScope] { tables(keys) }

    private func tables(_ keys: [Scope.ElementKey]) -> [TableID: Scope.ElementScope] {
        var tables: [TableID: Scope.ElementScope] = [:]
        if isNeeded { tables[PodTable.id] = .keys(keys) }
        return tables
    }

    /// The rulesets' shared part: the table without elements, with what others need of it and what this pod needs.
    package func structure(given observed: Ruleset) -> Ruleset {
        guard isNeeded else { return Ruleset() }
        var table = observed.tables[PodTable.id] ?? PodTable.empty
        for address in addresses {
            if isRouted { PodTable.ensurePods(address.family, in: &table) }
            if isMasqueraded { PodTable.ensureMasquerade(of: network(of: address), address.family, in: &table) }
        }
        return Ruleset(PodTable.id, table)
    }

    /// The ruleset with the pod's elements.
    package func added(to structure: Ruleset) -> Ruleset {
        guard isNeeded, var table = structure.tables[PodTable.id] else { return Ruleset() }
        for key in keys { table.sets[key.set]?.elements[key.bytes] = Element(comment: tag) }
        return Ruleset(PodTable.id, table)
    }

    private static func keys(
        of addresses: [CIDR],
        isRouted: Bool,
        isMasqueraded: Bool,
        _ subnets: [CIDR]
    ) -> [Scope.ElementKey] {
        var keys: [Scope.ElementKey] = []
        for address in addresses {
            let bytes = address.address.bytes
            if isRouted { keys.append(Scope.ElementKey(PodTable.podSet(address.family), bytes)) }
            if isMasqueraded {
                let network = network(of: address, isRouted: isRouted, subnets)
                keys.append(Scope.ElementKey(PodTable.masqueradeSet(network, address.family), bytes))
            }
        }
        return keys
    }

    private func network(of address: CIDR) -> CIDR? { Self.network(of: address, isRouted: isRouted, subnets) }

    /// The network within which nothing is masqueraded: the pod's own, in host address mode the one that its address was
    /// taken from, when the configuration names it.
    private static func network(of address: CIDR, isRouted: Bool, _ subnets: [CIDR]) -> CIDR? {
        guard isRouted else { return address.network }
        return subnets.first { $0.contains(address.address) }?.network
    }
}
