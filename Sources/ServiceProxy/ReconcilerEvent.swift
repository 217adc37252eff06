package import Control
package import NetworkModel

/// What makes the reconciler do something.
package enum ReconcilerEvent: Sendable {
    /// The source has something to say.
    case source(SourceUpdate)
    /// Somebody, maybe we ourselves, changed a ruleset; with `missed` there were more changes than these.
    case ruleset([RulesetWriter], missed: Bool)
    /// The configuration was read again.
    case settings(ProxySettings)
    /// The node is not what it was.
    case node(NodeConditions)
    /// Time has passed.
    case tick
    /// Our tables, which somebody may have changed, may be looked at again.
    case due
}

/// News from where services come from.
package struct SourceUpdate: Sendable {
    /// What changed, in an order in which it can be applied.
    package var changes: [ServiceChange]
    /// How much of what the source has is known with this.
    package var delivery: ProxyCore.Delivery
    /// What is wrong with it as a whole.
    package var problem: String?
    /// What is wrong in it: all of it, not only what is new.
    package var problems: [Status.Problem]
    /// What a cluster says of its networks; nil from a source that is none, and as long as nothing is known.
    package var facts: ClusterFacts?
    /// When the first of the changes was noticed.
    package var noticed: ContinuousClock.Instant

    /// Describes news.
    package init(
        _ changes: [ServiceChange],
        _ delivery: ProxyCore.Delivery = .complete,
        problem: String? = nil,
        problems: [Status.Problem] = [],
        facts: ClusterFacts? = nil,
        noticed: ContinuousClock.Instant
    ) {
        self.changes = changes
        self.delivery = delivery
        self.problem = problem
        self.problems = problems
        self.facts = facts
        self.noticed = noticed
    }
}

/// Who changed a ruleset.
package struct RulesetWriter: Hashable, Sendable, CustomStringConvertible {
    /// The ruleset's number since then.
    package let generation: UInt32
    /// The number of the thread that did it.
    package let processID: UInt32
    /// Its name, at most 15 bytes.
    package let processName: String
    /// What was done to our tables; nil where that is not known.
    package let touched: [TableID: TableTouch]?

    /// Names a writer.
    package init(
        generation: UInt32,
        processID: UInt32,
        processName: String,
        touched: [TableID: TableTouch]? = nil
    ) {
        self.generation = generation
        self.processID = processID
        self.processName = processName
        self.touched = touched
    }

    /// `nft[8123]`
    package var description: String { "\(processName)[\(processID)]" }
}

/// What the reconciler has done or met, for the log and the service manager.
package enum ReconcilerNotice: Sendable {
    /// The loop turns.
    case alive
    /// Our tables were read; so many services' ports were found in them.
    case adopted(frontends: Int, took: Duration)
    /// Our tables could not be read; it is tried again.
    case unreadable(KernelError)
    /// A transaction is in the kernel.
    case committed(ReconcilerCommit)
    /// The kernel refused a transaction; it is tried in parts or later.
    case refused(KernelError, [RulesetChange])
    /// The kernel does not take this service; everything else goes on.
    case quarantined(ServiceName, KernelError)
    /// Nothing can be done now; it is tried again.
    case stuck(KernelError)
    /// Another proxy's tables went in the transaction that made ours complete.
    case tookOver([TableID])
    /// So many connections that led to nowhere were forgotten.
    case forgot(Int, took: Duration)
    /// Connections that may lead to nowhere could not be looked at; it is tried again.
    case flowsKept(KernelError)
    /// What stays when others remove our tables is not as the settings say; it is tried again.
    case unbridged(KernelError)
    /// Somebody had changed our tables, nobody knows who if none is named; they are as they should be again.
    case repaired([RulesetWriter], changes: Int)
    /// What load balancers that ask are told from now on, by service: all of it.
    case healthChecks([ServiceName: HealthCheck])
    /// The kernel is as it should be, or the source has nothing that could be acted on.
    case settled(ReconcilerSummary)
}

/// One transaction that the kernel took.
package struct ReconcilerCommit: Hashable, Sendable {
    /// The generation that it brought the kernel to.
    package let generation: UInt64
    /// How many services it was for.
    package let services: Int
    /// How many set elements and other objects it changed.
    package let changes: Int
    /// From the decision to the kernel's answer.
    package let took: Duration
    /// From the event at its source to the kernel's answer; nil when no event caused it.
    package let latency: Duration?
}

/// The state of things in a few numbers.
package struct ReconcilerSummary: Hashable, Sendable {
    /// The latest generation of what is wanted.
    package let generation: UInt64
    /// How many services there are.
    package let services: Int
    /// How many of them the kernel does not take.
    package let quarantined: Int
    /// Whether the kernel is as the source wants it.
    package let isSettled: Bool
    /// What is wrong with the source as a whole.
    package let problem: String?
}
