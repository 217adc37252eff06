package import NetworkModel

extension Kernel where Self: ~Copyable {
    /// The flags that keep everybody else from changing a table, 0 where the kernel has no such thing (before Linux 6.9).
    ///
    /// Found by an attempt that cannot succeed, since it also deletes what is not there: nothing is changed by it, and
    /// the error tells which of the two was refused.
    package mutating func protectingTableFlags() throws(KernelError) -> UInt32 {
        let flags = TableFlags.owner | TableFlags.persist
        let attempt = TableID(.ip, "podnet-probe")
        let missing = TableID(.ip, "podnet-probe-missing")
        do throws(KernelError) {
            try commit([.addTable(attempt, flags: flags, comment: nil), .deleteTable(missing)], generation: nil)
        } catch {
            switch error.reason {
            case .notFound: return flags
            case .unsupported, .invalid: return 0
            case .exists, .busy, .denied, .interrupted, .exhausted, .other: throw error
            }
        }
        return 0
    }

    /// Keeps open connections translated, and new ones to `serviceCIDRs` waiting, while our tables are gone, which others
    /// may remove, until this kernel's socket closes; false where the kernel has nothing to do that with (before Linux
    /// 5.12). `former` are the settings of the last time.
    ///
    /// Packets of known connections are translated only while some table has a chain of type nat and a rule that needs
    /// connections to be tracked (nf_nat_register_fn, nf_ct_netns_get). A table that has an owner is passed over when
    /// others flush all rulesets, and goes with its owner.
    package mutating func bridgeFlushes(
        for settings: ProxySettings,
        after former: ProxySettings? = nil
    ) throws(KernelError) -> Bool {
        do throws(KernelError) {
            try commit(RulesetDiff(from: former?.anchors ?? Ruleset(), to: settings.anchors).changes, generation: nil)
            return true
        } catch  where error.reason == .unsupported || error.reason == .invalid {
            return false
        }
    }

    /// Removes our tables, those that are there, in one transaction; returns their names.
    package mutating func removeServiceTables() throws(KernelError) -> [TableID] {
        let ids = ProxyCore(ProxySettings()).tableIDs
        var scope = Scope()
        // The tables and rules, but no element.
        for id in ids { scope.tables[id] = .keys([]) }
        let present = try observe(scope).ruleset.tables.keys.sorted()
        if !present.isEmpty { try commit(present.map { .deleteTable($0) }, generation: nil) }
        return present
    }
}
