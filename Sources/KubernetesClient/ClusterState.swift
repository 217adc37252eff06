import Control
package import ServiceProxy

/// What the cluster wants, put together from what is watched, as news for the reconciler.
///
/// Pure. Nothing is complete before services and slices both are: a service without its slices would be rejected for a
/// moment.
package struct ClusterState: Sendable {
    private var services: ObjectLedger
    private var slices: ObjectLedger
    private var pending: [ServiceChange] = []
    private var isNews = false
    /// The problem that was last told.
    private var told: String?
    /// Watches that do not work now, and why.
    private var troubles: [Resource: String] = [:]
    /// What the cluster says of this node; nil before it says anything, or when it has no such node.
    package private(set) var node: NodeFacts?
    /// Where virtual addresses are taken from, by name.
    package private(set) var serviceCIDRs: [ServiceCIDR] = []
    /// Whether this node, and the ranges, were told of or could not be. The rules depend on both, so nothing is complete
    /// before; but services work without either, as in a cluster that has no ServiceCIDR objects or does not show them.
    private var awaits: (node: Bool, ranges: Bool)

    /// Nothing is known. With `acceptsEmptiness` a list without any object is believed at once; with `needsNode` the rules
    /// depend on what the cluster says of this node.
    package init(acceptsEmptiness: Bool = false, needsNode: Bool = false) {
        awaits = (needsNode, true)
        services = ObjectLedger(.services, acceptsEmptiness: acceptsEmptiness)
        slices = ObjectLedger(.endpointSlices, acceptsEmptiness: acceptsEmptiness)
    }

    /// Takes what the watch of a resource found, at a time of any clock that only goes forward.
    package mutating func take(_ change: ListWatch.Change, of resource: Resource, at now: Duration) {
        switch resource {
        case .services:
            pending += services.take(change, at: now)
            isNews = true
        case .endpointSlices:
            pending += slices.take(change, at: now)
            isNews = true
        case .node: takeNode(change)
        case .serviceCIDRs: takeRange(change)
        }
    }

    /// What the rules depend on.
    private var facts: ClusterFacts {
        ClusterFacts(podCIDRs: node?.podCIDRs ?? [], serviceCIDRs: serviceCIDRs.flatMap(\.cidrs))
    }

    /// Takes what keeps a watch from working; nil when nothing does. What is known stays.
    package mutating func note(_ problem: String?, of resource: Resource) {
        switch resource {
        case .services, .endpointSlices:
            guard troubles[resource] != problem else { return }
            troubles[resource] = problem
            isNews = true
        // Without node and ranges services work as well.
        case .node: if problem != nil { expect(node: false) }
        case .serviceCIDRs: if problem != nil { expect(ranges: false) }
        }
    }

    private mutating func expect(node: Bool? = nil, ranges: Bool? = nil) {
        let former = awaits
        awaits = (node ?? awaits.node, ranges ?? awaits.ranges)
        isNews = isNews || former != awaits
    }

    /// Ends doubts whose time is over.
    package mutating func pass(_ now: Duration) {
        guard !doubts.isEmpty else { return }
        let before = doubts.count
        pending += services.pass(now) + slices.pass(now)
        isNews = isNews || doubts.count != before
    }

    /// What is new since this was last called; nil when nothing is, or nothing that could be acted on.
    package mutating func takeUpdate(noticed: ContinuousClock.Instant) -> SourceUpdate? {
        // Before everything is known only trouble is worth a word: whoever waits for the first state waits on.
        guard isNews, delivery != .waiting || problem != told else { return nil }
        isNews = false
        told = problem
        defer { pending = [] }
        return SourceUpdate(pending, delivery, problem: problem, problems: problems, facts: facts, noticed: noticed)
    }
}

extension ClusterState {
    private var delivery: ProxyCore.Delivery {
        guard services.hasSynced, slices.hasSynced, !awaits.node, !awaits.ranges else { return .waiting }
        // What an earlier run left in the kernel is as little to be removed for a doubtful list as what we hold.
        return doubts.isEmpty ? .complete : .partial
    }

    private var doubts: [ObjectLedger] { [services, slices].filter { $0.doubtEnds != nil } }

    private var problem: String? {
        guard doubts.isEmpty else { return doubtful }
        let texts = troubles.map { "\($0.key.name): \($0.value)" }
        return texts.isEmpty ? nil : texts.sorted().joined(separator: "; ")
    }

    private var doubtful: String {
        let names = doubts.map(\.resource.name).joined(separator: " and no ")
        return "the API server has no \(names) at all; what was there stays for now (--accept-empty believes it)"
    }

    private var problems: [Status.Problem] {
        [services, slices].flatMap { ledger in
            ledger.refused.sorted { $0.key < $1.key }.map { key, rejection in
                let end = ledger.keepsFormer(of: key) ? " (the last good version stays in force)" : ""
                let field = rejection.field.isEmpty ? nil : rejection.field
                return Status.Problem(object: "\(rejection.object)", field: field, reason: rejection.reason + end)
            }
        }
    }

    private mutating func takeNode(_ change: ListWatch.Change) {
        let former = facts
        defer { isNews = isNews || facts != former }
        expect(node: false)
        switch change {
        case .replace(let objects): node = objects.first.flatMap(\.content.node)
        case .put(let object): node = object.content.node
        case .remove: node = nil
        }
    }

    private mutating func takeRange(_ change: ListWatch.Change) {
        let former = facts
        defer { isNews = isNews || facts != former }
        expect(ranges: false)
        switch change {
        case .replace(let objects): serviceCIDRs = objects.compactMap(\.content.serviceCIDR)
        case .put(let object):
            serviceCIDRs.removeAll { $0.name == object.key.name }
            serviceCIDRs += [object.content.serviceCIDR].compactMap(\.self)
        case .remove(let object): serviceCIDRs.removeAll { $0.name == object.key.name }
        }
        serviceCIDRs.sort { $0.name < $1.name }
    }
}

extension WatchedObject.Content {
    fileprivate var node: NodeFacts? {
        if case .node(let facts) = self { facts } else { nil }
    }

    fileprivate var serviceCIDR: ServiceCIDR? {
        if case .serviceCIDR(let range) = self { range } else { nil }
    }
}
