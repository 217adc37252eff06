import Addressing
import NetworkModel
import PodWiring

/// What all pods of the bridge share: the bridge, its gateway addresses, forwarding, the tables' rules.
extension BridgeDesired {
    /// What to look at for the shared part.
    func sharedScope(_ sysctls: [Sysctl: String]) -> Scope {
        var scope = Scope()
        scope.links.insert(bridge)
        if let gateway = vlanGateway {
            scope.links.formUnion([gateway.link, gateway.port])
            scope.vlansOf = [gateway.port]
        }
        if config.isGateway { scope.addressesOf.insert(gatewayLink) }
        scope.sysctls = Set(sysctls.keys)
        if config.isHostMode { scope.sysctls.formUnion(Self.bridgeNetfilter) }
        scope.tables = elements.sharedTables
        SenderGuard.addSharedTable(self, to: &scope)
        return scope
    }

    /// What the shared part should be, given what is there: what others put on the bridge stays.
    func shared(
        given observed: NetworkState,
        _ sysctls: [Sysctl: String]
    ) throws(BridgeConflict) -> NetworkState {
        var state = NetworkState()
        state.links[bridge] = bridgeLink(given: observed.links[bridge])
        if let gateway = vlanGateway {
            let links = gateway.links(
                given: observed.links[gateway.link],
                mac: gatewayMAC,
                mtu: config.mtu,
                isRouted: config.isHostMode
            )
            for link in links { state.links[link.id] = link }
        }
        state.addresses = try gatewayAddresses(given: observed.addresses.filter { $0.link == gatewayLink })
        state.sysctls = sysctls.filter { sysctl, _ in
            observed.sysctls[sysctl] != nil || sysctl.link.map { state.links[$0] != nil } ?? false
        }
        state.ruleset = elements.structure(given: observed.ruleset)
            .joined(by: SenderGuard.structure(for: self, given: observed.ruleset))
        return state
    }

    /// Where the node says that bridged packets pass the netfilter hooks of IP.
    private static let bridgeNetfilter: Set<Sysctl> = [
        Sysctl(.host, "bridge/bridge-nf-call-iptables"), Sysctl(.host, "bridge/bridge-nf-call-ip6tables"),
    ]

    /// Whether ports are isolated, so that the host routes all that pods send to each other.
    ///
    /// Not where br_netfilter is at work: it translates a packet to a service while it is bridged and then sends it
    /// straight to the endpoint's port (net/bridge/br_netfilter_hooks.c, `bridged_dnat`), which isolation would forbid.
    func isolatesPorts(given observed: NetworkState) -> Bool {
        config.isHostMode && !Self.bridgeNetfilter.contains { observed.sysctls[$0] == "1" }
    }

    private func bridgeLink(given observed: Link?) -> Link {
        let ownMAC = observed == nil || config.isHostMode
        var link = Link(
            bridge,
            kind: .bridge,
            mac: ownMAC ? bridgeMAC : observed?.mac,
            mtu: config.mtu,
            isUp: true,
            isPromiscuous: config.promiscMode,
            bridge: config.vlans.native == nil ? nil : Link.BridgeOptions(filtersVLANs: true)
        )
        // Another's bridge may still take its address from its lowest port, and change it with every pod.
        if !ownMAC && observed?.mac != bridgeMAC { link.keepsMAC = true }
        return link
    }

    /// The gateway addresses and whatever else may stay.
    ///
    /// The reference's rule: a bridge has one IPv4 address, IPv6 addresses may add up unless they overlap. In host
    /// address mode a gateway is a /32 and conflicts with nothing.
    private func gatewayAddresses(given observed: Set<LinkAddress>) throws(BridgeConflict) -> Set<LinkAddress> {
        guard config.isGateway else { return observed }
        let wanted = Set(gateways.map { LinkAddress(gatewayLink, $0) })
        var kept: Set<LinkAddress> = []
        for address in observed.subtracting(wanted) {
            guard let rival = wanted.first(where: { collides($0.cidr, address.cidr) }) else {
                kept.insert(address)
                continue
            }
            guard config.forceAddress else {
                throw BridgeConflict(bridge: gatewayLink.name, found: address.cidr, wanted: rival.cidr)
            }
        }
        return wanted.union(kept)
    }

    private func collides(_ wanted: CIDR, _ found: CIDR) -> Bool {
        guard wanted.family == found.family, !config.isHostMode else { return false }
        return wanted.family == .v4 || wanted.overlaps(found)
    }

    var sharedSysctls: [Sysctl: String] {
        var sysctls: [Sysctl: String] = [:]
        // A pod that sends router advertisements must not configure the host (CVE-2020-10749).
        sysctls[Sysctl(.host, "ipv6/conf/\(config.bridge)/accept_ra")] = "0"
        if let gateway = vlanGateway { sysctls[Sysctl(.host, "ipv6/conf/\(gateway.name)/accept_ra")] = "0" }
        guard config.isGateway else { return sysctls }
        if pod.has(.v4) { sysctls[Sysctl(.host, "ipv4/ip_forward")] = "1" }
        if pod.has(.v6) { sysctls[Sysctl(.host, "ipv6/conf/all/forwarding")] = "1" }
        if config.isHostMode {
            // Pods are told to send everything to the host; it must not tell them of shorter ways.
            sysctls[Sysctl(.host, "ipv4/conf/\(gatewayLink.name)/send_redirects")] = "0"
        }
        return sysctls
    }
}

/// The bridge has another address than the network wants, and `forceAddress` is not set.
package struct BridgeConflict: Error, Hashable, Sendable, CustomStringConvertible {
    let bridge: InterfaceName
    let found: CIDR
    let wanted: CIDR

    /// Names the bridge, the address wanted and the one found.
    package var description: String {
        "\"\(bridge)\" already has an IP address different from \(wanted): \(found)"
    }
}
