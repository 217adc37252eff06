package import Addressing
package import NetworkModel

/// What one pod has in table `inet podnet-cni`.
package struct PodElements: Hashable, Sendable {
    let addresses: [CIDR]
    let isRouted: Bool
    let isMasqueraded: Bool
    let subnets: [CIDR]
    let tag: String

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
    }

    /// Whether a pod of this kind has anything in the table.
    package var isNeeded: Bool { isRouted || isMasqueraded }

    /// What to look at of the table for the part that all pods share.
    package var sharedTables: [TableID: Scope.ElementScope] { isNeeded ? [PodTable.id: .keys([:])] : [:] }

    /// What to look at for the pod's own elements.
    package var ownedTables: [TableID: Scope.ElementScope] { isNeeded ? [PodTable.id: .keys(keys)] : [:] }

    /// Where the pod has elements: set names and keys.
    var keys: [String: Set<[UInt8]>] {
        var keys: [String: Set<[UInt8]>] = [:]
        for address in addresses {
            for name in setNames(for: address) { keys[name, default: []].insert(address.address.bytes) }
        }
        return keys
    }

    /// The rulesets' shared part: the table without elements, with what others need of it and what this pod needs.
    package func structure(given observed: Ruleset) -> Ruleset {
        guard isNeeded else { return Ruleset() }
        var table = observed.tables[PodTable.id] ?? PodTable.empty
        for address in addresses {
            if isRouted { PodTable.ensurePods(address.family, in: &table) }
            if isMasqueraded { PodTable.ensureMasquerade(of: network(of: address), address.family, in: &table) }
        }
        return Ruleset([PodTable.id: table])
    }

    /// The ruleset with the pod's elements.
    package func added(to structure: Ruleset) -> Ruleset {
        guard isNeeded, var table = structure.tables[PodTable.id] else { return Ruleset() }
        for (name, keys) in keys {
            for key in keys { table.sets[name]?.elements[key] = Element(comment: tag) }
        }
        return Ruleset([PodTable.id: table])
    }

    private func setNames(for address: CIDR) -> [String] {
        (isRouted ? [PodTable.podSet(address.family)] : [])
            + (isMasqueraded ? [PodTable.masqueradeSet(network(of: address), address.family)] : [])
    }

    /// The network within which nothing is masqueraded: the pod's own, in host address mode the one that its address was
    /// taken from, when the configuration names it.
    private func network(of address: CIDR) -> CIDR? {
        guard isRouted else { return address.network }
        return subnets.first { $0.contains(address.address) }?.network
    }
}
