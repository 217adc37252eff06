import Addressing
import NetworkModel

/// What some changes to a mirror replaced, each key once and in the order of the changes.
///
/// From it and the mirror come the elements to delete and to add, the way back, and the connections that lost their
/// endpoint. However often a key changed, only its first and its last state count.
struct MirrorJournal: Sendable {
    private(set) var frontends = Former<Frontend, KernelMirror.FrontendState>()
    private(set) var clusterIPs = Former<IPAddress, KernelMirror.ClusterIPState>()
    private(set) var hairpins = Former<IPAddress, Int>()
    private(set) var holdings = Former<ServiceName, KernelMirror.Holding>()

    /// States by key as they were.
    struct Former<Key: Hashable & Sendable, State: Sendable>: Sendable {
        private(set) var formers: [(key: Key, state: State?)] = []
        private var noted: Set<Key> = []

        mutating func note(_ key: Key, _ state: State?) {
            if noted.insert(key).inserted { formers.append((key, state)) }
        }
    }

    mutating func note(frontend: Frontend, _ state: KernelMirror.FrontendState?) { frontends.note(frontend, state) }
    mutating func note(clusterIP: IPAddress, _ state: KernelMirror.ClusterIPState?) {
        clusterIPs.note(clusterIP, state)
    }
    mutating func note(hairpin: IPAddress, _ users: Int?) { hairpins.note(hairpin, users) }
    mutating func note(holding name: ServiceName, _ holding: KernelMirror.Holding?) { holdings.note(name, holding) }

    /// The most endpoints that a frontend got, by family.
    func largest(_ mirror: KernelMirror) -> [IPAddress.Family: Int] {
        frontends.formers.reduce(into: [:]) { largest, former in
            let count = mirror.frontends[former.key]?.endpoints.count ?? 0
            largest[former.key.address.family] = max(count, largest[former.key.address.family] ?? 0)
        }
    }

    /// The elements that go and come.
    func changes(_ mirror: KernelMirror) -> [RulesetChange] {
        var batches: [IPAddress.Family: ElementBatch] = [:]
        for (frontend, former) in frontends.formers {
            batches[frontend.address.family, default: ElementBatch()]
                .replace(frontend, former, mirror.frontends[frontend])
        }
        for (address, former) in clusterIPs.formers {
            batches[address.family, default: ElementBatch()].replace(address, former, mirror.clusterIPs[address])
        }
        for (address, former) in hairpins.formers {
            batches[address.family, default: ElementBatch()]
                .replaceHairpin(address, former != nil, mirror.hairpins[address] != nil)
        }
        return batches.sorted { $0.key < $1.key }.flatMap { $0.value.changes(ServiceRuleset($0.key).table) }
    }

    /// The connections whose endpoint is gone, and those that were made before there was an endpoint.
    func staleFlows(_ mirror: KernelMirror) -> [StaleFlows] {
        frontends.formers.flatMap { frontend, former in
            Self.staleFlows(frontend, former, mirror.frontends[frontend])
        }
    }

    private static func staleFlows(
        _ frontend: Frontend,
        _ former: KernelMirror.FrontendState?,
        _ state: KernelMirror.FrontendState?
    ) -> [StaleFlows] {
        guard let former, !former.endpoints.isEmpty || !former.draining.isEmpty else {
            return [StaleFlows(frontend: frontend, endpoint: nil)]
        }
        if former.endpoints == state?.endpoints && former.draining == state?.draining { return [] }
        let alive = Set((state?.endpoints ?? []) + (state?.draining ?? []))
        return (former.endpoints + former.draining).filter { !alive.contains($0) }
            .map { StaleFlows(frontend: frontend, endpoint: $0) }
    }
}

/// Connections that conntrack should forget, since what they lead to is not there (any more).
package struct StaleFlows: Hashable, Sendable {
    /// What the client connected to: the original destination.
    package let frontend: Frontend
    /// The endpoint that is gone. Nil when the frontend had none until now: then what was let through untranslated,
    /// which a repeated UDP or SCTP packet would go on using.
    package let endpoint: EndpointAddress?

    /// Names connections.
    package init(frontend: Frontend, endpoint: EndpointAddress?) {
        self.frontend = frontend
        self.endpoint = endpoint
    }
}

/// Elements of one table to delete and to add. Deletions come first, so an element that changes is deleted and added.
private struct ElementBatch {
    private var gone: [String: [[UInt8]]] = [:]
    private var new: [String: [KeyedElement]] = [:]

    mutating func replace(
        _ frontend: Frontend,
        _ former: KernelMirror.FrontendState?,
        _ state: KernelMirror.FrontendState?
    ) {
        let before = former?.endpoints ?? []
        let after = state?.endpoints ?? []
        if before.count != after.count || former?.comment != state?.comment {
            if !before.isEmpty { delete(ServiceRuleset.SetName.frontends, ElementBytes.frontend(frontend)) }
            if let state, !after.isEmpty { add(state, frontend) }
        }
        for index in 0..<max(before.count, after.count) {
            let old = index < before.count ? before[index] : nil
            let new = index < after.count ? after[index] : nil
            if old != new { replaceSlot(index, of: frontend, old, new) }
        }
    }

    private mutating func add(_ state: KernelMirror.FrontendState, _ frontend: Frontend) {
        let count = RegisterBytes.host(UInt32(truncatingIfNeeded: state.endpoints.count))
        let element = Element(.data(count), comment: state.comment, hasCounter: true)
        add(ServiceRuleset.SetName.frontends, KeyedElement(ElementBytes.frontend(frontend), element))
    }

    private mutating func replaceSlot(
        _ index: Int,
        of frontend: Frontend,
        _ old: EndpointAddress?,
        _ new: EndpointAddress?
    ) {
        let key = ElementBytes.slot(index, of: frontend)
        if old != nil { delete(ServiceRuleset.SetName.endpoints, key) }
        guard let new else { return }
        let element = Element(.data(ElementBytes.endpoint(new)), hasCounter: true)
        add(ServiceRuleset.SetName.endpoints, KeyedElement(key, element))
    }

    mutating func replace(
        _ address: IPAddress,
        _ former: KernelMirror.ClusterIPState?,
        _ state: KernelMirror.ClusterIPState?
    ) {
        guard former?.comment != state?.comment else { return }
        let key = ElementBytes.address(address)
        if former != nil { delete(ServiceRuleset.SetName.clusterIPs, key) }
        guard let state else { return }
        add(ServiceRuleset.SetName.clusterIPs, KeyedElement(key, Element(comment: state.comment)))
    }

    mutating func replaceHairpin(_ address: IPAddress, _ wasThere: Bool, _ isThere: Bool) {
        guard wasThere != isThere else { return }
        let key = ElementBytes.pair(address)
        if wasThere {
            delete(ServiceRuleset.SetName.hairpin, key)
        } else {
            add(ServiceRuleset.SetName.hairpin, KeyedElement(key, Element()))
        }
    }

    private mutating func delete(_ set: String, _ key: [UInt8]) { gone[set, default: []].append(key) }
    private mutating func add(_ set: String, _ element: KeyedElement) { new[set, default: []].append(element) }

    /// By set, in a fixed order.
    func changes(_ table: TableID) -> [RulesetChange] {
        let names = ServiceRuleset.SetName.dynamic
        return names.compactMap { name in gone[name].map { .deleteElements(table, set: name, $0) } }
            + names.reversed().compactMap { name in new[name].map { .addElements(table, set: name, $0) } }
    }
}
