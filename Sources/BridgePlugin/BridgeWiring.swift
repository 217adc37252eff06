import Addressing
import CNI
import NetworkModel
import PodWiring

/// Makes a desired attachment real: the shared part, when something of it is missing, and then the owned one.
///
/// The shared part is looked at without a lock and changed under one, so that a hundred ADDs at once make one bridge and
/// only the first of them wait for each other. It is taken back only by the ADD that made it, and only while the bridge
/// has no port: another ADD may have found it in the meantime.
struct BridgeWiring<K: Kernel & ~Copyable> {
    let desired: BridgeDesired
    let surroundings: Surroundings<K>

    init(_ desired: BridgeDesired, _ surroundings: Surroundings<K>) {
        self.desired = desired
        self.surroundings = surroundings
    }

    /// Carries it out and answers the bridge's hardware address.
    func run(in kernel: inout K) throws(CNIError) -> MACAddress? {
        let plan = try look(in: &kernel)
        if plan.shared.isEmpty {
            try kernel.carryOut(plan.owned)
        } else {
            try surroundings.exclusively { () throws(CNIError) in try runExclusively(in: &kernel) }
        }
        return plan.bridgeMAC
    }

    /// What there is to do.
    private struct Plans {
        let shared: NetworkPlan
        let owned: NetworkPlan
        let bridgeMAC: MACAddress?
    }

    private func look(in kernel: inout K) throws(CNIError) -> Plans {
        let shared = try kernel.look(desired.sharedScope)
        let wanted = try desired.sharedState(given: shared)
        let owned = try kernel.look(desired.ownedScope)
        let table = wanted.ruleset.tables[BridgeRuleset.table]
        return Plans(
            shared: try NetworkPlan(planning: shared, to: wanted),
            owned: try NetworkPlan(planning: owned.assuming(table), to: desired.owned(given: shared, structure: table)),
            bridgeMAC: wanted.links[desired.bridge]?.mac ?? shared.links[desired.bridge]?.mac
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
            let hasPorts = try kernel.hostLinks().contains { $0.master == desired.config.bridge }
            guard !hasPorts else { return error }
        } catch let failure {
            return error.adding("not taken back: \(failure)")
        }
        return kernel.takeBack(plan.steps).reduce(error) { $0.adding("not taken back: \($1)") }
    }
}

extension NetworkState {
    /// The state as it will be once the table has this structure: what is observed of its elements, in that structure.
    func assuming(_ structure: Table?) -> NetworkState {
        guard var table = structure else { return self }
        let found = ruleset.tables[BridgeRuleset.table]
        for (name, set) in found?.sets ?? [:] { table.sets[name]?.elements = set.elements }
        var state = self
        state.ruleset.tables[BridgeRuleset.table] = table
        return state
    }
}

extension BridgeDesired {
    /// As `shared(given:)`, with the conflict as the plugin's answer.
    func sharedState(given observed: NetworkState) throws(CNIError) -> NetworkState {
        do {
            return try shared(given: observed)
        } catch {
            throw CNIError(.other, error.description)
        }
    }
}

extension NetworkPlan {
    /// As `init(from:to:)`, with the conflict as the plugin's answer.
    init(planning observed: NetworkState, to desired: NetworkState) throws(CNIError) {
        do {
            self = try NetworkPlan(from: observed, to: desired)
        } catch {
            throw CNIError(
                .other,
                #""\#(error.link)" already exists but is not \#(error.wanted == nil ? "ours" : "what is wanted")"#,
                details: error.description
            )
        }
    }
}

extension Kernel where Self: ~Copyable {
    /// Runs a plan for a plugin; an error is the plugin's answer.
    mutating func carryOut(_ plan: NetworkPlan) throws(CNIError) {
        do {
            try run(plan)
        } catch {
            throw CNIError(error)
        }
    }
}
