import Addressing
import Netlink
import NetworkModel

// Short names for what the scenarios are made of. They are written here, so they are valid.

private func valid<Value>(_ make: () throws -> Value) -> Value {
    do { return try make() } catch { preconditionFailure("\(error)") }
}

extension InterfaceName {
    static let cni0 = valid { try InterfaceName("cni0") }
    static let vethport = valid { try InterfaceName("vethport") }
    static let eth0 = valid { try InterfaceName("eth0") }
    static let vethother = valid { try InterfaceName("vethother") }
}

extension LinkID {
    static let cni0 = LinkID(.host, .cni0)
    /// The host's end of the pair.
    static let port = LinkID(.host, .vethport)
    /// The pod's end.
    static let podPort = LinkID(.container, .eth0)
    /// Another end in the host's own namespace.
    static let other = LinkID(.host, .vethother)
}

extension MACAddress {
    static let gateway = MACAddress(bits: 0x02_aa_bb_cc_dd_01)
    static let pod = MACAddress(bits: 0x02_aa_bb_cc_dd_02)
}

extension IPAddress {
    static let pod = IPAddress.v4(0x0a0b_1702)
    static let gateway = IPAddress.v4(0x0a0b_1701)
}

extension CIDR {
    static let podAddress = CIDR(host: .pod)
    static func text(_ text: String) -> CIDR { valid { try CIDR(parsing: text) } }
}

extension Link {
    static let hostVeth = Link(
        .port,
        kind: .veth(peer: .podPort),
        mac: MACAddress(bits: 0x02_00_00_00_00_0a),
        mtu: 1400
    )
    static let podVeth = Link(.podPort, kind: .veth(peer: .port), mac: .pod, mtu: 1400)
    static var podVethUp: Link {
        var link = podVeth
        link.isUp = true
        return link
    }
}

extension LinuxKernel {
    /// One link.
    mutating func link(_ id: LinkID) throws(KernelError) -> Link? { try observe(links: [id]).links[id] }

    /// Some links.
    mutating func observe(links: Set<LinkID>) throws(KernelError) -> NetworkState {
        var scope = Scope()
        scope.links = links
        return try observe(scope)
    }
}

extension LinuxKernel {
    /// Everything on one link.
    mutating func observe(all id: LinkID) throws(KernelError) -> NetworkState {
        var scope = Scope()
        scope.addressesOf = [id]
        scope.routesOf = [id]
        scope.neighborsOf = [id]
        return try observe(scope)
    }

    /// The host's route to one destination.
    mutating func observe(routeTo destination: CIDR) throws(KernelError) -> Set<Route> {
        var scope = Scope()
        scope.hostRoutesTo = [destination]
        return try observe(scope).routes
    }

    /// One neighbour entry of the host, by its key.
    mutating func observe(neighbor: Neighbor) throws(KernelError) -> Set<Neighbor> {
        var scope = Scope()
        scope.hostNeighbors = [Scope.HostNeighbor(neighbor.link.name, neighbor.address)]
        return try observe(scope).neighbors
    }

    /// Some sysctls.
    mutating func observe(_ sysctls: Sysctl...) throws(KernelError) -> [Sysctl: String] {
        var scope = Scope()
        scope.sysctls = Set(sysctls)
        return try observe(scope).sysctls
    }

    /// Makes the pair of the samples, up on both ends, the host's end in `master`.
    mutating func makePair(master: InterfaceName? = nil) throws(KernelError) {
        var port = Link.hostVeth
        port.master = master
        port.isUp = true
        try apply(.createVethPair(port, peer: .podVethUp))
    }
}
