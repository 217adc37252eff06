/// The kernel's network state, seen from one process: the host's namespace and, for plugins, one pod's.
///
/// The one seam between what should be and what is. `LinuxKernel` (Netlink) does it; `FakeKernel` pretends to, and the
/// same scenarios run on both.
package protocol Kernel: ~Copyable {
    /// Reads as much as `scope` names. Things that are not there are absent from the answer, never an error.
    mutating func observe(_ scope: Scope) throws(KernelError) -> NetworkState

    /// Whether there is a link of this name.
    mutating func isThere(_ link: LinkID) throws(KernelError) -> Bool

    /// Makes one change. Adding what is there or removing what is not throws `.exists` or `.notFound`.
    mutating func apply(_ step: Step) throws(KernelError)

    /// Every link of the host's namespace, with kind, alias and bridge port.
    mutating func hostLinks() throws(KernelError) -> [Link]

    /// The rules of one chain; none when there is no such chain or table.
    mutating func rules(of table: TableID, chain: String) throws(KernelError) -> [StandingRule]

    /// The names of a table's chains, whoever made it; nil when there is no such table.
    mutating func chainNames(of table: TableID) throws(KernelError) -> Set<String>?

    /// Applies all changes as one transaction, or none.
    ///
    /// With `generation` it throws `.interrupted` when anybody has changed any ruleset since that generation was read.
    mutating func commit(_ changes: [RulesetChange], generation: UInt32?) throws(KernelError)

    /// The number of the current ruleset; every commit of anybody counts it up.
    mutating func generation() throws(KernelError) -> UInt32

    /// The flows of the host's connection tracking that the filter means.
    mutating func flows(_ filter: FlowFilter) throws(KernelError) -> [Flow]

    /// Has connection tracking forget these flows; returns how many were still there.
    mutating func forget(_ flows: [Flow]) throws(KernelError) -> Int
}

/// A plan that could not be carried out: the first error, and what its rollback met.
package struct PlanError: Error, Sendable, CustomStringConvertible {
    /// What stopped the plan.
    package let cause: KernelError
    /// What went wrong while taking the earlier steps back; empty when the kernel is as it was.
    package let rollback: [KernelError]

    /// Puts the two together.
    package init(cause: KernelError, rollback: [KernelError]) {
        self.cause = cause
        self.rollback = rollback
    }

    /// The cause; then what the rollback left.
    package var description: String {
        guard !rollback.isEmpty else { return cause.description }
        let rest = rollback.map(\.description).joined(separator: "; ")
        return "\(cause); while taking it back: \(rest)"
    }
}

extension Kernel where Self: ~Copyable {
    /// By an observation: for kernels with no shorter way.
    package mutating func isThere(_ link: LinkID) throws(KernelError) -> Bool {
        var scope = Scope()
        scope.links = [link]
        return try observe(scope).links[link] != nil
    }

    /// None: for kernels that only see tables of ours.
    package mutating func rules(of table: TableID, chain: String) throws(KernelError) -> [StandingRule] { [] }

    /// No such table: for kernels that only see tables of ours.
    package mutating func chainNames(of table: TableID) throws(KernelError) -> Set<String>? { nil }

    /// Applies the steps in order; at the first error takes back what was done, in reverse, and throws.
    ///
    /// A step whose outcome is unknown counts as done: if it is not, taking it back finds nothing, which is success.
    package mutating func run(_ plan: NetworkPlan) throws(PlanError) {
        var done: [Step] = []
        for step in plan.steps {
            do throws(KernelError) {
                try apply(step)
                done.append(step)
            } catch {
                if error.isOutcomeUnknown { done.append(step) }
                throw PlanError(cause: error, rollback: takeBack(done))
            }
        }
    }

    /// Applies every step whatever happens to the others, for DEL and GC: "not found" is success.
    ///
    /// But not of a transaction: when one thing of it is gone already, nothing of it happened. That is reported, and the
    /// caller looks again.
    ///
    /// What could not be removed must be found again: elements lead to addresses, an address to its route, the route to
    /// the neighbour entry. So after an error the later links of this chain stay.
    package mutating func runBestEffort(_ plan: NetworkPlan) -> [KernelError] {
        var errors: [KernelError] = []
        var lastRemovable = Int.max
        for step in plan.steps where step.placeInTrail ?? 0 <= lastRemovable {
            do throws(KernelError) {
                try apply(step)
            } catch  where error.reason == .notFound {
                continue
            } catch {
                errors.append(error)
                lastRemovable = min(lastRemovable, step.placeInTrail ?? .max)
            }
        }
        return errors
    }

    /// Undoes the steps in reverse order and collects what cannot be undone.
    package mutating func takeBack(_ done: [Step]) -> [KernelError] {
        runBestEffort(NetworkPlan(steps: done.reversed().compactMap(\.inverse)))
    }
}

extension Step {
    /// Where it is in the chain by which DEL finds what is left of a pod on the host, the end first.
    fileprivate var placeInTrail: Int? {
        switch self {
        case .removeNeighbor(let entry) where entry.link.place == .host: 0
        case .removeRoute(let route) where route.link.place == .host: 1
        case .changeRuleset: 2
        case .createBridge, .createMacvlan, .createVethPair, .createIFB, .moveLink, .deleteLink, .changeLink,
            .addAddress, .removeAddress, .addRoute, .removeRoute, .addRule, .removeRule, .addNeighbor, .removeNeighbor,
            .addShaping, .removeShaping, .setSysctl, .forgetFlows, .awaitCarrier, .awaitAddress:
            nil
        }
    }
}
