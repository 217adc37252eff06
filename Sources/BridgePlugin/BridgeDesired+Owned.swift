import Addressing
import NetworkModel
import PodWiring

/// What belongs to this attachment alone: the pair, the pod's addresses and routes, its elements in the tables.
extension BridgeDesired {
    /// What to look at for the owned part.
    func ownedScope(_ sysctls: [Sysctl: String]) -> Scope {
        var scope = Scope()
        scope.links.insert(hostVeth)
        scope.links.insert(containerVeth)
        if config.vlans.native != nil { scope.vlansOf = [hostVeth] }
        scope.addressesOf.insert(containerVeth)
        scope.routesOf = scope.addressesOf
        scope.neighborsOf = scope.addressesOf
        scope.sysctls = Set(sysctls.keys)
        if config.isHostMode {
            scope.hostRoutesTo = Set(addresses.map(\.cidr.hostOnly))
            scope.hostNeighbors = Set(addresses.map { Scope.HostNeighbor(gatewayLink.name, $0.cidr.address) })
        }
        scope.tables = elements.ownedTables
        SenderGuard.addOwnedTable(self, to: &scope)
        return scope
    }

    /// What the owned part should be, given what was seen of the shared part and the tables as that part leaves them.
    func owned(given shared: NetworkState, structure: Ruleset, _ sysctls: [Sysctl: String]) -> NetworkState {
        var state = NetworkState()
        state.links[hostVeth] = hostLink(given: shared)
        state.links[containerVeth] = containerLink
        state.addresses = pod.linkAddresses
        for route in pod.routedRoutes { state.routes.insert(route) }
        if config.isHostMode {
            state.routes.formUnion(gatewayRoutes + hostRoutes)
            state.neighbors = Set(podNeighbors + hostNeighbors)
        }
        state.sysctls = sysctls
        state.ruleset = elements.added(to: structure).joined(by: SenderGuard.added(self, to: structure))
        return state
    }

    private func hostLink(given shared: NetworkState) -> Link {
        let port = Link.BridgePort(
            hairpinMode: config.hairpinMode,
            isolated: config.isolatesPort || isolatesPorts(given: shared),
            vlans: config.vlans.ofPort(default: shared.links[bridge]?.bridge?.defaultVLAN)
        )
        return Link(
            hostVeth,
            kind: .veth(peer: containerVeth),
            mac: names.hostMAC,
            mtu: config.mtu,
            isUp: true,
            alias: names.tag,
            master: config.bridge,
            bridgePort: port
        )
    }

    private var containerLink: Link {
        let isUp: Bool? = config.leavesContainerDown ? nil : true
        return Link(containerVeth, kind: .veth(peer: hostVeth), mac: containerMAC, mtu: config.mtu, isUp: isUp)
    }

    var ownedSysctls: [Sysctl: String] {
        // 1 is "none": a bridge port has no address to speak IPv6 from. What it receives is the bridge's.
        var sysctls = pod.sysctls
        sysctls[Sysctl(.host, "ipv6/conf/\(names.hostVeth)/addr_gen_mode")] = "1"
        // As arp_notify. In host address mode the host alone sends to the pod, and is told.
        if pod.has(.v6), !config.isHostMode {
            sysctls[Sysctl(.container, "ipv6/conf/\(attachment.ifName)/ndisc_notify")] = "1"
        }
        return sysctls
    }
}

/// Routes and neighbours, besides those that every plugin gives: all of host address mode.
extension BridgeDesired {
    /// No network is on the pod's link, so its gateways have to be named one by one.
    private var gatewayRoutes: [Route] {
        gateways.map { Route(containerVeth, to: CIDR(host: $0.address)) }
    }

    /// Everything that a pod sends goes to the host, so the gateway is all that it needs to know.
    private var podNeighbors: [Neighbor] { gateways.map { Neighbor(containerVeth, $0.address, gatewayMAC) } }

    private var hostRoutes: [Route] {
        addresses.map { Route(gatewayLink, to: $0.cidr.hostOnly, origin: Route.ownProtocol) }
    }

    private var hostNeighbors: [Neighbor] {
        addresses.map { Neighbor(gatewayLink, $0.cidr.address, containerMAC) }
    }
}
