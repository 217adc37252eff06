import Addressing

/// What the dynamic sets and maps of both tables hold in the kernel, and on whose behalf.
///
/// What was found in the kernel at the start belongs to no service until one asks for it.
struct KernelMirror: Sendable {
    /// The element of one virtual address.
    struct ClusterIPState: Equatable, Sendable {
        /// The services with this address; several may share one with different ports.
        var users: [ServiceName]
        var comment: String
    }

    /// The keys that one service has a part in.
    struct Holding: Sendable {
        var frontends: [Frontend] = []
        var clusterIPs: [IPAddress] = []
        var hairpins: [IPAddress] = []
    }

    private(set) var frontends: [Frontend: FrontendState] = [:]
    private(set) var clusterIPs: [IPAddress: ClusterIPState] = [:]
    /// How many services have a local endpoint at the address.
    private(set) var hairpins: [IPAddress: Int] = [:]
    private var holdings: [ServiceName: Holding] = [:]
    /// Whether connections go to endpoints of `frontends` only. Else an earlier run may have led them to any that serves:
    /// the kernel's tables do not tell what is draining.
    var knowsFlows = false

    /// Nothing in the kernel.
    init() {}

    /// Takes what was found in the kernel.
    init(
        found frontends: [Frontend: FrontendState],
        _ clusterIPs: [IPAddress: ClusterIPState],
        _ hairpins: Set<IPAddress>
    ) {
        self.frontends = frontends
        self.clusterIPs = clusterIPs
        self.hairpins = Dictionary(uniqueKeysWithValues: hairpins.map { ($0, 0) })
    }

    /// Whether a service has a part in anything.
    func holds(_ name: ServiceName) -> Bool { holdings[name] != nil }

    /// The services that have a part in something.
    var holders: [ServiceName] { Array(holdings.keys) }

    /// What the kernel has of a frontend, if `name` holds it.
    func state(of frontend: Frontend, heldBy name: ServiceName) -> FrontendState? {
        frontends[frontend].flatMap { $0.holder == name ? $0 : nil }
    }

    /// Makes a service's elements what it wants; `journal` remembers what they were.
    mutating func set(_ name: ServiceName, _ elements: ServiceElements, _ journal: inout MirrorJournal) {
        let former = holdings[name] ?? Holding()
        journal.note(holding: name, holdings[name])
        setFrontends(name, elements.frontends, former.frontends, &journal)
        setClusterIPs(name, elements.clusterIPs, former.clusterIPs, &journal)
        setHairpins(elements.hairpins, former.hairpins, &journal)
        let holding = Holding(
            frontends: elements.frontends.map(\.frontend),
            clusterIPs: elements.clusterIPs,
            hairpins: elements.hairpins
        )
        holdings[name] = holding.isEmpty ? nil : holding
    }

    /// Drops what was found in the kernel and nobody asked for. Walks over everything.
    mutating func dropUnclaimed(_ journal: inout MirrorJournal) {
        for (frontend, state) in frontends where state.holder == nil { replace(frontend, nil, &journal) }
        for (address, state) in clusterIPs where state.users.isEmpty { replace(address, nil, &journal) }
        for (address, users) in hairpins where users == 0 { replaceHairpin(address, nil, &journal) }
    }

    /// Takes everything back that was done since the journal was begun.
    mutating func revert(_ journal: MirrorJournal) {
        for (frontend, state) in journal.frontends.formers { frontends[frontend] = state }
        for (address, state) in journal.clusterIPs.formers { clusterIPs[address] = state }
        for (address, users) in journal.hairpins.formers { hairpins[address] = users }
        for (name, holding) in journal.holdings.formers { holdings[name] = holding }
    }
}

extension KernelMirror {
    private mutating func setFrontends(
        _ name: ServiceName,
        _ targets: [ServiceElements.Target],
        _ former: [Frontend],
        _ journal: inout MirrorJournal
    ) {
        let wanted = former.isEmpty ? [] : Set(targets.lazy.map(\.frontend))
        // One that another service has taken over meanwhile is no longer ours to remove.
        for frontend in former where !wanted.contains(frontend) && frontends[frontend]?.holder == name {
            replace(frontend, nil, &journal)
        }
        for target in targets {
            let state = state(name, target, after: frontends[target.frontend])
            if frontends[target.frontend] != state { replace(target.frontend, state, &journal) }
        }
    }

    /// Keeps indices where it can, whoever held the frontend before.
    private func state(
        _ name: ServiceName,
        _ target: ServiceElements.Target,
        after former: FrontendState?
    ) -> FrontendState? {
        var state = target.state
        state.holder = name
        state.endpoints = EndpointSlots.assign(state.endpoints, after: former?.endpoints ?? [])
        state.here = state.here.map { EndpointSlots.assign($0, after: former?.here ?? []) }
        state.draining = draining(after: former, state, target.serving)
        return state.isEmpty ? nil : state
    }

    private func draining(
        after former: FrontendState?,
        _ state: FrontendState,
        _ serving: [EndpointAddress]
    ) -> [EndpointAddress] {
        let present = former ?? FrontendState(holder: nil, comment: "")
        let isAsBefore = present.draining.isEmpty && present.endpoints == state.endpoints && present.here == state.here
        if knowsFlows && isAsBefore { return [] }
        let left = Set(knowsFlows ? present.all : serving).subtracting(state.endpoints).subtracting(state.here ?? [])
        return left.isEmpty ? [] : left.intersection(serving).sorted()
    }

    private mutating func setClusterIPs(
        _ name: ServiceName,
        _ wanted: [IPAddress],
        _ former: [IPAddress],
        _ journal: inout MirrorJournal
    ) {
        for address in former where !wanted.contains(address) {
            setUsers(of: address, (clusterIPs[address]?.users ?? []).filter { $0 != name }, &journal)
        }
        for address in wanted where !former.contains(address) {
            setUsers(of: address, ((clusterIPs[address]?.users ?? []) + [name]).sorted(), &journal)
        }
    }

    private mutating func setUsers(of address: IPAddress, _ users: [ServiceName], _ journal: inout MirrorJournal) {
        let state = users.first.map { ClusterIPState(users: users, comment: ServiceElements.comment($0)) }
        replace(address, state, &journal)
    }

    private mutating func setHairpins(
        _ wanted: [IPAddress],
        _ former: [IPAddress],
        _ journal: inout MirrorJournal
    ) {
        if wanted == former { return }
        let (after, before) = (Set(wanted), Set(former))
        for address in former where !after.contains(address) {
            let users = (hairpins[address] ?? 0) - 1
            replaceHairpin(address, users > 0 ? users : nil, &journal)
        }
        for address in wanted where !before.contains(address) {
            replaceHairpin(address, (hairpins[address] ?? 0) + 1, &journal)
        }
    }

    private mutating func replace(_ frontend: Frontend, _ state: FrontendState?, _ journal: inout MirrorJournal) {
        journal.note(frontend: frontend, frontends[frontend])
        frontends[frontend] = state
    }

    private mutating func replace(_ address: IPAddress, _ state: ClusterIPState?, _ journal: inout MirrorJournal) {
        journal.note(clusterIP: address, clusterIPs[address])
        clusterIPs[address] = state
    }

    private mutating func replaceHairpin(_ address: IPAddress, _ users: Int?, _ journal: inout MirrorJournal) {
        journal.note(hairpin: address, hairpins[address])
        hairpins[address] = users
    }
}

extension KernelMirror.Holding {
    fileprivate var isEmpty: Bool { frontends.isEmpty && clusterIPs.isEmpty && hairpins.isEmpty }
}
