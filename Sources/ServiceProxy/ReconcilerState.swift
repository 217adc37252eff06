import Control
import NetworkModel

/// What the reconciler remembers besides the core.
struct ReconcilerState: Sendable {
    /// Counts the changes of what is wanted.
    var generation: UInt64 = 0

    /// Whether the core's idea of our tables is what was last read or committed.
    var knowsKernel = false
    /// The ruleset's number from before our tables were read, until the first transaction after that.
    var readGeneration: UInt32?
    /// How often the tables were read anew for one transaction.
    var readAnewCount = 0
    /// Whether to commit whatever others write meanwhile.
    var insists = false
    /// Nothing can be committed until the next tick.
    var isStuck = false

    /// The numbers of rulesets that our own commits led to and that were not reported yet.
    var ownGenerations: Set<UInt32> = []
    /// The number that our last commit led to, where it is known.
    var lastOwnGeneration: UInt32?
    /// What others may have done to our tables since those were last known to be right.
    var suspicion = Suspicion()
    /// Not before then are our tables read again, or somebody's changes taken back.
    var nextVerification = ContinuousClock.now
    /// Whether there will be an event at `nextVerification`.
    var isWakeSet = false
    /// How long it took to read our tables the last time.
    var lastReading = Duration.zero
    /// When our tables are read even though nothing points to a change.
    var nextAudit: ContinuousClock.Instant?

    /// What is configured; the core has what the cluster says, too.
    var configured: ProxySettings?
    /// What the cluster last said of its networks.
    var facts = ClusterFacts()
    /// The source, as it last described itself.
    var source = SourceCondition()

    /// When the oldest change was noticed that is not in the kernel yet.
    var noticed: ContinuousClock.Instant?
    /// The last transaction that the kernel took.
    var lastCommit: (ReconcilerCommit, at: ContinuousClock.Instant)?
    /// When the kernel was last known to be as it should be.
    var settledAt: ContinuousClock.Instant?
    /// The generation of each service's last transaction.
    var appliedIn: [ServiceName: UInt64] = [:]
    /// The generation that was first in the kernel as a whole.
    var adoptedIn: UInt64?
    /// Transactions that the kernel refused.
    var failures = 0
    /// How often others' changes were taken back.
    var driftRepaired = 0
    /// What load balancers are told.
    var healthChecks: [ServiceName: HealthCheck] = [:]
    /// How many objects there are.
    var census = ServiceCensus()
    /// Whether another proxy's tables go when ours are complete.
    var takesOver = false
    /// The settings of what stays when others remove our tables; nil where there is no such thing.
    var bridged: ProxySettings?
    /// Connections that may lead to nowhere.
    var flows = FlowBook()
}

/// What the source last said of itself.
struct SourceCondition: Sendable {
    /// Whether it has said anything.
    private(set) var hasSpoken = false
    /// What is wrong with it as a whole.
    private(set) var problem: String?
    /// What is wrong in it.
    private(set) var problems: [Status.Problem] = []

    /// Takes what an update says of the source itself.
    mutating func take(_ update: SourceUpdate) {
        hasSpoken = true
        problem = update.problem
        problems = update.problems
    }
}

/// The flags of a table (`NFT_TABLE_F_*`, linux/netfilter/nf_tables.h).
package enum TableFlags {
    /// Only the socket that added the table may change it.
    package static let owner: UInt32 = 2
    /// The table outlives its owner and can be owned again (Linux 6.9).
    package static let persist: UInt32 = 4
}

extension UInt32 {
    /// The number of a ruleset after one more commit: zero is left out (nf_tables_commit).
    var nextGeneration: UInt32 { self == .max ? 1 : self + 1 }
}

extension Ruleset {
    /// How many frontends there are in our tables.
    var frontendCount: Int {
        tables.values.reduce(0) { $0 + $1.elements(ServiceRuleset.SetName.frontends).count }
    }

    /// The same as its next owner will see it: a table whose owner is gone has lost that flag (nft_rcv_nl_event).
    func claimed(by settings: ProxySettings) -> Ruleset {
        guard settings.tableFlags & TableFlags.owner != 0 else { return self }
        var claimed = self
        for (id, table) in tables where table.flags | TableFlags.owner == settings.tableFlags {
            claimed.tables[id]?.flags = settings.tableFlags
        }
        return claimed
    }
}

extension [RulesetChange] {
    /// How many elements and other objects they change.
    var objectCount: Int {
        reduce(0) { count, change in
            switch change {
            case .addElements(_, _, let elements): count + elements.count
            case .deleteElements(_, _, let keys): count + keys.count
            case .addTable, .deleteTable, .addChain, .deleteChain, .flushChain, .appendRule, .deleteRule, .addSet,
                .deleteSet:
                count + 1
            }
        }
    }
}

extension ProxyCore {
    /// A core for other settings that knows the same objects, and of nothing in the kernel.
    func with(_ settings: ProxySettings) -> ProxyCore {
        var core = ProxyCore(settings)
        core.replaceAll(services: table.services.values, slices: table.allSlices)
        core.source = source
        core.rivals = rivals
        core.use(node)
        return core
    }
}
