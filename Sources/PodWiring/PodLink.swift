package import Addressing
package import CNI
package import NetworkModel

/// What every plugin gives a pod's interface besides the link itself: routes and settings.
package struct PodLink: Hashable, Sendable {
    /// The interface's name in the pod.
    package let ifName: InterfaceName
    /// Its addresses, as IPAM gave them.
    package let addresses: [PodAddress]
    /// Routes, as IPAM gave them.
    package let routes: [PodRoute]
    /// Whether every address is a /32 or /128 of its own and the gateway all that is on the link.
    package let isHostMode: Bool
    /// Whether the pod gets its default route by its gateway when IPAM has none to give.
    package let hasDefaultRoute: Bool
    /// Whether the network of an address is on the link, so that the kernel makes a route to it.
    package let hasPrefixRoutes: Bool
    /// Whether addresses of IPv6 are used only once nobody else is found to have them.
    package let detectsDuplicates: Bool

    /// Collects the parts.
    package init(
        _ ifName: InterfaceName,
        addresses: [PodAddress],
        routes: [PodRoute],
        isHostMode: Bool = false,
        hasDefaultRoute: Bool = false,
        hasPrefixRoutes: Bool = true,
        detectsDuplicates: Bool = false
    ) {
        self.ifName = ifName
        self.addresses = addresses
        self.routes = routes
        self.isHostMode = isHostMode
        self.hasDefaultRoute = hasDefaultRoute
        self.hasPrefixRoutes = hasPrefixRoutes
        self.detectsDuplicates = detectsDuplicates
    }

    /// The interface.
    package var id: LinkID { LinkID(.container, ifName) }

    /// Whether the pod has addresses of a family.
    package func has(_ family: IPAddress.Family) -> Bool { addresses.contains { $0.cidr.family == family } }

    /// The addresses on the interface.
    package var linkAddresses: Set<LinkAddress> {
        var all: Set<LinkAddress> = []
        for address in addresses {
            all.insert(
                LinkAddress(
                    id,
                    address.cidr,
                    hasPrefixRoute: hasPrefixRoutes || address.cidr.isHost,
                    detectsDuplicates: detectsDuplicates
                )
            )
        }
        return all
    }

    /// The gateway of the pod's first address of a family that has one.
    package func gateway(of family: IPAddress.Family) -> IPAddress? {
        addresses.first { $0.cidr.family == family && $0.gateway != nil }?.gateway
    }

    /// Every address's gateway, each once.
    package var gateways: [IPAddress] {
        addresses.compactMap(\.gateway).reduce(into: []) { found, gateway in
            if !found.contains(gateway) { found.append(gateway) }
        }
    }
}

extension PodLink {
    /// The pod's routes, besides those that come with its addresses and gateway.
    package var routedRoutes: [Route] {
        var all: [Route] = []
        if hasDefaultRoute, let route = defaultRoute(.v4) { all.append(route) }
        if hasDefaultRoute, let route = defaultRoute(.v6) { all.append(route) }
        for route in routes { all.append(podRoute(route)) }
        return all
    }

    /// The same as the result names them. What is on the link although there is a gateway says so: CHECK, which has the
    /// result only, would take the gateway for the route's.
    package var namedRoutes: [CNIResult.Route] {
        routedRoutes.map { route in
            var named = CNIResult.Route(route)
            let isOnLink = route.gateway == nil && gateway(of: route.destination.family) != nil
            if isOnLink { named.scope = Int(Route.Scope.link.rawValue) }
            return named
        }
    }

    /// The default route of a family, unless IPAM gave one with a gateway of its own.
    private func defaultRoute(_ family: IPAddress.Family) -> Route? {
        let everything = CIDR.everything(family)
        guard !routes.contains(where: { $0.destination == everything }), let gateway = gateway(of: family) else {
            return nil
        }
        return Route(id, to: everything, gateway: gateway, onlink: isHostMode)
    }

    private func podRoute(_ route: PodRoute) -> Route {
        let isLinkScope = route.scope == .link || route.scope == .host
        let via = route.gateway ?? (isLinkScope ? nil : gateway(of: route.destination.family))
        return Route(
            id,
            to: route.destination,
            gateway: via,
            scope: route.scope,
            onlink: isHostMode && via != nil,
            table: route.table ?? 254,
            metric: route.metric,
            mtu: route.mtu,
            advertisedMSS: route.advertisedMSS
        )
    }
}

extension PodLink {
    /// The settings of the interface.
    package var sysctls: [Sysctl: String] {
        var sysctls: [Sysctl: String] = [:]
        sysctls[own("ipv6", "disable_ipv6")] = has(.v6) ? "0" : "1"
        if has(.v4) {
            // Announces the address when the link comes up: others may remember its former owner.
            sysctls[own("ipv4", "arp_notify")] = "1"
        }
        if has(.v6) {
            sysctls[own("ipv6", "accept_ra")] = "0"
            sysctls[own("ipv6", "accept_dad")] = detectsDuplicates ? "1" : "0"
            // RFC 7527: a node that hears its own question is not another one.
            if detectsDuplicates { sysctls[own("ipv6", "enhanced_dad")] = "1" }
            sysctls[own("ipv6", "keep_addr_on_down")] = "1"
        }
        if isHostMode {
            // The kernel takes the "all" value and the link's together, so both have to be off. They are the pod's own.
            sysctls[Sysctl(.container, "ipv4/conf/all/accept_redirects")] = "0"
            sysctls[own("ipv4", "accept_redirects")] = "0"
        }
        return sysctls
    }

    private func own(_ family: String, _ name: String) -> Sysctl {
        Sysctl(.container, "\(family)/conf/\(ifName)/\(name)")
    }
}

extension CNIResult.Route {
    /// A route of the kernel's as a result has it.
    package init(_ route: NetworkModel.Route) {
        self.init(
            route.destination,
            gateway: route.gateway,
            mtu: route.mtu.map(Int.init),
            advmss: route.advertisedMSS.map(Int.init),
            priority: route.metric.map(Int.init),
            table: route.table == 254 ? nil : Int(route.table)
        )
    }
}
