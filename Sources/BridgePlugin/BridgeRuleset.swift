import Addressing
package import NetworkModel

/// The part of table `inet podnet-cni` that the bridge plugin needs: sets with one element per pod, and one rule per
/// masqueraded network.
///
/// The elements' comments name their attachment. They are also what DEL and GC find a pod's addresses by when the pod's
/// namespace, and the pair with it, is gone.
package enum BridgeRuleset {
    /// The table of all CNI plugins.
    package static let table = TableID(.inet, "podnet-cni")
    /// The chain with a rule for each masqueraded network.
    static let masqueradeChain = "nat-postrouting"
    /// What the names of the sets of masqueraded pods begin with; the network follows.
    static let masqueradeSetPrefix = "masquerade-"
    /// The sets of the addresses of pods that are routed to, by family.
    static func podSet(_ family: IPAddress.Family) -> String { "pods-\(family.nftablesName)" }

    /// Whether a pod of this configuration has anything in the table.
    package static func isNeeded(_ config: BridgeConfig) -> Bool { config.ipMasq || config.isHostMode }

    /// The names of every set that can hold elements of pods, among those of a table.
    package static func isPodSet(_ name: String) -> Bool {
        name.hasPrefix(masqueradeSetPrefix) || IPAddress.Family.allCases.contains { name == podSet($0) }
    }

    /// Where the pod has elements: set names and keys.
    static func keys(of desired: BridgeDesired) -> [String: Set<[UInt8]>] {
        var keys: [String: Set<[UInt8]>] = [:]
        for address in desired.addresses {
            for name in setNames(for: address, desired.config) {
                keys[name, default: []].insert(address.cidr.address.bytes)
            }
        }
        return keys
    }

    /// The table without elements: what others need of it, and what this attachment needs.
    static func structure(for desired: BridgeDesired, given observed: Table?) -> Table {
        var table = observed ?? Table(comment: "podnet: pods of CNI networks")
        for address in desired.addresses {
            if desired.config.isHostMode {
                table.sets[podSet(address.cidr.family)] = podAddresses(address.cidr.family)
            }
            if desired.config.ipMasq {
                ensureMasquerade(of: network(of: address, desired.config), address.cidr.family, in: &table)
            }
        }
        return table
    }

    /// The table with the pod's elements.
    static func withElements(of desired: BridgeDesired, in structure: Table) -> Table {
        var table = structure
        for (name, keys) in keys(of: desired) {
            for key in keys { table.sets[name]?.elements[key] = Element(comment: desired.names.tag) }
        }
        return table
    }

    private static func setNames(for address: BridgeDesired.PodAddress, _ config: BridgeConfig) -> [String] {
        (config.isHostMode ? [podSet(address.cidr.family)] : [])
            + (config.ipMasq ? [masqueradeSet(network(of: address, config), address.cidr.family)] : [])
    }

    /// The network within which nothing is masqueraded: the pod's own, in host address mode the one that its address was
    /// taken from, when the configuration names it.
    private static func network(of address: BridgeDesired.PodAddress, _ config: BridgeConfig) -> CIDR? {
        guard config.isHostMode else { return address.cidr.network }
        return config.subnets.first { $0.contains(address.cidr.address) }?.network
    }

    /// nft reads letters, digits, `/`, `.`, `_` and `-` in names, so IPv6's colons become hyphens.
    private static func masqueradeSet(_ network: CIDR?, _ family: IPAddress.Family) -> String {
        let name = network?.description ?? family.nftablesName
        return masqueradeSetPrefix + String(name.map { $0 == ":" ? "-" : $0 })
    }

    private static func podAddresses(_ family: IPAddress.Family) -> ElementSet {
        ElementSet(key: [family.elementType], comment: "addresses of pods that the host routes to")
    }

    private static func ensureMasquerade(of network: CIDR?, _ family: IPAddress.Family, in table: inout Table) {
        let name = masqueradeSet(network, family)
        let inside = network?.description ?? "all pods"
        table.sets[name] = ElementSet(key: [family.elementType], comment: "pods masqueraded outside \(inside)")
        var chain =
            table.chains[masqueradeChain]
            ?? Chain(base: .init(.nat, .postrouting, priority: 100), comment: "pods speak to the outside as the node")
        let rule = masqueradeRule(set: name, network, family)
        if !chain.rules.contains(rule) { chain.rules.append(rule) }
        table.chains[masqueradeChain] = chain
    }

    /// `ip saddr @set ip daddr != network ip daddr != 224.0.0.0/4 masquerade fully-random`
    ///
    /// Where no network is known, what is inside is every pod that the host routes to.
    private static func masqueradeRule(set: String, _ network: CIDR?, _ family: IPAddress.Family) -> Rule {
        let register = Register(0)
        let isPod: [Expression] = [
            .meta(.netfilterProtocol, into: register),
            .compare(register, .equal, [family == .v4 ? 2 : 10]),
            .source(family, into: register),
            .lookup(set: set, key: register, into: nil),
        ]
        let leavesNetwork: [Expression] =
            network.map { Expression.destination(isOutside: $0, using: register) } ?? [
                .destination(family, into: register),
                .lookupMissing(set: podSet(family), key: register),
            ]
        return Rule(
            isPod + leavesNetwork + Expression.destination(isOutside: .multicast(family), using: register)
                + [.masquerade(fullyRandom: true)],
            comment: "from \(network?.description ?? "pods") to anywhere else"
        )
    }
}

extension IPAddress.Family {
    var elementType: ElementSet.DataType { self == .v4 ? .ipv4Address : .ipv6Address }
}

extension Expression {
    /// RFC 791 §3.1: the source address is at 12; RFC 8200 §3: at 8.
    static func source(_ family: IPAddress.Family, into register: Register) -> Expression {
        let length = UInt32(family.bitWidth / 8)
        return .payload(.network, offset: family == .v4 ? 12 : 8, length: length, into: register)
    }

    /// RFC 791 §3.1: the destination address is at 16; RFC 8200 §3: at 24.
    static func destination(_ family: IPAddress.Family, into register: Register) -> Expression {
        let length = UInt32(family.bitWidth / 8)
        return .payload(.network, offset: family == .v4 ? 16 : 24, length: length, into: register)
    }

    /// Goes on only if the packet's destination is not in `network`.
    static func destination(isOutside network: CIDR, using register: Register) -> [Expression] {
        let mask = IPAddress.unspecified(network.family).filled(after: 0).masked(to: network.prefixLength).bytes
        return [
            .destination(network.family, into: register),
            .bitwise(register, mask: mask, xor: Array(repeating: 0, count: mask.count), into: register),
            .compare(register, .notEqual, network.first.bytes),
        ]
    }
}

extension CIDR {
    /// 224.0.0.0/4 or ff00::/8: never masqueraded, since nobody answers to a group's address.
    fileprivate static func multicast(_ family: IPAddress.Family) -> CIDR {
        let (first, length) = family == .v4 ? (IPAddress.v4(0xe000_0000), 4) : (.v6(0xff00 << 48, 0), 8)
        return CIDR(first, prefixLength: length) ?? .everything(family)
    }
}
