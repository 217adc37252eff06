import Addressing
import NetworkModel

/// What some changes to a mirror replaced, each key once and in the order of the changes.
///
/// From it and the mirror come the elements to delete and to add, the way back, and the connections that lost their
/// endpoint. However often a key changed, only its first and its last state count.
struct MirrorJournal: Sendable {
    private(set) var frontends = Former<Frontend, FrontendState>()
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

    mutating func note(frontend: Frontend, _ state: FrontendState?) { frontends.note(frontend, state) }
    mutating func note(clusterIP: IPAddress, _ state: KernelMirror.ClusterIPState?) {
        clusterIPs.note(clusterIP, state)
    }
    mutating func note(hairpin: IPAddress, _ users: Int?) { hairpins.note(hairpin, users) }
    mutating func note(holding name: ServiceName, _ holding: KernelMirror.Holding?) { holdings.note(name, holding) }

    /// What the rules need to have for the frontends that changed, by family.
    func demand(_ mirror: KernelMirror) -> [IPAddress.Family: RulesetShape] {
        frontends.formers.reduce(into: [:]) { demand, former in
            guard let state = mirror.frontends[former.key] else { return }
            state.demand(&demand[former.key.address.family, default: RulesetShape()])
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
        _ former: FrontendState?,
        _ state: FrontendState?
    ) -> [StaleFlows] {
        guard let former, !former.all.isEmpty else { return [StaleFlows(frontend: frontend, endpoint: nil)] }
        if let state, former.all == state.all { return [] }
        let alive = Set(state?.all ?? [])
        return Set(former.all).subtracting(alive).sorted().map { StaleFlows(frontend: frontend, endpoint: $0) }
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
