import Addressing
import NetworkModel

// What is left when the rules have picked endpoints for what they knew.
extension ServiceRuleset {
    /// What was not translated and should have been, was for nobody, or cannot be for anybody.
    func unserved(_ settings: ProxySettings) -> [Rule] {
        let isVirtual = [
            loadDestination(into: 0), Expression.lookup(set: SetName.clusterIPs, key: Register(0), into: nil),
        ]
        let isRefused = loadFrontend(from: 0) + [.lookup(set: SetName.refused, key: Register(0), into: nil)]
        return [Rule(isVirtual + [.verdict(.goto("unserved-virtual"))])] + refuse(isRefused) + unallocated(settings)
    }

    /// What has a code and was not translated came, with this packet or an earlier one, before the rules were there: its
    /// client tries again, where a refusal would be the end.
    ///
    /// The code is kept somewhere since older kernels look nothing up in a map without a register for the value
    /// (nft_lookup_init), and nft lists nothing of one that nobody uses.
    private var missed: Rule {
        Rule(
            loadFrontend(from: 0) + [
                .lookup(set: SetName.frontends, key: Register(0), into: Register(0)),
                .setMeta(.priority, from: Register(0)),
                .verdict(.drop),
            ]
        )
    }

    /// Addresses that services could have and none has.
    func unallocated(_ settings: ProxySettings) -> [Rule] {
        Set(settings.serviceCIDRs.filter { $0.family == family }.map(\.network)).sorted().map { range in
            Rule(
                [loadDestination(into: 0)] + isInside(range) + [.verdict(.drop)],
                comment: "no service has this address"
            )
        }
    }

    /// A virtual address is nobody's own, so what is for one is answered here.
    ///
    /// While a table is being deleted its chains still run (nf_tables_commit_chain_prepare passes over those that go), its
    /// sets are still full and its maps are empty already (nft_map_deactivate): nothing is translated, and everything
    /// would be refused. Hence the map that leads to the refusal.
    var unservedVirtual: [Rule] {
        [
            missed,
            Rule([.immediate(RegisterBytes.host(0), into: Register(0)), .setMeta(.priority, from: Register(0))]),
            Rule([.meta(.priority, into: Register(0)), .verdictMap(map: SetName.refusals, key: Register(0))]),
            Rule([.verdict(.drop)]),
        ]
    }

    /// The only elements of `refusals`.
    var refusals: [[UInt8]: Element] { [RegisterBytes.host(0): Element(.verdict(.goto("refuse")))] }

    /// A TCP client hears of it at once whatever it makes of ICMP.
    var refuse: [Rule] { refuse([]) }

    private func refuse(_ conditions: [Expression]) -> [Rule] {
        let isTCP: [Expression] = [
            .meta(.transportProtocol, into: Register(0)),
            .compare(Register(0), .equal, [TransportProtocol.tcp.number]),
        ]
        return [Rule(conditions + isTCP + [.reject(.tcpReset)]), Rule(conditions + [.reject(.portUnreachable)])]
    }
}

extension ServiceRuleset {
    /// A table that keeps the kernel translating, and new connections to virtual addresses waiting, while `table` is gone.
    ///
    /// The first of these packets are dropped as they would be if no service had the address, and only those: with
    /// `table` in its place the rest is answered before. So nothing leaves the node by the default route, where somebody
    /// might refuse it, and no connection is remembered that leads there: when the client tries again there are rules.
    func anchor(_ settings: ProxySettings) -> Table {
        let drops = unallocated(settings)
        var chains = [
            "prerouting": Chain(base: .init(.nat, .prerouting, priority: -100), rules: [Rule(isNewConnection)])
        ]
        for (name, hook) in [("input", Chain.Base.Hook.input), ("forward", .forward), ("output", .output)]
        where !drops.isEmpty {
            let check = Rule(isNewConnection + [.verdict(.jump("unallocated"))])
            // After those of `table`.
            chains[name] = Chain(base: .init(.filter, hook, priority: 1), rules: [check])
        }
        if !drops.isEmpty { chains["unallocated"] = Chain(rules: drops) }
        return Table(flags: TableFlags.owner, comment: "for when others flush podnetd's rules", chains: chains)
    }
}

extension ProxySettings {
    /// The tables that stay when others flush all rulesets.
    var anchors: Ruleset {
        Ruleset(
            Dictionary(
                uniqueKeysWithValues: families.map { family in
                    let ruleset = ServiceRuleset(family)
                    return (TableID(ruleset.table.family, "podnet-anchor"), ruleset.anchor(self))
                }
            )
        )
    }
}
