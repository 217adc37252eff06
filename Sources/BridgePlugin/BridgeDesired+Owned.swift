import Addressing
package import NetworkModel

/// What belongs to this attachment alone: the pair, the pod's addresses and routes, its elements in the table.
extension BridgeDesired {
    /// What to look at for the owned part.
    package var ownedScope: Scope {
        var scope = Scope()
        scope.links = [hostVeth, containerVeth]
        scope.addressesOf = [containerVeth]
        scope.routesOf = [containerVeth]
        scope.neighborsOf = [containerVeth]
        scope.sysctls = Set(ownedSysctls.keys)
        if config.isHostMode {
            scope.hostRoutesTo = Set(addresses.map(\.cidr.hostOnly))
            scope.hostNeighbors = Set(addresses.map { Scope.HostNeighbor(config.bridge, $0.cidr.address) })
        }
        if BridgeRuleset.isNeeded(config) {
            scope.tables = [BridgeRuleset.table: .keys(BridgeRuleset.keys(of: self))]
        }
        return scope
    }

    /// What the owned part should be, given what was seen of the shared part and the table as that part leaves it.
    package func owned(given shared: NetworkState, structure: Table?) -> NetworkState {
        var state = NetworkState()
        let hostLink = hostLink(isolated: isolatesPorts(given: shared))
        state.links = [hostVeth: hostLink, containerVeth: containerLink]
        state.addresses = Set(addresses.map { LinkAddress(containerVeth, $0.cidr) })
        state.routes = Set(podRoutes + hostRoutes)
        state.neighbors = Set(podNeighbors + hostNeighbors)
        state.sysctls = ownedSysctls
        if BridgeRuleset.isNeeded(config), let structure {
            state.ruleset.tables[BridgeRuleset.table] = BridgeRuleset.withElements(of: self, in: structure)
        }
        return state
    }

    private func hostLink(isolated: Bool) -> Link {
        Link(
            hostVeth,
            kind: .veth(peer: containerVeth),
            mac: names.hostMAC,
            mtu: config.mtu,
            isUp: true,
            alias: names.tag,
            master: config.bridge,
            bridgePort: Link.BridgePort(hairpinMode: config.hairpinMode, isolated: isolated)
        )
    }

    private var containerLink: Link {
        Link(containerVeth, kind: .veth(peer: hostVeth), mac: containerMAC, mtu: config.mtu, isUp: true)
    }

    private var ownedSysctls: [Sysctl: String] {
        let ifName = attachment.ifName
        var sysctls = [
            // A bridge port speaks no IPv6 of its own, and so believes no router advertisement either.
            Sysctl(.host, "ipv6/conf/\(names.hostVeth)/disable_ipv6"): "1",
            Sysctl(.container, "ipv6/conf/\(ifName)/disable_ipv6"): families.contains(.v6) ? "0" : "1",
        ]
        if families.contains(.v4) {
            // Announces the address when the link comes up: others may remember its former owner.
            sysctls[Sysctl(.container, "ipv4/conf/\(ifName)/arp_notify")] = "1"
        }
        if families.contains(.v6) {
            sysctls[Sysctl(.container, "ipv6/conf/\(ifName)/accept_ra")] = "0"
            sysctls[Sysctl(.container, "ipv6/conf/\(ifName)/accept_dad")] = "0"
            sysctls[Sysctl(.container, "ipv6/conf/\(ifName)/keep_addr_on_down")] = "1"
        }
        if config.isHostMode {
            // The kernel takes the "all" value and the link's together, so both have to be off. They are the pod's own.
            sysctls[Sysctl(.container, "ipv4/conf/all/accept_redirects")] = "0"
            sysctls[Sysctl(.container, "ipv4/conf/\(ifName)/accept_redirects")] = "0"
        }
        return sysctls
    }
}

/// Routes and neighbours.
extension BridgeDesired {
    private func gateway(of family: IPAddress.Family) -> IPAddress? {
        addresses.first { $0.cidr.family == family && $0.gateway != nil }?.gateway
    }

    private var podRoutes: [Route] { gatewayRoutes + routedRoutes }

    /// In host address mode no network is on the pod's link, so its gateways have to be named one by one.
    private var gatewayRoutes: [Route] {
        config.isHostMode ? gateways.map { Route(containerVeth, to: CIDR(host: $0.address)) } : []
    }

    /// The routes that the result names.
    var routedRoutes: [Route] {
        let defaults = config.isDefaultGateway ? families.sorted().compactMap(defaultRoute) : []
        return defaults + routes.map(podRoute)
    }

    /// The default route of a family, unless IPAM gave one with a gateway of its own.
    private func defaultRoute(_ family: IPAddress.Family) -> Route? {
        let everything = CIDR.everything(family)
        guard !routes.contains(where: { $0.destination == everything }), let gateway = gateway(of: family) else {
            return nil
        }
        return Route(containerVeth, to: everything, gateway: gateway, onlink: config.isHostMode)
    }

    private func podRoute(_ route: PodRoute) -> Route {
        let isLinkScope = route.scope == .link || route.scope == .host
        let via = route.gateway ?? (isLinkScope ? nil : gateway(of: route.destination.family))
        return Route(
            containerVeth,
            to: route.destination,
            gateway: via,
            scope: route.scope,
            onlink: config.isHostMode && via != nil,
            table: route.table ?? 254,
            metric: route.metric,
            mtu: route.mtu,
            advertisedMSS: route.advertisedMSS
        )
    }

    /// Everything that a pod sends goes to the host, so the gateway is all that it needs to know.
    private var podNeighbors: [Neighbor] {
        guard config.isHostMode else { return [] }
        return gateways.map { Neighbor(containerVeth, $0.address, bridgeMAC) }
    }

    private var hostRoutes: [Route] {
        guard config.isHostMode else { return [] }
        return addresses.map { Route(bridge, to: $0.cidr.hostOnly, origin: Route.ownProtocol) }
    }

    private var hostNeighbors: [Neighbor] {
        guard config.isHostMode else { return [] }
        return addresses.map { Neighbor(bridge, $0.cidr.address, containerMAC) }
    }
}

extension CIDR {
    /// The /32 or /128 of its address.
    var hostOnly: CIDR { CIDR(host: address) }
}
