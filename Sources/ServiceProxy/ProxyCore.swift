import Addressing
package import NetworkModel

/// Decides what the kernel's tables should hold and which transactions lead there. Pure: it touches nothing.
///
///     core.adopt(observed)             what is in the kernel: at the start, and after someone else changed it
///     core.apply(changes); core.source = .complete
///     while let transaction = core.next() {      nil: the kernel is as it should be
///         commit(transaction.changes) ? core.committed(transaction) : core.refused(transaction, because: …)
///     }
///
/// The cost of a transaction is that of the services in it, however many others there are.
package struct ProxyCore: Sendable {
    /// What the rules depend on.
    package let settings: ProxySettings
    /// The objects of the source.
    package private(set) var table = ServiceTable()
    /// How much of its objects the source has delivered.
    package var source = Delivery.waiting
    /// What is true of the node for now.
    package private(set) var node = NodeConditions()
    /// Another proxy's tables, to be removed by the transaction that makes ours complete.
    package var rivals: [TableID] = []
    /// Services whose elements the kernel refused, with its words; what it held of them before stays.
    package private(set) var quarantined: [ServiceName: String] = [:]

    /// How much of its objects a source has delivered.
    package enum Delivery: Hashable, Sendable {
        /// Nothing, or the source is broken as a whole: nothing is done.
        case waiting
        /// Some, and the rest may exist: nothing is removed that an earlier run left in the kernel.
        case partial
        /// All: what an earlier run left and no service wants is removed.
        case complete
    }

    private(set) var mirror = KernelMirror()
    private var tables: [IPAddress.Family: TableState]
    /// Services to try together, in this order, before any that changed since: halves of refused transactions.
    private var retries: [[ServiceName]] = []
    /// Services that were looked at since somebody asked, whatever came of it.
    private var touched: [ServiceName] = []
    /// Whether the mirror may hold what was found in the kernel and belongs to no service.
    private var hasUnclaimed = false
    /// Whether the tables are to be made before any element, since they were refused together.
    private var makesTablesAlone = false

    /// A core that knows of no table in the kernel and of no service.
    package init(_ settings: ProxySettings) {
        self.settings = settings
        table = ServiceTable(EntranceRules(externalIPRanges: settings.externalIPRanges))
        tables = Dictionary(uniqueKeysWithValues: settings.families.map { ($0, .missing) })
    }

    /// The tables that are ours.
    package var tableIDs: [TableID] { families.map { ServiceRuleset($0).table } }

    /// Takes `observed` for what the kernel holds now, whatever was thought before; other tables in it are ignored.
    ///
    /// A table with our rules is kept with its elements; one with other rules will be replaced in one transaction.
    package mutating func adopt(_ observed: Ruleset) {
        var frontends: [Frontend: FrontendState] = [:]
        var clusterIPs: [IPAddress: KernelMirror.ClusterIPState] = [:]
        var hairpins: Set<IPAddress> = []
        for family in families {
            let ruleset = ServiceRuleset(family)
            guard let found = observed.tables[ruleset.table] else {
                tables[family] = .missing
                continue
            }
            guard let adoption = Adoption(found, ruleset, settings) else {
                tables[family] = .foreign
                continue
            }
            frontends.merge(adoption.frontends) { first, _ in first }
            clusterIPs.merge(adoption.clusterIPs) { first, _ in first }
            hairpins.formUnion(adoption.hairpins)
            tables[family] = .present(adoption.shape, pending: claim(ruleset) + adoption.strays)
        }
        mirror = KernelMirror(found: frontends, clusterIPs, hairpins)
        hasUnclaimed = !(frontends.isEmpty && clusterIPs.isEmpty && hairpins.isEmpty)
        retries = []
        quarantined = [:]
        makesTablesAlone = false
        table.markAllDirty()
    }

    /// Takes what is true of the node from now on. What depends on it changes with the next transaction.
    package mutating func use(_ node: NodeConditions) {
        guard node != self.node else { return }
        let zoneChanged = node.zone != self.node.zone
        let primaryChanged = node.primaryAddresses != self.node.primaryAddresses
        self.node = node
        table.use(
            EntranceRules(nodePortAddresses: node.nodePortAddresses, externalIPRanges: settings.externalIPRanges)
        )
        if zoneChanged || primaryChanged { table.markAllDirty() }
    }

    /// Takes changes of the source.
    package mutating func apply(_ changes: [ServiceChange]) {
        for change in changes {
            if !quarantined.isEmpty { liftQuarantine(by: change) }
            table.apply(change)
        }
    }

    /// Makes these the objects of the source: everything else is gone. Costs a walk over all objects.
    package mutating func replaceAll(
        services: some Collection<Service>,
        slices: some Collection<EndpointSlice>
    ) {
        apply(table.changes(reaching: services, slices))
    }

    /// Tries the services that the kernel refused again.
    package mutating func retryQuarantined() {
        let names = quarantined.keys.sorted()
        quarantined = [:]
        if !names.isEmpty { retries.append(names) }
    }

    /// A service that something is said of gets another try, even if that is known already: what was refused may have
    /// been its end.
    private mutating func liftQuarantine(by change: ServiceChange) {
        let name: ServiceName? =
            switch change {
            case .service(let service): service.name
            case .deleteService(let name): name
            case .slice(let slice): slice.service
            case .deleteSlice(let id): table.service(ofSlice: id)
            }
        if let name, quarantined.removeValue(forKey: name) != nil { table.markDirty(name) }
    }

    private var families: [IPAddress.Family] { settings.families.sorted() }

    /// One of our tables as it is in the kernel but for what services have in it, if it needs no other change.
    func skeleton(of table: TableID) -> (family: IPAddress.Family, table: Table)? {
        guard let family = families.first(where: { ServiceRuleset($0).table == table }),
            case .present(let shape, let pending) = tables[family], pending.isEmpty
        else { return nil }
        return (family, ServiceRuleset(family).skeleton(settings, shape))
    }

    /// A table that outlived its owner belongs to whoever adds it again with the same flags.
    private func claim(_ ruleset: ServiceRuleset) -> [RulesetChange] {
        guard settings.tableFlags != 0 else { return [] }
        return [.addTable(ruleset.table, flags: settings.tableFlags, comment: nil)]
    }
}

