import Addressing
package import Control
import NetworkModel

/// What a status says of the process around the reconciler.
package struct ReconcilerProcess: Hashable, Sendable {
    /// The program's version.
    package let version: String
    /// The process ID.
    package let id: Int
    /// When it started.
    package let startedAt: Control.Timestamp
    /// Where services come from.
    package let source: Status.Source.Place

    /// Describes the process.
    package init(version: String, id: Int, startedAt: Control.Timestamp, source: Status.Source.Place) {
        self.version = version
        self.id = id
        self.startedAt = startedAt
        self.source = source
    }
}

// What the control socket answers, made from the state between two transactions.
extension Reconciler where K: ~Copyable {
    /// Every endpoint of every service.
    package func endpoints(at now: Control.Timestamp, on node: String) -> EndpointList {
        let items = core.serviceNames.flatMap { name -> [EndpointItem] in
            core.report(on: name)?.endpointItems(context(of: name)) ?? []
        }
        return Envelope(metadata: metadata(now, node), items: items)
    }

    /// Every service; `origins` tells where they are written down.
    package func services(
        at now: Control.Timestamp,
        on node: String,
        origins: [ObjectID: ServiceItem.Origin]
    ) -> ServiceList {
        let items = core.serviceNames.compactMap { name in
            core.report(on: name)?.serviceItem(origin: origins[name.id])
        }
        return Envelope(metadata: metadata(now, node), items: items)
    }

    /// The daemon itself; `watches` are those of its source.
    package func status(
        at now: Control.Timestamp,
        on node: String,
        of process: ReconcilerProcess,
        _ watches: [Status.Source.Watch]? = nil
    ) -> StatusList {
        let status = Status(
            version: process.version,
            pid: process.id,
            startedAt: process.startedAt,
            source: Status.Source(
                kind: process.source.kind,
                location: process.source.location,
                isComplete: core.source == .complete,
                problem: state.source.problem,
                watches: watches
            ),
            generation: state.generation,
            lastSync: lastSync(now),
            syncFailures: state.failures,
            driftRepaired: state.driftRepaired,
            flows: Status.Flows(forgotten: state.flows.forgotten, failures: state.flows.failures),
            objects: objects,
            problems: state.source.problems + objectProblems,
            tables: tables
        )
        return Envelope(metadata: metadata(now, node), items: [status])
    }

    /// When the kernel was last known to be as it should be.
    package func lastSettled(_ now: Control.Timestamp) -> Control.Timestamp? {
        state.settledAt.map { Self.moment($0, now) }
    }

    private func context(of name: ServiceName) -> ServiceReport.Context {
        ServiceReport.Context(
            generation: state.generation,
            // What an earlier run left and was right needed no transaction.
            appliedIn: state.appliedIn[name] ?? state.adoptedIn,
            nodeName: core.settings.nodeName
        )
    }

    private func metadata(_ now: Control.Timestamp, _ node: String) -> Metadata {
        Metadata(
            node: node,
            generatedAt: now,
            sources: [.daemon],
            generation: state.generation,
            syncedAt: lastSettled(now),
            warnings: [state.source.problem].compactMap(\.self)
        )
    }

    private func lastSync(_ now: Control.Timestamp) -> Status.Sync? {
        state.lastCommit.map { commit, at in
            Status.Sync(
                generation: commit.generation,
                at: Self.moment(at, now),
                seconds: commit.took / .seconds(1),
                changes: commit.changes
            )
        }
    }

    private static func moment(_ instant: ContinuousClock.Instant, _ now: Control.Timestamp) -> Control.Timestamp {
        let age = ContinuousClock.now - instant
        return Control.Timestamp(secondsSinceEpoch: now.secondsSinceEpoch - age.components.seconds)
    }

    private var objectProblems: [Status.Problem] {
        let refused = core.quarantined.sorted { $0.key < $1.key }.map { name, reason in
            Status.Problem(object: "\(name.id)", reason: "the kernel refused it: \(reason)")
        }
        let clashes = core.table.clashes.map { clash in
            Status.Problem(object: "\(clash.loser.id)", field: "spec.clusterIP", reason: clash.reason)
        }
        return refused + clashes
    }

    private var objects: Status.Objects {
        var count = Status.Objects(services: 0, servicesWithoutEndpoints: 0, endpoints: 0, readyEndpoints: 0)
        for name in core.table.services.keys {
            guard let report = core.report(on: name) else { continue }
            let endpoints = report.frontends.flatMap(\.endpoints)
            let ready = endpoints.count { $0.status.isChosen }
            count.services += 1
            count.servicesWithoutEndpoints += ready == 0 ? 1 : 0
            count.endpoints += endpoints.count
            count.readyEndpoints += ready
        }
        return count
    }

    private var tables: [Status.TableStatus] {
        core.tableIDs.map { id in
            let frontends = core.mirror.frontends.filter { ($0.key.address.family == .v4) == (id.family == .ip) }
            return Status.TableStatus(
                name: "\(id)",
                present: state.settledAt != nil,
                owned: core.settings.tableFlags & TableFlags.owner != 0,
                frontends: frontends.count { !$0.value.endpoints.isEmpty },
                endpoints: frontends.reduce(0) { $0 + $1.value.endpoints.count }
            )
        }
    }
}
