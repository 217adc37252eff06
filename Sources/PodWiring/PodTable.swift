package import Addressing
package import NetworkModel

/// Table `inet podnet-cni`, which all CNI plugins share: sets with one element per pod, and one rule per masqueraded
/// network.
///
/// The elements' comments name their attachment. They are also what DEL and GC find a pod's addresses by when the pod's
/// namespace, and the pair with it, is gone.
package enum PodTable {
    /// The table.
    package static let id = TableID(.inet, "podnet-cni")
    /// The chain with a rule for each masqueraded network.
    static let masqueradeChain = "nat-postrouting"
    /// What the names of the sets of masqueraded pods begin with; the network follows.
    static let masqueradeSetPrefix = "masquerade-"
    /// The sets of the addresses of pods that are routed to, by family.
    static func podSet(_ family: IPAddress.Family) -> String { "pods-\(family.nftablesName)" }

    /// The names of every set whose keys are addresses of pods, among those of the table.
    package static func isPodSet(_ name: String) -> Bool {
        name.hasPrefix(masqueradeSetPrefix) || IPAddress.Family.allCases.contains { name == podSet($0) }
    }

    /// The table as the first plugin makes it.
    package static var empty: Table { Table(comment: "podnet: pods of CNI networks") }

    /// nft reads letters, digits, `/`, `.`, `_` and `-` in names, so IPv6's colons become hyphens.
    static func masqueradeSet(_ network: CIDR?, _ family: IPAddress.Family) -> String {
        let name = network?.description ?? family.nftablesName
        guard family == .v6 else { return masqueradeSetPrefix + name }
        return masqueradeSetPrefix + String(name.map { $0 == ":" ? "-" : $0 })
    }

    static func ensurePods(_ family: IPAddress.Family, in table: inout Table) {
        table.sets[podSet(family)] = ElementSet(
            key: [family.elementType],
            comment: "addresses of pods that the host routes to"
        )
    }

    static func ensureMasquerade(of network: CIDR?, _ family: IPAddress.Family, in table: inout Table) {
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
    /// The type of the family's addresses as keys of sets.
    package var elementType: ElementSet.DataType { self == .v4 ? .ipv4Address : .ipv6Address }
}

extension Expression {
    /// RFC 791 §3.1: the source address is at 12; RFC 8200 §3: at 8.
    package static func source(_ family: IPAddress.Family, into register: Register) -> Expression {
        let length = UInt32(family.bitWidth / 8)
        return .payload(.network, offset: family == .v4 ? 12 : 8, length: length, into: register)
    }

    /// RFC 791 §3.1: the destination address is at 16; RFC 8200 §3: at 24.
    package static func destination(_ family: IPAddress.Family, into register: Register) -> Expression {
        let length = UInt32(family.bitWidth / 8)
        return .payload(.network, offset: family == .v4 ? 16 : 24, length: length, into: register)
    }

    /// Goes on only if the packet's destination is not in `network`.
    package static func destination(isOutside network: CIDR, using register: Register) -> [Expression] {
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
