package import Addressing

/// A unicast route.
package struct Route: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// How far the destination is (`rtm_scope`).
    package enum Scope: UInt8, Hashable, Sendable {
        /// Anywhere behind a gateway.
        case universe = 0
        /// On the link itself.
        case link = 253
        /// On this host.
        case host = 254
    }

    /// The link that packets leave by.
    package var link: LinkID
    /// The destination network; host bits are 0.
    package var destination: CIDR
    /// The next hop, nil for destinations on the link.
    package var gateway: IPAddress?
    /// IPv6 routes have no scope of their own in the kernel: there it is always `.universe`.
    package var scope: Scope
    /// Whether the gateway is taken to be on the link although no address of the link says so (RTNH_F_ONLINK).
    package var onlink: Bool
    /// The routing table; 254 is `main`.
    package var table: UInt32
    /// `RTA_PRIORITY`; lower wins. Nil leaves it to the kernel: 0 for IPv4, 1024 for IPv6.
    package var metric: UInt32?
    /// `RTAX_MTU` in bytes.
    package var mtu: UInt32?
    /// `RTAX_ADVMSS` in bytes.
    package var advertisedMSS: UInt32?
    /// The address that packets without one of their own get (`RTA_PREFSRC`); nil lets the kernel choose.
    package var source: IPAddress?
    /// Who made it (`rtm_protocol`). `Route.ownProtocol` for ours on the host.
    package var origin: UInt8

    /// The protocol number of the host routes that podnet makes, so that DEL and GC know them again.
    ///
    /// `/etc/iproute2/rt_protos` reserves 0…11 for the kernel's own and names some up to 192; 112 is free.
    package static let ownProtocol: UInt8 = 112
    /// RT_TABLE_MAIN and RT_TABLE_LOCAL (linux/rtnetlink.h).
    package static let mainTable: UInt32 = 254
    package static let localTable: UInt32 = 255
    /// RTPROT_KERNEL: routes that come with addresses.
    package static let kernelProtocol: UInt8 = 2
    /// RTPROT_BOOT, what `ip route add` uses, too.
    package static let bootProtocol: UInt8 = 3

    /// Describes a route.
    package init(
        _ link: LinkID,
        to destination: CIDR,
        gateway: IPAddress? = nil,
        scope: Scope? = nil,
        onlink: Bool = false,
        table: UInt32 = Route.mainTable,
        metric: UInt32? = nil,
        mtu: UInt32? = nil,
        advertisedMSS: UInt32? = nil,
        source: IPAddress? = nil,
        origin: UInt8 = Route.bootProtocol
    ) {
        self.link = link
        self.destination = destination.network
        self.gateway = gateway
        let natural: Scope = gateway == nil ? .link : .universe
        self.scope = destination.family == .v6 ? .universe : scope ?? natural
        self.onlink = onlink
        self.table = table
        self.metric = metric
        self.mtu = mtu
        self.advertisedMSS = advertisedMSS
        self.source = source
        self.origin = origin
    }

    /// Whether it is in table main and somebody set it.
    package var isSetInMain: Bool { table == Self.mainTable && origin != Self.kernelProtocol }

    /// `default via 10.11.23.1 dev eth0 (container) onlink`
    package var description: String {
        var text = destination.prefixLength == 0 ? "default" : destination.description
        if let gateway { text += " via \(gateway)" }
        text += " dev \(link)"
        if onlink { text += " onlink" }
        if let source { text += " src \(source)" }
        if table != Self.mainTable { text += " table \(table)" }
        if let metric { text += " metric \(metric)" }
        if let mtu { text += " mtu \(mtu)" }
        if let advertisedMSS { text += " advmss \(advertisedMSS)" }
        if origin != Route.bootProtocol { text += " proto \(origin)" }
        return text
    }

    /// On-link routes before routes by gateways, since a gateway must be reachable when its route is added.
    package static func < (left: Route, right: Route) -> Bool {
        func key(_ route: Route) -> (Int, LinkID, CIDR, UInt32, UInt32, String) {
            let rank = route.gateway == nil ? 0 : 1
            return (rank, route.link, route.destination, route.table, route.metric ?? 0, route.description)
        }
        return key(left) < key(right)
    }
}
