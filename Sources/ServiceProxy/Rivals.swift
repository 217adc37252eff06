package import NetworkModel

/// Rules in the kernel by which kube-proxy translates as well.
package enum Rivals {
    /// kube-proxy's own tables (mode nftables), which hold nobody else's rules.
    package static let ownTables = [TableID(.ip, "kube-proxy"), TableID(.ip6, "kube-proxy")]

    /// The tables that iptables-nft shares between everybody (mode iptables).
    static let sharedTables = [TableID.Family.ip, .ip6].flatMap { family in
        ["nat", "filter", "mangle"].map { TableID(family, $0) }
    }

    /// Whether a chain of a shared table is kube-proxy's: KUBE-FIREWALL and KUBE-KUBELET-CANARY are the kubelet's.
    static func isRival(chain: String) -> Bool {
        ["KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-PROXY-CANARY"].contains(chain)
            || ["KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-", "KUBE-EXT-", "KUBE-FW-"].contains(where: chain.hasPrefix)
    }
}

extension Kernel where Self: ~Copyable {
    /// kube-proxy's own tables, those that are there.
    package mutating func rivalTables() throws(KernelError) -> [TableID] {
        var found: [TableID] = []
        for table in Rivals.ownTables where try chainNames(of: table) != nil { found.append(table) }
        return found
    }

    /// How many chains of kube-proxy's are in each table that iptables shares between everybody.
    package mutating func rivalChains() throws(KernelError) -> [(table: TableID, count: Int)] {
        var found: [(table: TableID, count: Int)] = []
        for table in Rivals.sharedTables {
            let count = try chainNames(of: table)?.count(where: Rivals.isRival) ?? 0
            if count > 0 { found.append((table, count)) }
        }
        return found
    }
}
