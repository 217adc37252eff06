package import Addressing
package import NetworkModel

/// What the reference plugins leave of an attachment in nftables, under names that follow from the attachment.
///
/// A node that has changed over to podnet deletes pods that the others added. Their chains and rules are recognised and
/// removed then, never changed: by name, so that a node without any pays for four empty answers.
package struct ReferenceArtefacts {
    /// What their masquerade rule's comment begins with.
    package let masqueradeComment: String
    /// Their masquerade chain as iptables names it, for a container's every interface on the network.
    package let iptablesChain: String
    /// Their chain of published ports as iptables names it, for a container's every interface on the network.
    package let hostPortChain: String
    /// Their chain of `macspoofchk`.
    package let spoofChain: String
    let container: String

    private static let masquerade = TableID(.inet, "cni_plugins_masquerade")
    private static let spoofing = TableID(.bridge, "nat")
    static let iptables = [TableID(.ip, "nat"), TableID(.ip6, "nat")]

    /// Derives the names.
    package init(_ attachment: Attachment) {
        let (network, container) = (attachment.network.text, attachment.containerID.text)
        let networkHash = SHA512.hexadecimal(network).prefix(16)
        let instanceHash = SHA512.hexadecimal("\(attachment.ifName):\(container)").prefix(16)
        masqueradeComment = "\(networkHash)-\(instanceHash)"
        let containerHash = SHA512.hexadecimal(network + container)
        iptablesChain = "CNI-" + containerHash.prefix(24)
        hostPortChain = "CNI-DN-" + containerHash.prefix(21)
        self.container = container
        spoofChain = "cni-br-iface-\(container)-\(attachment.ifName)"
    }

    /// The transactions that remove what there is, one a table.
    package func removals<K: Kernel & ~Copyable>(in kernel: inout K) throws(KernelError) -> [[RulesetChange]] {
        var removals = [try masqueradeRemoval(in: &kernel)]
        removals.append(try chainRemoval(spoofChain, Self.spoofing, calledIn: "PREROUTING", in: &kernel))
        for table in Self.iptables {
            removals.append(try chainRemoval(iptablesChain, table, calledIn: "POSTROUTING", in: &kernel))
        }
        return removals.filter { !$0.isEmpty }
    }

    private func masqueradeRemoval<K: Kernel & ~Copyable>(
        in kernel: inout K
    ) throws(KernelError) -> [RulesetChange] {
        let chain = "masq_checks"
        let rules = try kernel.rules(of: Self.masquerade, chain: chain)
        return Self.deletions(of: rules, Self.masquerade, chain) { [masqueradeComment] in
            $0.comment?.hasPrefix(masqueradeComment) ?? false
        }
    }

    /// Removes a chain, the rules that call it, and the chains that it alone calls.
    func chainRemoval<K: Kernel & ~Copyable>(
        _ chain: String,
        _ table: TableID,
        calledIn base: String,
        in kernel: inout K
    ) throws(KernelError) -> [RulesetChange] {
        let own = try kernel.rules(of: table, chain: chain)
        guard !own.isEmpty else { return [] }
        let callees = own.flatMap { $0.rule.targets }.filter { $0.hasPrefix(chain) }
        let calls = Self.deletions(of: try kernel.rules(of: table, chain: base), table, base) {
            $0.targets.contains(chain)
        }
        let chains = [chain] + callees
        return calls + chains.map { .flushChain(table, $0) } + chains.map { .deleteChain(table, $0) }
    }

    /// Last first.
    static func deletions(
        of rules: [StandingRule],
        _ table: TableID,
        _ chain: String,
        _ isMeant: (Rule) -> Bool
    ) -> [RulesetChange] {
        rules.filter { isMeant($0.rule) }.reversed().map { .deleteRule(table, chain: chain, handle: $0.handle) }
    }
}

extension Rule {
    /// The chains that it calls.
    fileprivate var targets: [String] { expressions.compactMap(\.target) }
}

extension Kernel where Self: ~Copyable {
    /// Removes what the reference plugins left of an attachment; what goes meanwhile has gone.
    mutating func removeReferenceArtefacts(of attachment: Attachment) -> [KernelError] {
        removeAll { kernel throws(KernelError) in try ReferenceArtefacts(attachment).removals(in: &kernel) }
    }

    mutating func removeAll(
        _ removals: (inout Self) throws(KernelError) -> [[RulesetChange]]
    ) -> [KernelError] {
        do throws(KernelError) {
            let removals = try removals(&self)
            return runBestEffort(NetworkPlan(steps: removals.map { .changeRuleset($0, undo: []) }))
        } catch {
            return [error]
        }
    }
}
