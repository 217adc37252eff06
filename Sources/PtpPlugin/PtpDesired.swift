package import Addressing
import CNI
package import NetworkModel
package import PodWiring

/// What one pair between a pod and its host should look like: the heart of the plugin.
///
/// There is no bridge. The pod's network is not on its link: the host's end has the gateway's address, and routes lead
/// from there to each pod, from the pod to its gateway and by it to everything else.
package struct PtpDesired: Sendable {
    let config: PtpConfig
    let attachment: Attachment
    let addresses: [PodAddress]

    /// The names of everything that the attachment owns.
    package let names: AttachmentNames
    /// What the pod gets on its interface.
    let pod: PodLink
    private let elements: PodElements

    /// Describes a pair with these addresses.
    package init(config: PtpConfig, attachment: Attachment, addresses: [PodAddress], routes: [PodRoute]) {
        self.config = config
        self.attachment = attachment
        self.addresses = addresses
        names = AttachmentNames(attachment)
        pod = PodLink(
            attachment.ifName,
            addresses: addresses,
            routes: routes,
            isHostMode: config.isHostMode,
            hasDefaultRoute: config.isHostMode,
            hasPrefixRoutes: false
        )
        elements = PodElements(
            addresses: addresses.map(\.cidr),
            isRouted: config.isHostMode,
            isMasqueraded: config.ipMasq,
            subnets: config.subnets,
            tag: names.tag
        )
    }

    var hostVeth: LinkID { LinkID(.host, names.hostVeth) }
    var containerVeth: LinkID { LinkID(.container, attachment.ifName) }

    /// The two parts, for ADD and CHECK.
    package var attachmentState: DesiredAttachment {
        let (forwarding, ownedSysctls) = (forwarding, ownedSysctls)
        return DesiredAttachment(
            sharedScope: sharedScope(forwarding),
            ownedScope: ownedScope(ownedSysctls),
            shared: { observed throws(CNIError) in shared(given: observed, forwarding) },
            owned: { _, structure in owned(structure, ownedSysctls) }
        )
    }
}

/// What pods share: forwarding, and the table's rules.
extension PtpDesired {
    private func sharedScope(_ sysctls: [Sysctl: String]) -> Scope {
        var scope = Scope()
        scope.sysctls = Set(sysctls.keys)
        scope.tables = elements.sharedTables
        return scope
    }

    private func shared(given observed: NetworkState, _ sysctls: [Sysctl: String]) -> NetworkState {
        var state = NetworkState()
        state.sysctls = sysctls
        state.ruleset = elements.structure(given: observed.ruleset)
        return state
    }

    private var forwarding: [Sysctl: String] {
        var sysctls: [Sysctl: String] = [:]
        if pod.has(.v4) { sysctls[Sysctl(.host, "ipv4/ip_forward")] = "1" }
        if pod.has(.v6) { sysctls[Sysctl(.host, "ipv6/conf/all/forwarding")] = "1" }
        return sysctls
    }
}

/// What belongs to this attachment alone.
extension PtpDesired {
    private func ownedScope(_ sysctls: [Sysctl: String]) -> Scope {
        var scope = Scope()
        scope.links.insert(hostVeth)
        scope.links.insert(containerVeth)
        scope.addressesOf = scope.links
        scope.routesOf = scope.links
        if config.isHostMode { scope.neighborsOf = scope.links }
        scope.sysctls = Set(sysctls.keys)
        scope.tables = elements.ownedTables
        return scope
    }

    private func owned(_ structure: Ruleset, _ sysctls: [Sysctl: String]) -> NetworkState {
        var state = NetworkState()
        state.links[hostVeth] = hostLink
        state.links[containerVeth] = containerLink
        state.addresses = pod.linkAddresses
        for gateway in pod.gateways { state.addresses.insert(LinkAddress(hostVeth, CIDR(host: gateway))) }
        state.routes = Set(gatewayRoutes + networkRoutes + pod.routedRoutes + hostRoutes)
        if config.isHostMode { state.neighbors = neighbors }
        state.sysctls = sysctls
        state.ruleset = elements.added(to: structure)
        return state
    }

    private var hostLink: Link {
        Link(
            hostVeth,
            kind: .veth(peer: containerVeth),
            mac: names.hostMAC,
            mtu: config.mtu,
            isUp: true,
            alias: names.tag
        )
    }

    private var containerLink: Link {
        Link(containerVeth, kind: .veth(peer: hostVeth), mac: names.containerMAC, mtu: config.mtu, isUp: true)
    }

    private var gatewayRoutes: [Route] { pod.gateways.map { Route(containerVeth, to: CIDR(host: $0)) } }

    /// The pod's own network is behind its gateway, too; one of a single address needs no route.
    private var networkRoutes: [Route] {
        addresses.filter { !$0.cidr.isHost }.map { Route(containerVeth, to: $0.cidr.network, gateway: $0.gateway) }
    }

    private var hostRoutes: [Route] {
        addresses.map { Route(hostVeth, to: $0.cidr.hostOnly, origin: Route.ownProtocol) }
    }

    /// Each end has one neighbour that it ever speaks to, and need not ask for it.
    private var neighbors: Set<Neighbor> {
        let outward = pod.gateways.map { Neighbor(containerVeth, $0, names.hostMAC) }
        return Set(outward + addresses.map { Neighbor(hostVeth, $0.cidr.address, names.containerMAC) })
    }

    private var ownedSysctls: [Sysctl: String] {
        func own(_ name: String) -> Sysctl { Sysctl(.host, "ipv6/conf/\(names.hostVeth)/\(name)") }
        var sysctls = pod.sysctls
        sysctls[own("disable_ipv6")] = pod.has(.v6) ? "0" : "1"
        guard pod.has(.v6) else { return sysctls }
        // A pod that sends router advertisements must not configure the host (CVE-2020-10749).
        sysctls[own("accept_ra")] = "0"
        sysctls[own("accept_dad")] = "0"
        return sysctls
    }
}
