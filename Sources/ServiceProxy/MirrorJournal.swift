import Addressing
import NetworkModel

/// What some changes to a mirror replaced, each key once and in the order of the changes.
///
/// From it and the mirror come the elements to delete and to add, the way back, and whose connections may have lost their
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

    /// The frontends that lost an endpoint, or had none and have one now: connections may lead to nowhere.
    func flowSearch(_ mirror: KernelMirror) -> FlowSearch {
        frontends.formers.reduce(into: FlowSearch()) { search, former in
            let (before, after) = (former.state?.all ?? [], mirror.frontends[former.key]?.all ?? [])
            if before.isEmpty {
                if !after.isEmpty { search.begun.insert(former.key) }
            } else if before != after, !Set(before).isSubset(of: after) {
                search.lost.insert(former.key)
            }
        }
    }
}
