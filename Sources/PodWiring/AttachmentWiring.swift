package import CNI
package import NetworkModel

/// Makes a desired attachment real: the shared part, when something of it is missing, and then the owned one.
///
/// The shared part is looked at without a lock and changed under one, so that a hundred ADDs at once make one bridge and
/// only the first of them wait for each other. It is taken back only by the ADD that made it, and only while nobody else
/// uses it: another ADD may have found it in the meantime.
package struct AttachmentWiring<K: Kernel & ~Copyable> {
    private let desired: DesiredAttachment
    private let surroundings: Surroundings<K>

    /// Wires `desired` in these surroundings.
    package init(_ desired: DesiredAttachment, _ surroundings: Surroundings<K>) {
        self.desired = desired
        self.surroundings = surroundings
    }

    /// Carries it out and answers the shared part: as it should be, and what is as it was found.
    @discardableResult
    package func run(in kernel: inout K) throws(CNIError) -> NetworkState {
        let plans = try look(in: &kernel)
        if plans.shared.isEmpty {
            try kernel.carryOut(plans.owned)
        } else {
            try surroundings.exclusively { () throws(CNIError) in try runExclusively(in: &kernel) }
        }
        return plans.sharedState
    }

    /// What there is to do.
    private struct Plans {
        let shared: NetworkPlan
        let owned: NetworkPlan
        let sharedState: NetworkState
    }

    private func look(in kernel: inout K) throws(CNIError) -> Plans {
        let observed = try kernel.look(desired.sharedScope.union(desired.ownedScope))
        let found = observed.part(in: desired.sharedScope)
        let wanted = try desired.shared(found)
        let owned = observed.part(in: desired.ownedScope).assuming(wanted.ruleset)
        return Plans(
            shared: try NetworkPlan(planning: found, to: wanted),
            owned: try NetworkPlan(planning: owned, to: desired.owned(found, wanted.ruleset)),
            sharedState: found.completed(by: wanted)
        )
    }

    private func runExclusively(in kernel: inout K) throws(CNIError) {
        let plans = try look(in: &kernel)
        try kernel.carryOut(plans.shared)
        do {
            try kernel.carryOut(plans.owned)
        } catch {
            throw takeBack(plans.shared, after: error, in: &kernel)
        }
    }

    /// Leaves the shared part alone as soon as somebody else may be using it.
    private func takeBack(_ plan: NetworkPlan, after error: CNIError, in kernel: inout K) -> CNIError {
        do {
            guard try !kernel.hasPorts(desired.sharedScope) else { return error }
            let steps = try plan.steps.filter { step throws(KernelError) in try !kernel.isFilled(step) }
            return kernel.takeBack(steps).reduce(error) { $0.adding("not taken back: \($1)") }
        } catch let failure {
            return error.adding("not taken back: \(failure)")
        }
    }
}

extension Kernel where Self: ~Copyable {
    /// Whether a bridge that the scope names has ports that it does not name.
    fileprivate mutating func hasPorts(_ scope: Scope) throws(KernelError) -> Bool {
        let names = Set(scope.links.filter { $0.place == .host }.map(\.name))
        guard !names.isEmpty else { return false }
        return try hostLinks().contains { link in
            !scope.links.contains(link.id) && link.master.map(names.contains) ?? false
        }
    }

    /// Whether a set that the step made has elements by now.
    fileprivate mutating func isFilled(_ step: Step) throws(KernelError) -> Bool {
        guard case .changeRuleset(let changes, _) = step else { return false }
        for case .addSet(let table, let name, _, _, _, _) in changes {
            var scope = Scope()
            scope.tables[table] = .all
            if try observe(scope).ruleset.tables[table]?.sets[name]?.elements.isEmpty == false { return true }
        }
        return false
    }
}

extension NetworkState {
    /// The state as it will be once the tables have this structure: what is observed of their elements, in it.
    fileprivate func assuming(_ structure: Ruleset) -> NetworkState {
        var state = self
        for (id, wanted) in structure.tables {
            var table = wanted
            for (name, set) in ruleset.tables[id]?.sets ?? [:] { table.sets[name]?.elements = set.elements }
            state.ruleset.tables[id] = table
        }
        return state
    }

    /// This state with the links of another, as far as that says how they should be.
    fileprivate func completed(by wanted: NetworkState) -> NetworkState {
        var state = self
        for (id, link) in wanted.links { state.links[id] = links[id]?.merged(with: link) ?? link }
        return state
    }
}

extension Ruleset {
    /// Whether no set of any table has an element.
    package var hasNoElements: Bool {
        tables.values.allSatisfy { $0.sets.values.allSatisfy(\.elements.isEmpty) }
    }
}
