package import Addressing

/// A Kubernetes Service, as far as this proxy acts on it; every value is valid.
package struct Service: Hashable, Sendable {
    /// Its name.
    package var name: ServiceName
    /// What reaches it.
    package var kind: Kind
    /// One port for each thing it offers, in the order given; no two share a name, or protocol and number.
    package var ports: [ServicePort]
    /// The instant it was made, which settles who keeps an address that two services claim; nil counts as latest.
    package var created: Timestamp?
    /// The proxy it is meant for by the label `service.kubernetes.io/service-proxy-name`; nil is us.
    package var proxyName: String?
    /// Which endpoints its virtual addresses lead to.
    package var internalPolicy = TrafficPolicy.cluster
    /// How long a client stays with its endpoint after its last new connection; nil when it does not.
    package var affinity: Affinity?
    /// What reaches it besides its virtual addresses; nil when nothing does.
    package var exposure: ServiceExposure?

    /// What reaches a service.
    package enum Kind: Hashable, Sendable {
        /// Virtual addresses: at most one a family, at least one.
        case virtual(ClusterIPs)
        /// Names only (`clusterIP: None`, or none given): nothing for a proxy to do.
        case headless
        /// A DNS alias: nothing for a proxy to do.
        case externalName
    }

    /// Describes a service.
    package init(
        _ name: ServiceName,
        kind: Kind,
        ports: [ServicePort],
        created: Timestamp? = nil,
        proxyName: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.ports = ports
        self.created = created
        self.proxyName = proxyName
    }

    /// The virtual addresses that are ours to serve; none for a service that is not.
    package var clusterIPs: [IPAddress] {
        guard proxyName == nil, case .virtual(let addresses) = kind else { return [] }
        return addresses.all
    }

    /// Why nothing is programmed for it, or nil when something is.
    package var reasonNotServed: String? {
        if let proxyName { return "left to the proxy '\(proxyName)'" }
        switch kind {
        case .virtual: return nil
        case .headless: return "headless: it has no virtual address"
        case .externalName: return "an ExternalName: it is a DNS alias"
        }
    }

    /// Its type as Kubernetes calls it.
    package var typeName: String {
        if kind == .externalName { return "ExternalName" }
        return exposure?.isLoadBalancer == true ? "LoadBalancer" : hasNodePorts ? "NodePort" : "ClusterIP"
    }

    /// Whether any of its ports is open on the nodes.
    package var hasNodePorts: Bool { ports.contains { $0.nodePort != nil } }
}

/// Which endpoints traffic goes to (`internalTrafficPolicy`, `externalTrafficPolicy`).
package enum TrafficPolicy: String, Hashable, Sendable {
    /// All.
    case cluster = "Cluster"
    /// Those on this node.
    case local = "Local"
}

/// `sessionAffinity: ClientIP`
package struct Affinity: Hashable, Sendable {
    /// How long a client stays with its endpoint, in seconds: 1 to 86,400.
    package let seconds: UInt32

    /// What Kubernetes takes when `timeoutSeconds` is missing.
    package static let defaultSeconds: UInt32 = 10_800

    /// Takes 1 to 86,400 seconds.
    package init(seconds: Int) throws(InvalidValue) {
        guard (1...86_400).contains(seconds) else {
            throw InvalidValue("\(seconds)", isNot: "an affinity timeout", reason: "1 to 86400 seconds are allowed")
        }
        self.seconds = UInt32(seconds)
    }
}

/// The virtual addresses of a service, at most one a family.
package struct ClusterIPs: Hashable, Sendable {
    /// The IPv4 address, if there is one.
    package private(set) var v4: IPAddress?
    /// The IPv6 address, if there is one.
    package private(set) var v6: IPAddress?

    /// One address.
    package init(_ address: IPAddress) {
        _ = add(address)
    }

    /// One or two addresses; nil when there is none, or two of one family.
    package init?(_ addresses: [IPAddress]) {
        guard !addresses.isEmpty else { return nil }
        for address in addresses where !add(address) { return nil }
    }

    /// The addresses, IPv4 first.
    package var all: [IPAddress] { [v4, v6].compactMap(\.self) }

    private mutating func add(_ address: IPAddress) -> Bool {
        switch address.family {
        case .v4 where v4 == nil: v4 = address
        case .v6 where v6 == nil: v6 = address
        case .v4, .v6: return false
        }
        return true
    }
}

/// A port of a service.
package struct ServicePort: Hashable, Sendable {
    /// Joins it to the ports of endpoint slices; empty when the service has one port without a name.
    package let name: String
    /// The protocol.
    package let transport: TransportProtocol
    /// The port at the virtual address.
    package let port: Port
    /// The port at the node's addresses; nil when it is not open there.
    package let nodePort: Port?

    /// Describes a port.
    package init(name: String = "", _ transport: TransportProtocol = .tcp, _ port: Port, nodePort: Port? = nil) {
        self.name = name
        self.transport = transport
        self.port = port
        self.nodePort = nodePort
    }
}