extension ProxyCore {
    /// The next transaction, or nil when there is nothing to do.
    package mutating func next() -> ProxyTransaction? {
        guard mayAct else { return nil }
        while true {
            let names = takeNames()
            if let transaction = transaction(for: names) { return transaction }
            // Services may have changed without any consequence for the kernel.
            guard !names.isEmpty else {
                if source == .complete { mirror.knowsFlows = true }
                return nil
            }
        }
    }

    /// The services that were looked at since this was last called: all that changed, and maybe others.
    mutating func takeTouched() -> [ServiceName] {
        defer { touched = [] }
        return touched
    }

    /// The transaction is in the kernel.
    package mutating func committed(_ transaction: ProxyTransaction) {
        if transaction.undo.makesTables { makesTablesAlone = false }
    }

    /// What a refusal led to.
    package enum RefusalOutcome: Hashable, Sendable {
        /// The transaction is tried again in parts.
        case split
        /// This service is to blame; everything else goes on without it.
        case quarantined(ServiceName)
        /// The rules themselves were refused, or what is to be removed: trying again at once is no use.
        case hopeless
    }

    /// The kernel refused the transaction as such: finds out whose fault it is, by halves.
    ///
    /// Not for refusals that have nothing to do with its content, for which see `postponed` and `adopt`.
    @discardableResult
    package mutating func refused(_ transaction: ProxyTransaction, because reason: String) -> RefusalOutcome {
        takeBack(transaction)
        let names = transaction.services
        if transaction.undo.makesTables && !names.isEmpty {
            makesTablesAlone = true
            retries.insert(names, at: 0)
            return .split
        }
        guard let name = names.first else { return .hopeless }
        guard names.count > 1 else {
            quarantined[name] = reason
            return .quarantined(name)
        }
        let middle = names.count / 2
        retries.insert(contentsOf: [Array(names[..<middle]), Array(names[middle...])], at: 0)
        return .split
    }

