import Addressing
import NetworkModel
import PodWiring

/// The part of table `inet podnet-cni` that published ports need: maps with one element per port, and static rules.
///
/// Only packets to the node's own addresses are looked up, so a port is never taken from another destination
/// (CVE-2025-67499). The loopback address works without `route_localnet`, and so nothing on the node's loopback is
/// opened to the network: the source of such packets is replaced before connection tracking sees them, by an address
/// that answers can be routed to, and put back before they are delivered.
enum PortMapRuleset {
    /// The table with the sets of these names, and the rules that all of the plugin's sets in it need.
    static func structure(with names: Set<String>, given observed: Table?) -> Table {
        var table = observed ?? PodTable.empty
        let sets = Set(names.union(table.sets.keys).compactMap(PortMapSet.init(named:)))
        for set in sets where table.sets[set.name] == nil { table.sets[set.name] = set.elements }
        for chain in PortMapChain.allCases {
            let rules = chain.rules(for: sets)
            guard !rules.isEmpty else { continue }
            table.chains[chain.rawValue] = Chain(base: chain.base, comment: chain.comment, rules: rules)
        }
        return table
    }
}

/// The plugin's chains.
private enum PortMapChain: String, CaseIterable {
    case ports = "hostports"
    case incoming = "hostports-prerouting"
    case outgoing = "hostports-output"
    case masquerade = "hostports-postrouting"
    case loopbackOut = "hostports-loopback-output"
    case loopbackIn = "hostports-loopback-input"

    /// Before connection tracking (−200) the source is replaced, after NAT of the input (100) it is put back.
    ///
    /// Ports come after every service proxy's translation (−100), so a service keeps its addresses and node ports, whoever
    /// came first (CVE-2019-9946). Of two chains of one priority the kernel asks the later one first
    /// (net/netfilter/core.c, nf_hook_entries_grow).
    var base: Chain.Base? {
        switch self {
        case .ports: nil
        case .incoming: Chain.Base(.nat, .prerouting, priority: -99)
        case .outgoing: Chain.Base(.nat, .output, priority: -99)
        case .masquerade: Chain.Base(.nat, .postrouting, priority: 100)
        case .loopbackOut: Chain.Base(.filter, .output, priority: -300)
        case .loopbackIn: Chain.Base(.filter, .input, priority: 110)
        }
    }

    var comment: String {
        switch self {
        case .ports: "from ports of the node to pods"
        case .incoming: "what comes to the node"
        case .outgoing: "what the node's programs send to the node"
        case .masquerade: "clients whose answers would not come back through the node"
        case .loopbackOut: "an address that can be answered stands in for the loopback address"
        case .loopbackIn: "and is taken back in the answer"
        }
    }

    func rules(for sets: Set<PortMapSet>) -> [Rule] {
        let families = IPAddress.Family.allCases.sorted()
        func has(_ use: PortMapSet.Use, _ family: IPAddress.Family) -> Bool { sets.contains(PortMapSet(use, family)) }
        switch self {
        case .ports:
            // An address's own mapping comes before one for all addresses.
            return families.flatMap { family in
                [PortMapSet.Use.oneAddress, .anyAddress].filter { has($0, family) }.map { .translate($0, family) }
            }
        case .incoming:
            return sets.isEmpty ? [] : [.returnToLoopback, .jumpIfLocal]
        case .outgoing:
            return sets.isEmpty ? [] : families.map(Rule.returnFromLoopback) + [.jumpIfLocal]
        case .masquerade:
            return families.flatMap { family in
                (has(.loopback, family) ? [.masqueradeLoopback(family)] : [])
                    + [PortMapSet.Use.hairpin, .neighbors, .masqueraded].filter { has($0, family) }
                    .map { .masquerade($0, family) }
            }
        case .loopbackOut:
            return families.filter { has(.loopback, $0) }.map(Rule.replaceLoopback)
        case .loopbackIn:
            return families.filter { has(.loopback, $0) }.map(Rule.restoreLoopback)
        }
    }
}
