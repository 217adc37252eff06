package import Addressing

/// A Kubernetes EndpointSlice, as far as this proxy acts on it: some endpoints of one service in one family.
package struct EndpointSlice: Hashable, Sendable {
    /// Its name, unique in its namespace.
    package var id: ObjectID
    /// The service whose endpoints it holds (label `kubernetes.io/service-name`), of the same namespace.
    package var service: ServiceName
    /// The family of all its endpoints.
    package var family: IPAddress.Family
    /// The ports that every endpoint of it offers.
    package var ports: [EndpointPort]
    /// The endpoints, in the order given.
    package var endpoints: [Endpoint]
    /// When that happened which made it what it is; nil when its writer does not say.
    package var triggered: TriggerTime?

    /// Describes a slice; `name` is in the service's namespace.
    package init(
        _ name: String,
        of service: ServiceName,
        _ family: IPAddress.Family = .v4,
        ports: [EndpointPort],
        endpoints: [Endpoint]
    ) {
        self.id = ObjectID(.endpointSlice, namespace: service.namespace, name: name)
        self.service = service
        self.family = family
        self.ports = ports
        self.endpoints = endpoints
    }
}

/// A port that the endpoints of a slice offer.
package struct EndpointPort: Hashable, Sendable {
    /// The service port of the same name and protocol leads here.
    package let name: String
    /// The protocol.
    package let transport: TransportProtocol
    /// The port at the endpoint.
    package let port: Port

    /// Describes a port.
    package init(name: String = "", _ transport: TransportProtocol = .tcp, _ port: Port) {
        self.name = name
        self.transport = transport
        self.port = port
    }
}

/// One endpoint of a slice.
package struct Endpoint: Hashable, Sendable {
    /// The first of its addresses; kube-proxy uses no other either.
    package var address: IPAddress
    /// Whether it wants new connections. Unknown counts as true.
    package var isReady: Bool
    /// Whether it answers, terminating or not. Unknown counts as true.
    package var isServing: Bool
    /// Whether it is going away. Unknown counts as false.
    package var isTerminating: Bool
    /// The node it runs on; nil when the source does not say.
    package var nodeName: String?
    /// The pod behind it; nil when the source does not say.
    package var podName: String?
    /// The nodes and zones whose clients it is meant for; nil when it is for all.
    package var hints: Hints?

    /// `hints` of an endpoint: names of nodes and zones.
    package struct Hints: Hashable, Sendable {
        /// `hints.forNodes`
        package var nodes: Set<String>
        /// `hints.forZones`
        package var zones: Set<String>

        /// Names them.
        package init(nodes: Set<String> = [], zones: Set<String> = []) {
            self.nodes = nodes
            self.zones = zones
        }
    }

    /// Describes an endpoint; without more words it is ready.
    package init(
        _ address: IPAddress,
        isReady: Bool = true,
        isServing: Bool = true,
        isTerminating: Bool = false,
        nodeName: String? = nil,
        podName: String? = nil,
        hints: Hints? = nil
    ) {
        self.address = address
        self.isReady = isReady
        self.isServing = isServing
        self.isTerminating = isTerminating
        self.nodeName = nodeName
        self.podName = podName
        self.hints = hints
    }

    /// Whether it runs here. One without a node does: it comes from this machine's own files.
    package func isLocal(to node: String?) -> Bool {
        guard let nodeName, let node else { return true }
        return nodeName == node
    }
}
