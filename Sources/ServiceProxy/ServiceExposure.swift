package import Addressing

/// What reaches a service besides its virtual addresses and its node ports.
package struct ServiceExposure: Hashable, Sendable {
    /// `type: LoadBalancer`
    package var isLoadBalancer: Bool
    /// Addresses that others route to this node (`spec.externalIPs`).
    package var externalIPs: [IPAddress]
    /// Addresses of load balancers that deliver packets still addressed to them (`status.loadBalancer.ingress`).
    package var loadBalancerIPs: [IPAddress]
    /// Who may use the load balancers' addresses; nil is everybody.
    package var sourceRanges: [CIDR]?
    /// Which endpoints traffic from outside goes to.
    package var policy: TrafficPolicy
    /// Where load balancers ask whether this node has endpoints; nil when they do not.
    package var healthCheckNodePort: Port?

    /// Describes an exposure.
    package init(
        isLoadBalancer: Bool = false,
        externalIPs: [IPAddress] = [],
        loadBalancerIPs: [IPAddress] = [],
        sourceRanges: [CIDR]? = nil,
        policy: TrafficPolicy = .cluster,
        healthCheckNodePort: Port? = nil
    ) {
        self.isLoadBalancer = isLoadBalancer
        self.externalIPs = externalIPs
        self.loadBalancerIPs = loadBalancerIPs
        self.sourceRanges = sourceRanges
        self.policy = policy
        self.healthCheckNodePort = healthCheckNodePort
    }
}

/// How a client comes to a service, which decides about policy and source address.
package enum Entrance: Hashable, Sendable {
    /// By a virtual address.
    case clusterIP
    /// By an address of the node.
    case nodePort
    /// By an external address.
    case externalIP
    /// By the address of a load balancer, which may be closed to some.
    case loadBalancer
}

/// Which addresses a service may be reached by, besides what it says itself.
package struct EntranceRules: Hashable, Sendable {
    /// The addresses of this node that node ports are open at, sorted.
    package var nodePortAddresses: [IPAddress]
    /// Where external IPs may lie; nil is anywhere.
    package var externalIPRanges: [CIDR]?

    /// Describes the rules; without words there is no node port, and every external IP counts.
    package init(nodePortAddresses: [IPAddress] = [], externalIPRanges: [CIDR]? = nil) {
        self.nodePortAddresses = nodePortAddresses.sorted()
        self.externalIPRanges = externalIPRanges
    }

    /// Whether a service may have this external IP.
    package func allows(externalIP: IPAddress) -> Bool {
        externalIPRanges?.contains { $0.contains(externalIP) } ?? true
    }
}

extension Service {
    /// Calls `body` with every address, protocol and port that the service claims, each once, and how clients come
    /// there.
    package func forEachFrontend(
        by rules: EntranceRules,
        _ body: (Frontend, ServicePort, Entrance) -> Void
    ) {
        for address in clusterIPs { forEachPort(at: address, .clusterIP, body) }
        guard reasonNotServed == nil, exposure != nil || hasNodePorts else { return }
        // An address may be named twice: as an external IP and as the load balancer's, say.
        var seen: Set<Frontend> = []
        for address in clusterIPs { forEachPort(at: address, .clusterIP) { frontend, _, _ in seen.insert(frontend) } }
        forEachExternalFrontend(by: rules) { frontend, port, entrance in
            if seen.insert(frontend).inserted { body(frontend, port, entrance) }
        }
    }

    private func forEachExternalFrontend(
        by rules: EntranceRules,
        _ body: (Frontend, ServicePort, Entrance) -> Void
    ) {
        // A restricted entrance goes first, so that naming its address twice does not open it.
        for address in exposure?.loadBalancerIPs ?? [] where serves(address.family) {
            forEachPort(at: address, .loadBalancer, body)
        }
        for address in exposure?.externalIPs ?? [] where serves(address.family) && rules.allows(externalIP: address) {
            forEachPort(at: address, .externalIP, body)
        }
        for port in ports {
            guard let number = port.nodePort else { continue }
            for address in rules.nodePortAddresses where serves(address.family) {
                body(Frontend(address, port.transport, number), port, .nodePort)
            }
        }
    }

    private func forEachPort(
        at address: IPAddress,
        _ entrance: Entrance,
        _ body: (Frontend, ServicePort, Entrance) -> Void
    ) {
        for port in ports { body(Frontend(address, port.transport, port.port), port, entrance) }
    }

    /// A service has its families by its virtual addresses.
    private func serves(_ family: IPAddress.Family) -> Bool { clusterIPs.contains { $0.family == family } }

    /// Which endpoints clients of an entrance get.
    package func policy(at entrance: Entrance) -> TrafficPolicy {
        entrance == .clusterIP ? internalPolicy : exposure?.policy ?? .cluster
    }

    /// Who may come by an entrance in a family; nil is everybody.
    package func sourceRanges(at entrance: Entrance, _ family: IPAddress.Family) -> [CIDR]? {
        guard entrance == .loadBalancer, let ranges = exposure?.sourceRanges else { return nil }
        let own = ranges.filter { $0.family == family }
        return own.isEmpty || own.contains { $0.prefixLength == 0 } ? nil : own
    }
}
