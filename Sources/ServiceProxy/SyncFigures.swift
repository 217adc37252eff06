package import Addressing
import NetworkModel

/// What the reconciler has done, and since when it owes the kernel something. Pure: it is told the time.
package struct SyncFigures: Sendable {
    /// An instant of the clock that only goes forward, and of the one that others have, too.
    package struct Moment: Hashable, Sendable {
        /// For durations.
        package let instant: ContinuousClock.Instant
        /// Seconds since 1970.
        package let secondsSinceEpoch: Double

        /// Puts the two together.
        package init(_ instant: ContinuousClock.Instant, secondsSinceEpoch: Double) {
            self.instant = instant
            self.secondsSinceEpoch = secondsSinceEpoch
        }
    }

    /// Objects that came, changed or went.
    package struct Changes: Hashable, Sendable {
        /// Services.
        package var services = 0
        /// EndpointSlices.
        package var endpoints = 0
    }

    /// What is kept for each family: a transaction counts for every family that it changes.
    package struct OfFamily: Sendable {
        /// How long transactions took.
        package fileprivate(set) var syncs = Histogram.syncs
        /// Those that had everything, or the rules, in them.
        package fileprivate(set) var fullSyncs = Histogram.syncs
        /// The others.
        package fileprivate(set) var partialSyncs = Histogram.syncs
        /// Transactions that the kernel refused.
        package fileprivate(set) var refused = 0
        /// From the change of a pod or service, by the clock of who noticed it, to the kernel's answer.
        package fileprivate(set) var networkProgramming = Histogram.networkProgramming
        /// How long looks at connections took; one may be for both families.
        package fileprivate(set) var flowLooks = Histogram.syncs
        /// Connections that led to nowhere and were forgotten.
        package fileprivate(set) var forgottenFlows = 0
    }

    /// When the reconciler was made.
    package let start: Moment
    /// The latest news of the source.
    package private(set) var lastQueued: ContinuousClock.Instant?
    /// When the kernel was last known to be as it should be.
    package private(set) var lastSettled: ContinuousClock.Instant?
    /// Since when it has not been, though it is known how it should be; nil while it is.
    package private(set) var owedSince: ContinuousClock.Instant?
    /// Changes that are not in the kernel yet.
    package private(set) var pending = Changes()
    /// All changes so far.
    package private(set) var total = Changes()
    /// By family.
    package private(set) var families: [IPAddress.Family: OfFamily] = [:]
    /// From an event's arrival to the kernel's answer, by our own clock.
    package private(set) var programming = Histogram.exponential(from: 0.000_1, factor: 2, count: 18)
    /// Elements and other objects changed in the kernel.
    package private(set) var changedObjects = 0
    /// When the slices that are not in the kernel yet became what they are.
    private var triggers: [(family: IPAddress.Family, time: TriggerTime)] = []

    /// Nothing was done before `start`.
    package init(start: Moment) { self.start = start }
}

extension SyncFigures {
    /// kube-proxy's: a change may wait so long for the kernel, twice the time between two of its syncs.
    package static let patience = Duration.seconds(60)

    /// Whether what is owed has not been owed for too long.
    package func isHealthy(at now: ContinuousClock.Instant) -> Bool {
        owedSince.map { now - $0 < Self.patience } ?? true
    }

    /// An instant by the clock that others have.
    package func secondsSinceEpoch(of instant: ContinuousClock.Instant, at now: Moment) -> Double {
        now.secondsSinceEpoch - (now.instant - instant) / .seconds(1)
    }

    /// The source has something to say.
    package mutating func queued(_ update: SourceUpdate) {
        guard !update.changes.isEmpty else { return }
        lastQueued = update.noticed
        owedSince = owedSince ?? update.noticed
        for change in update.changes {
            switch change {
            case .service, .deleteService: note(\.services)
            case .deleteSlice: note(\.endpoints)
            case .slice(let slice):
                note(\.endpoints)
                noteTrigger(of: slice)
            }
        }
    }

    /// The kernel took a transaction.
    mutating func committed(_ commit: ReconcilerCommit, _ changed: Set<IPAddress.Family>, isFull: Bool) {
        changedObjects += commit.changes
        if let latency = commit.latency { programming.observe(latency) }
        for family in changed {
            families[family, default: OfFamily()].syncs.observe(commit.took)
            let kind = isFull ? \OfFamily.fullSyncs : \.partialSyncs
            families[family, default: OfFamily()][keyPath: kind].observe(commit.took)
        }
    }

    /// The kernel refused a transaction.
    mutating func refused(_ changed: Set<IPAddress.Family>) {
        for family in changed { families[family, default: OfFamily()].refused += 1 }
    }

    /// Connections of `families` were looked at.
    mutating func lookedAtFlows(of families: Set<IPAddress.Family>, took: Duration) {
        for family in families { self.families[family, default: OfFamily()].flowLooks.observe(took) }
    }

    /// So many connections of `family` were forgotten.
    mutating func forgot(_ count: Int, of family: IPAddress.Family) {
        families[family, default: OfFamily()].forgottenFlows += count
    }

    /// Nothing more can be done for now; `isSettled` when nothing is left to do, either.
    package mutating func rested(isSettled: Bool, isWaiting: Bool, at now: Moment) {
        guard isSettled else {
            if !isWaiting { owedSince = owedSince ?? now.instant }
            return
        }
        lastSettled = now.instant
        owedSince = nil
        pending = Changes()
        for (family, time) in triggers {
            let latency = max(0, now.secondsSinceEpoch - time.secondsSinceEpoch)
            families[family, default: OfFamily()].networkProgramming.observe(latency)
        }
        triggers = []
    }

    private mutating func note(_ kind: WritableKeyPath<Changes, Int>) {
        pending[keyPath: kind] += 1
        total[keyPath: kind] += 1
    }

    /// What was so before us says nothing of how fast we are.
    private mutating func noteTrigger(of slice: EndpointSlice) {
        guard let time = slice.triggered, time.secondsSinceEpoch >= start.secondsSinceEpoch else { return }
        triggers.append((slice.family, time))
    }
}

extension Histogram {
    /// kube-proxy's bounds for a sync: 1 ms to 16 s.
    fileprivate static let syncs = exponential(from: 0.001, factor: 2, count: 15)

    /// kube-proxy's bounds for what a change takes through the cluster: 0.25 s to 5 minutes.
    fileprivate static let networkProgramming = Histogram(
        bounds: [0.25, 0.5] + stride(from: 1.0, through: 59, by: 1) + stride(from: 60.0, through: 115, by: 5)
            + stride(from: 120.0, through: 300, by: 30)
    )
}

extension [RulesetChange] {
    /// The families of the tables that they change.
    var families: Set<IPAddress.Family> { Set(map { $0.table.family == .ip ? .v4 : .v6 }) }
}

extension RulesetChange {
    fileprivate var table: TableID {
        switch self {
        case .addTable(let table, _, _), .deleteTable(let table), .addChain(let table, _, _, _),
            .deleteChain(let table, _), .flushChain(let table, _), .appendRule(let table, _, _),
            .deleteRule(let table, _, _), .addSet(let table, _, _, _, _, _), .deleteSet(let table, _),
            .addElements(let table, _, _), .deleteElements(let table, _, _):
            table
        }
    }
}
