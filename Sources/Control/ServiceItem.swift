/// One service: a row of `netctl services`.
package struct ServiceItem: ListItem {
    /// `ServiceList`
    package static let listKind = "ServiceList"

    /// The namespace.
    package var namespace: String
    /// The name.
    package var name: String
    /// `ClusterIP`, as Kubernetes calls the types.
    package var type: String
    /// The virtual IPs.
    package var vips: [String]
    /// The ports.
    package var ports: [PortItem]
    /// How many endpoints there are.
    package var endpoints: Count
    /// How endpoints are chosen.
    package var policies: Policies
    /// External IPs and load balancers' addresses; absent without a daemon.
    package var external: [String]?
    /// The ports of the node that lead to it; absent without a daemon.
    package var nodePorts: [Int]?
    /// Who may use the load balancers' addresses; empty is everybody, absent without a daemon.
    package var sourceRanges: [String]?
    /// Where the service is written down.
    package var origin: Origin?
    /// Since when the daemon has known it.
    package var since: Timestamp?
    /// What is wrong with it, one sentence each.
    package var problems: [String]
    /// What the kernel has of it. The daemon leaves it out: `netctl` looks for itself.
    package var kernel: KernelEvidence?

    /// Describes a service.
    package init(
        namespace: String,
        name: String,
        type: String,
        vips: [String],
        ports: [PortItem],
        endpoints: Count,
        policies: Policies = Policies(),
        external: [String]? = nil,
        nodePorts: [Int]? = nil,
        sourceRanges: [String]? = nil,
        origin: Origin? = nil,
        since: Timestamp? = nil,
        problems: [String] = [],
        kernel: KernelEvidence? = nil
    ) {
        self.namespace = namespace
        self.name = name
        self.type = type
        self.vips = vips
        self.ports = ports
        self.endpoints = endpoints
        self.policies = policies
        self.external = external
        self.nodePorts = nodePorts
        self.sourceRanges = sourceRanges
        self.origin = origin
        self.since = since
        self.problems = problems
        self.kernel = kernel
    }

    /// One port of a service.
    package struct PortItem: Codable, Hashable, Sendable {
        /// Its name; empty for an unnamed port.
        package var name: String
        /// The port of the virtual IP.
        package var port: Int
        /// `tcp`, `udp` or `sctp`.
        package var `protocol`: String
        /// The ports of the endpoints behind it, each once, ascending; endpoints may differ.
        package var targets: [Int]

        /// Describes a port.
        package init(name: String, port: Int, protocol: String, targets: [Int]) {
            self.name = name
            self.port = port
            self.protocol = `protocol`
            self.targets = targets
        }
    }

    /// How many endpoints a service has, each address counted once however many ports it has.
    package struct Count: Codable, Hashable, Sendable {
        /// Those that take connections; absent without a daemon.
        package var ready: Int?
        /// All.
        package var total: Int

        /// Counts.
        package init(ready: Int?, total: Int) {
            self.ready = ready
            self.total = total
        }
    }

    /// How endpoints are chosen; absent means "not known".
    package struct Policies: Codable, Hashable, Sendable {
        /// `internalTrafficPolicy`: `Cluster` or `Local`.
        package var `internal`: String?
        /// `externalTrafficPolicy`: `Cluster` or `Local`; absent for a service without external addresses.
        package var external: String?
        /// `sessionAffinity`: `None` or `ClientIP`.
        package var sessionAffinity: String?

        /// Describes the choice.
        package init(internal: String? = nil, external: String? = nil, sessionAffinity: String? = nil) {
            self.internal = `internal`
            self.external = external
            self.sessionAffinity = sessionAffinity
        }
    }

    /// Where an object is written down.
    package struct Origin: Codable, Hashable, Sendable {
        /// The file's path.
        package var file: String
        /// The line that it begins in, counted from 1.
        package var line: Int?

        /// Names a place.
        package init(file: String, line: Int? = nil) {
            self.file = file
            self.line = line
        }
    }
}
