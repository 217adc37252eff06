import Addressing
package import NetworkModel

/// A kernel in memory, for tests: it refuses what Linux refuses, deletes along what Linux deletes along, and fails or
/// dies at any call that a test names.
///
/// Unlike Linux it makes no IPv6 link-local addresses and no routes of its own, has no secondary addresses, and every
/// link's sysctls are copies of those below `default`.
package struct FakeKernel: Kernel {
    /// A call that was made, refused or not.
    package enum Call: Hashable, Sendable {
        case observe(Scope)
        case hostLinks
        case generation
        case apply(Step)
        case commit([RulesetChange], generation: UInt32?)
        case flows(FlowFilter)
        case forget([Flow])
    }

    /// Everything that is there; tests may put anything here.
    package var state: NetworkState
    /// What connection tracking knows; tests may put anything here.
    package var flows: Set<Flow> = []
    /// Whether there is a second namespace; without one its links are not found.
    package var hasContainer = true
    /// What goes wrong on purpose.
    package var fault: Fault?
    /// Every call, in order.
    package private(set) var calls: [Call] = []
    /// How many calls wanted to change something, including those that failed.
    package private(set) var mutatingCalls = 0
    private var currentGeneration: UInt32 = 1

    /// Two namespaces with nothing but a loopback link each, and the sysctls of `defaultSysctls`.
    package init() {
        var state = NetworkState()
        for place in Place.allCases { state.links[.loopback(place)] = .loopback(place) }
        self.init(holding: state)
    }

    /// A kernel in which exactly this is there, and those of `defaultSysctls` that are not given.
    package init(holding state: NetworkState) {
        self.state = state
        for place in Place.allCases {
            for (path, value) in Self.defaultSysctls where self.state.sysctls[Sysctl(place, path)] == nil {
                self.state.sysctls[Sysctl(place, path)] = value
            }
        }
        for link in state.links.keys { addSysctls(of: link) }
    }

    /// As much of `state` as the scope names.
    package mutating func observe(_ scope: Scope) throws(KernelError) -> NetworkState {
        calls.append(.observe(scope))
        try refuseIfDead("observe", "the network")
        return Observation(of: state, hasContainer: hasContainer).limited(to: scope)
    }

    /// The links of the host's namespace, by name.
    package mutating func hostLinks() throws(KernelError) -> [Link] {
        calls.append(.hostLinks)
        try refuseIfDead("read", "links")
        return state.links.values.filter { $0.id.place == .host }.sorted { $0.id < $1.id }.map(\.withoutVLANs)
    }

    /// Counts up with every transaction, ours or anybody's.
    package mutating func generation() throws(KernelError) -> UInt32 {
        calls.append(.generation)
        try refuseIfDead("read", "ruleset generation")
        return currentGeneration
    }

    /// Makes the change, or refuses it as Linux would; then nothing has changed.
    package mutating func apply(_ step: Step) throws(KernelError) {
        calls.append(.apply(step))
        try meetFault(step)
        if let place = step.place, place == .container, !hasContainer {
            throw .noEntry("enter", "the container's namespace")
        }
        try perform(step)
        try loseAnswer()
    }

    /// Makes all changes or none.
    package mutating func commit(_ changes: [RulesetChange], generation: UInt32?) throws(KernelError) {
        calls.append(.commit(changes, generation: generation))
        try meetFault(nil)
        if let generation, generation != currentGeneration {
            throw KernelError("commit", "ruleset", reason: .interrupted, text: "it has changed since it was read")
        }
        try carryOut(changes)
        try loseAnswer()
    }

    /// Those of `flows` that the filter means.
    package mutating func flows(_ filter: FlowFilter) throws(KernelError) -> [Flow] {
        calls.append(.flows(filter))
        try refuseIfDead("read flows of", "\(filter)")
        return flows.filter { $0.matches(filter, isOfNode: isOfNode) }
    }

    /// Removes them from `flows`.
    package mutating func forget(_ flows: [Flow]) throws(KernelError) -> Int {
        calls.append(.forget(flows))
        try meetFault(nil)
        let before = self.flows.count
        self.flows.subtract(flows)
        return before - self.flows.count
    }

    /// The names of a table's chains.
    package mutating func chainNames(of table: TableID) throws(KernelError) -> Set<String>? {
        try refuseIfDead("read", "chains")
        return state.ruleset.tables[table].map { Set($0.chains.keys) }
    }

    /// A rule's number is its place, so that of several the last has to go first.
    package mutating func rules(of table: TableID, chain: String) throws(KernelError) -> [StandingRule] {
        try refuseIfDead("read", "rules")
        let rules = state.ruleset.tables[table]?.chains[chain]?.rules ?? []
        return rules.enumerated().map { StandingRule(handle: UInt64($0.offset), $0.element) }
    }

    /// What somebody else does to the ruleset meanwhile.
    package mutating func changeBehindTheBack(_ change: (inout Ruleset) -> Void) {
        change(&state.ruleset)
        currentGeneration += 1
    }

    /// All changes, or none.
    mutating func carryOut(_ changes: [RulesetChange]) throws(KernelError) {
        guard !changes.isEmpty else { return }
        var ruleset = state.ruleset
        for change in changes { try ruleset.apply(change) }
        for id in changes.tablesWithNewPaths {
            guard let table = ruleset.tables[id] else { continue }
            var check = LoopCheck(table)
            try check.run()
        }
        state.ruleset = ruleset
        currentGeneration += 1
    }

    /// Whether a link of the host's has the address; 127.0.0.0/8 and ::1 are `lo`'s.
    func isOfNode(_ address: IPAddress) -> Bool {
        address.isLoopback || state.addresses.contains { $0.link.place == .host && $0.cidr.address == address }
    }

    private mutating func meetFault(_ step: Step?) throws(KernelError) {
        try refuseIfDead("apply", step.map { "\($0)" } ?? "a transaction")
        mutatingCalls += 1
        guard let error = fault?.error(at: mutatingCalls) else { return }
        throw error
    }

    private func loseAnswer() throws(KernelError) {
        if let error = fault?.lostAnswer(at: mutatingCalls) { throw error }
    }

    private func refuseIfDead(_ operation: String, _ subject: String) throws(KernelError) {
        guard let fault, fault.isDeadly(after: mutatingCalls) else { return }
        throw KernelError(operation, subject, reason: .other, text: "the process was killed")
    }
}
