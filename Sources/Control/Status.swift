/// How the daemon is: what `netctl status` shows.
package struct Status: ListItem {
    /// `StatusList`
    package static let listKind = "StatusList"

    /// The daemon's version.
    package var version: String
    /// Its process ID.
    package var pid: Int
    /// When it started.
    package var startedAt: Timestamp
    /// Where services come from.
    package var source: Source
    /// The latest state that it wants.
    package var generation: UInt64
    /// The last transaction that changed the kernel; absent as long as none was needed.
    package var lastSync: Sync?
    /// Transactions that the kernel refused since the start.
    package var syncFailures: Int
    /// How often it repaired what somebody else had changed, since the start.
    package var driftRepaired: Int
    /// What became of connections to endpoints that are gone; absent for a daemon that leaves them alone.
    package var flows: Flows?
    /// How many objects it knows.
    package var objects: Objects
    /// Everything that is wrong with the input or could not be applied.
    package var problems: [Problem]
    /// Its tables in the kernel.
    package var tables: [TableStatus]

    /// Describes a daemon.
    package init(
        version: String,
        pid: Int,
        startedAt: Timestamp,
        source: Source,
        generation: UInt64,
        lastSync: Sync?,
        syncFailures: Int,
        driftRepaired: Int,
        flows: Flows? = nil,
        objects: Objects,
        problems: [Problem],
        tables: [TableStatus]
    ) {
        self.version = version
        self.pid = pid
        self.startedAt = startedAt
        self.source = source
        self.generation = generation
        self.lastSync = lastSync
        self.syncFailures = syncFailures
        self.driftRepaired = driftRepaired
        self.flows = flows
        self.objects = objects
        self.problems = problems
        self.tables = tables
    }

    /// Where services come from.
    package struct Source: Codable, Hashable, Sendable {
        /// `directory` or `kubernetes`
        package var kind: String
        /// The directory's path, or the API server's address.
        package var location: String
        /// Whether a complete state has been read from it.
        package var isComplete: Bool
        /// What is wrong with it as a whole.
        package var problem: String?
        /// How its watches are; absent for a source that has none.
        package var watches: [Watch]?

        /// Describes a source.
        package init(
            kind: String,
            location: String,
            isComplete: Bool,
            problem: String? = nil,
            watches: [Watch]? = nil
        ) {
            self.kind = kind
            self.location = location
            self.isComplete = isComplete
            self.problem = problem
            self.watches = watches
        }

        /// What a source is, and where.
        package struct Place: Hashable, Sendable {
            /// `directory` or `kubernetes`
            package var kind: String
            /// The directory's path, or the API server's address.
            package var location: String

            /// Names a place.
            package init(kind: String, location: String) {
                self.kind = kind
                self.location = location
            }
        }

        /// One resource of an API server.
        package struct Watch: Codable, Hashable, Sendable {
            /// `services`
            package var resource: String
            /// Whether a complete list is there, and changes to it are awaited.
            package var isWatching: Bool
            /// How far it has come.
            package var resourceVersion: String?
            /// What failed last; absent while all is well.
            package var problem: String?

            /// Describes a watch.
            package init(resource: String, isWatching: Bool, resourceVersion: String?, problem: String?) {
                self.resource = resource
                self.isWatching = isWatching
                self.resourceVersion = resourceVersion
                self.problem = problem
            }
        }
    }

    /// One transaction that the kernel took.
    package struct Sync: Codable, Hashable, Sendable {
        /// The generation that it brought the kernel to.
        package var generation: UInt64
        /// When it was done.
        package var at: Timestamp
        /// How long it took, in seconds, from the decision to the kernel's answer.
        package var seconds: Double
        /// How many set elements it changed.
        package var changes: Int

        /// Describes a transaction.
        package init(generation: UInt64, at: Timestamp, seconds: Double, changes: Int) {
            self.generation = generation
            self.at = at
            self.seconds = seconds
            self.changes = changes
        }
    }

    /// Connections to endpoints that are gone.
    package struct Flows: Codable, Hashable, Sendable {
        /// How many were forgotten since the start.
        package var forgotten: Int
        /// How often they could not be looked at.
        package var failures: Int

        /// Counts connections.
        package init(forgotten: Int, failures: Int) {
            self.forgotten = forgotten
            self.failures = failures
        }
    }

    /// How many objects the daemon knows.
    package struct Objects: Codable, Hashable, Sendable {
        /// Services.
        package var services: Int
        /// Services none of whose endpoints takes connections.
        package var servicesWithoutEndpoints: Int
        /// Endpoints, each address and port of a service once.
        package var endpoints: Int
        /// Endpoints that take connections.
        package var readyEndpoints: Int

        /// Counts.
        package init(services: Int, servicesWithoutEndpoints: Int, endpoints: Int, readyEndpoints: Int) {
            self.services = services
            self.servicesWithoutEndpoints = servicesWithoutEndpoints
            self.endpoints = endpoints
            self.readyEndpoints = readyEndpoints
        }
    }

    /// One thing that is wrong with the input, or that the kernel refused.
    package struct Problem: Codable, Hashable, Sendable {
        /// The object or file: `Service default/web`, `/etc/podnet/services.d/web.yaml`.
        package var object: String
        /// The field in it: `spec.ports[0].port`.
        package var field: String?
        /// What is wrong, and what was done about it.
        package var reason: String

        /// Describes a problem.
        package init(object: String, field: String? = nil, reason: String) {
            self.object = object
            self.field = field
            self.reason = reason
        }
    }

    /// One of the daemon's tables.
    package struct TableStatus: Codable, Hashable, Sendable {
        /// `ip podnet`
        package var name: String
        /// Whether it is in the kernel.
        package var present: Bool
        /// Whether the kernel keeps others from changing it (`owner`).
        package var owned: Bool
        /// Frontends in it.
        package var frontends: Int
        /// Endpoints in it.
        package var endpoints: Int

        /// Describes a table.
        package init(name: String, present: Bool, owned: Bool, frontends: Int, endpoints: Int) {
            self.name = name
            self.present = present
            self.owned = owned
            self.frontends = frontends
            self.endpoints = endpoints
        }
    }
}

extension Envelope where Item == Status {
    /// Whether the daemon knows what it should want, and has seen the kernel as it wants it.
    package var isHealthy: Bool {
        metadata.syncedAt != nil
            && items.allSatisfy { status in
                status.source.isComplete && status.source.problem == nil && status.tables.allSatisfy(\.present)
            }
    }
}
