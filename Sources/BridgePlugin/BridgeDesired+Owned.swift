import Addressing
package import NetworkModel
import PodWiring

/// What belongs to this attachment alone: the pair, the pod's addresses and routes, its elements in the tables.
extension BridgeDesired {
    /// What to look at for the owned part.
    package var ownedScope: Scope {
        var scope = Scope()
        scope.links = [hostVeth, containerVeth]
        if config.vlans.native != nil { scope.vlansOf = [hostVeth] }
        scope.addressesOf = [containerVeth]
        scope.routesOf = [containerVeth]
        scope.neighborsOf = [containerVeth]
        scope.sysctls = Set(ownedSysctls.keys)
        if config.isHostMode {
            scope.hostRoutesTo = Set(addresses.map(\.cidr.hostOnly))
            scope.hostNeighbors = Set(addresses.map { Scope.HostNeighbor(gatewayLink.name, $0.cidr.address) })
        }
        scope.tables = elements.ownedTables.merging(SenderGuard.ownedTables(self)) { $1 }
        return scope
    }

    /// What the owned part should be, given what was seen of the shared part and the tables as that part leaves them.
    package func owned(given shared: NetworkState, structure: Ruleset) -> NetworkState {
        var state = NetworkState()
        state.links = [hostVeth: hostLink(given: shared), containerVeth: containerLink]
        state.addresses = pod.linkAddresses
        state.routes = Set(gatewayRoutes + pod.routedRoutes + hostRoutes)
        state.neighbors = Set(podNeighbors + hostNeighbors)
        state.sysctls = ownedSysctls
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

    private var ownedSysctls: [Sysctl: String] {
        // 1 is "none": a bridge port has no address to speak IPv6 from. What it receives is the bridge's.
        var sysctls = pod.sysctls
        sysctls[Sysctl(.host, "ipv6/conf/\(names.hostVeth)/addr_gen_mode")] = "1"
        // As arp_notify. In host address mode the host alone sends to the pod, and is told.
        if families.contains(.v6), !config.isHostMode {
            sysctls[Sysctl(.container, "ipv6/conf/\(attachment.ifName)/ndisc_notify")] = "1"
        }
        return sysctls
    }

    /// The pod's elements in the table that all plugins share.
    var elements: PodElements {
        PodElements(
            addresses: addresses.map(\.cidr),
            isRouted: config.isHostMode,
            isMasqueraded: config.ipMasq,
            subnets: config.subnets,
            tag: names.tag
        )
    }
}

/// Routes and neighbours.
extension BridgeDesired {
    /// In host address mode no network is on the pod's link, so its gateways have to be named one by one.
    private var gatewayRoutes: [Route] {
        config.isHostMode ? gateways.map { Route(containerVeth, to: CIDR(host: $0.address)) } : []
    }

    /// Everything that a pod sends goes to the host, so the gateway is all that it needs to know.
    private var podNeighbors: [Neighbor] {
        guard config.isHostMode else { return [] }
        return gateways.map { Neighbor(containerVeth, $0.address, gatewayMAC) }
    }

    private var hostRoutes: [Route] {
        guard config.isHostMode else { return [] }
        return addresses.map { Route(gatewayLink, to: $0.cidr.hostOnly, origin: Route.ownProtocol) }
    }

    private var hostNeighbors: [Neighbor] {
        guard config.isHostMode else { return [] }
        return addresses.map { Neighbor(gatewayLink, $0.cidr.address, containerMAC) }
    }
}
