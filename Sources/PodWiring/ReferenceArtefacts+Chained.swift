package import Addressing
package import CNI
package import NetworkModel

/// What the reference's chained plugins leave: `portmap` under the container's name or a hash of it, `firewall` under the
/// pod's addresses, which only the result tells. Chains that all pods share stay.
extension ReferenceArtefacts {
    private static let hostPorts = [TableID(.ip, "cni_hostport"), TableID(.ip6, "cni_hostport")]
    /// The second was for ports of single addresses, in early releases.
    private static let hostPortChains = ["hostports", "hostip_hostports", "masquerading"]
    private static let filters: [(table: TableID, family: IPAddress.Family)] = [
        (TableID(.ip, "filter"), .v4), (TableID(.ip6, "filter"), .v6),
    ]

    /// The transactions that remove published ports, one a table.
    ///
    /// The comments of their nftables rules name the container and no network, so addresses tell whose a rule is; without
    /// any, all of the container's go, as with their own DEL.
    package func portRemovals<K: Kernel & ~Copyable>(
        of addresses: Set<IPAddress>,
        in kernel: inout K
    ) throws(KernelError) -> [[RulesetChange]] {
        var removals: [[RulesetChange]] = []
        for table in Self.iptables {
            removals.append(try chainRemoval(hostPortChain, table, calledIn: "CNI-HOSTPORT-DNAT", in: &kernel))
        }
        for table in Self.hostPorts {
            var changes: [RulesetChange] = []
            for chain in Self.hostPortChains {
                changes += Self.deletions(of: try kernel.rules(of: table, chain: chain), table, chain) { rule in
                    rule.comment == container && (addresses.isEmpty || addresses.contains(where: rule.mentions))
                }
            }
            removals.append(changes)
        }
        return removals.filter { !$0.isEmpty }
    }

    /// The transactions that remove what lets packets from and to addresses pass, one a table.
    package static func policyRemovals<K: Kernel & ~Copyable>(
        of addresses: Set<IPAddress>,
        in kernel: inout K
    ) throws(KernelError) -> [[RulesetChange]] {
        var removals: [[RulesetChange]] = []
        for (table, family) in filters {
            let own = addresses.filter { $0.family == family }
            guard !own.isEmpty else { continue }
            let rules = try kernel.rules(of: table, chain: "CNI-FORWARD")
            removals.append(
                deletions(of: rules, table, "CNI-FORWARD") { rule in
                    rule.expressions.contains(.verdict(.accept)) && own.contains(where: rule.mentions)
                }
            )
        }
        return removals.filter { !$0.isEmpty }
    }
}

extension Rule {
    /// Whether an address is what it compares with or translates to.
    fileprivate func mentions(_ address: IPAddress) -> Bool {
        expressions.contains { expression in
            switch expression {
            case .compare(_, .equal, let bytes), .immediate(let bytes, _): bytes == address.bytes
            default: false
            }
        }
    }
}

extension Request {
    /// The addresses that the result gives the request's interface; none without a result.
    package var podAddresses: Set<IPAddress> {
        Set(config.prevResult?.own(in: self).ips.map(\.address.address) ?? [])
    }
}

extension Kernel where Self: ~Copyable {
    /// Removes what the reference's `portmap` published for an attachment.
    package mutating func removeReferencePorts(_ request: Request) throws(CNIError) {
        try removeForPlugin { kernel throws(KernelError) in
            try ReferenceArtefacts(request.attachment).portRemovals(of: request.podAddresses, in: &kernel)
        }
    }

    /// Removes what the reference's `firewall` let pass for an attachment, if the result says its addresses.
    package mutating func removeReferencePolicy(_ request: Request) throws(CNIError) {
        try removeForPlugin { kernel throws(KernelError) in
            try ReferenceArtefacts.policyRemovals(of: request.podAddresses, in: &kernel)
        }
    }

    private mutating func removeForPlugin(
        _ removals: (inout Self) throws(KernelError) -> [[RulesetChange]]
    ) throws(CNIError) {
        if let error = CNIError(removeAll(removals).map { CNIError($0) }) { throw error }
    }
}