    /// The transaction was not tried, or in vain for reasons of the moment; `next` will make it again.
    package mutating func postponed(_ transaction: ProxyTransaction) {
        takeBack(transaction)
        if !transaction.services.isEmpty { retries.insert(transaction.services, at: 0) }
    }

    private mutating func takeBack(_ transaction: ProxyTransaction) {
        mirror.revert(transaction.undo.journal)
        tables = transaction.undo.tables
        hasUnclaimed = transaction.undo.hasUnclaimed
        rivals = transaction.undo.rivals
    }

    private mutating func takeNames() -> [ServiceName] {
        if makesTablesAlone && !tables.values.allSatisfy(\.isComplete) { return [] }
        let names = retries.isEmpty ? table.takeDirty() : retries.removeFirst()
        touched += names
        return quarantined.isEmpty ? names : names.filter { quarantined[$0] == nil }
    }

    private mutating func transaction(for names: [ServiceName]) -> ProxyTransaction? {
        var journal = MirrorJournal()
        let before = (tables, hasUnclaimed)
        let leaving = isWhole ? rivals : []
        for name in names { mirror.set(name, elements(of: name), &journal) }
        if hasUnclaimed && isWhole {
            mirror.dropUnclaimed(&journal)
            hasUnclaimed = false
        }
        let rules = completeTables(journal.demand(mirror))
        let changes = rules + journal.changes(mirror) + leaving.map { .deleteTable($0) }
        let flowSearch = journal.flowSearch(mirror)
        guard !changes.isEmpty || !flowSearch.isEmpty else { return nil }
        let undo = ProxyTransaction.Undo(
            journal: journal,
            tables: before.0,
            hasUnclaimed: before.1,
            rivals: rivals,
            makesTables: !before.0.values.allSatisfy(\.isComplete)
        )
        rivals.removeAll(where: leaving.contains)
        return ProxyTransaction(changes: changes, services: names, flowSearch: flowSearch, rivals: leaving, undo: undo)
    }

    /// A table with other rules can only be replaced as a whole, so not before there is something to put in its place.
    private var mayAct: Bool {
        switch source {
        case .waiting: false
        case .partial: !table.services.isEmpty || !tables.values.contains(.foreign)
        case .complete: true
        }
    }

    /// Whether every service has had its turn and none stands aside: only then what no service of ours has is removed.
    private var isWhole: Bool {
        source == .complete && retries.isEmpty && !table.isDirty && quarantined.isEmpty && !makesTablesAlone
    }

    private func elements(of name: ServiceName) -> ServiceElements {
        table.services[name].map { ServiceElements($0, in: table, settings, node) } ?? ServiceElements()
    }

    /// The changes that give every table its rules, with all that services demand of them.
    private mutating func completeTables(_ demand: [IPAddress.Family: RulesetShape]) -> [RulesetChange] {
        families.flatMap { family in
            let ruleset = ServiceRuleset(family)
            let state = tables[family] ?? .missing
            let shape = (state.shape ?? .smallest).union(demand[family] ?? RulesetShape())
            let changes = ruleset.changes(from: state, to: shape, settings)
            tables[family] = .present(shape, pending: [])
            return changes
        }
    }
}

extension ServiceRuleset {
    fileprivate func changes(
        from state: TableState,
        to shape: RulesetShape,
        _ settings: ProxySettings
    ) -> [RulesetChange] {
        switch state {
        case .missing: creation(settings, shape)
        case .foreign: [.deleteTable(table)] + creation(settings, shape)
        case .present(let present, let pending):
            pending + (shape == present ? [] : growth(from: present, to: shape, settings))
        }
    }

    private func creation(_ settings: ProxySettings, _ shape: RulesetShape) -> [RulesetChange] {
        RulesetDiff(from: Ruleset(), to: .one(table, skeleton(settings, shape))).changes
    }
}
