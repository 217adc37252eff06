package import Addressing
package import CNI
package import NetworkModel

/// An address of a pod, as IPAM gave it.
package struct PodAddress: Hashable, Sendable {
    /// With the prefix length that the pod's interface gets.
    package let cidr: CIDR
    /// The host's address in that network.
    package let gateway: IPAddress?

    /// Pairs the two.
    package init(_ cidr: CIDR, gateway: IPAddress?) {
        self.cidr = cidr
        self.gateway = gateway
    }
}

/// A route of a pod, as IPAM gave it.
package struct PodRoute: Hashable, Sendable {
    /// Where to.
    package let destination: CIDR
    /// Nil stands for the gateway of the pod's first address of that family.
    package let gateway: IPAddress?
    /// The route's priority.
    package let metric: UInt32?
    /// In bytes.
    package let mtu: UInt32?
    /// The TCP segment size to announce, in bytes.
    package let advertisedMSS: UInt32?
    /// The routing table's number; nil is `main`.
    package let table: UInt32?
    /// How far the destination is; nil leaves it to the gateway.
    package let scope: Route.Scope?

    /// Describes a route.
    package init(
        _ destination: CIDR,
        gateway: IPAddress? = nil,
        metric: UInt32? = nil,
        mtu: UInt32? = nil,
        advertisedMSS: UInt32? = nil,
        table: UInt32? = nil,
        scope: Route.Scope? = nil
    ) {
        self.destination = destination
        self.gateway = gateway
        self.metric = metric
        self.mtu = mtu
        self.advertisedMSS = advertisedMSS
        self.table = table
        self.scope = scope
    }

    /// Takes the route over from a result.
    package init(_ route: CNIResult.Route) {
        self.init(
            route.destination,
            gateway: route.gateway,
            metric: route.priority.flatMap(UInt32.init(exactly:)),
            mtu: route.mtu.flatMap(UInt32.init(exactly:)),
            advertisedMSS: route.advmss.flatMap(UInt32.init(exactly:)),
            table: route.table.flatMap(UInt32.init(exactly:)),
            scope: route.scope.flatMap(UInt8.init(exactly:)).flatMap(Route.Scope.init)
        )
    }
}

extension CIDR {
    /// The /32 or /128 of its address.
    package var hostOnly: CIDR { CIDR(host: address) }
}
