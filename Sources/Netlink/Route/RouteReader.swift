import Addressing
import CNLRoute
import NetworkModel

/// What RTM_NEWROUTE says of a route, in the kernel's numbers.
package struct RouteRecord {
    let destination: CIDR
    let type: UInt8
    let origin: UInt8
    private let scope: UInt8
    private var isOnlink: Bool
    private(set) var table: UInt32
    /// Nil for a route with several next hops.
    private(set) var index: Int32?
    private var gateway: IPAddress?
    private var source: IPAddress?
    /// The next hops of a route that has several. The kernel makes one of IPv6 routes that differ in nothing else.
    private var hops: [NextHop] = []
    private var metric: UInt32?
    private var mtu: UInt32?
    private var advertisedMSS: UInt32?

    /// Reads the message, or nil when it is not about IP.
    package init?(_ payload: RawSpan) throws(MalformedMessage) {
        let header = try payload.load(at: 0, as: rtmsg.self)
        guard let family = IPAddress.Family(number: header.rtm_family) else { return nil }
        var target = IPAddress.unspecified(family)
        try forEachAttribute(in: payload, from: MemoryLayout<rtmsg>.size) { type, value throws(MalformedMessage) in
            if type == Int(RTA_DST.rawValue) { target = try value.ipAddress() }
        }
        guard let destination = CIDR(target, prefixLength: Int(header.rtm_dst_len)), target.family == family else {
            throw MalformedMessage("destination \(target)/\(header.rtm_dst_len)")
        }
        self.destination = destination
        type = header.rtm_type
        origin = header.rtm_protocol
        scope = header.rtm_scope
        isOnlink = header.rtm_flags & UInt32(RTNH_F_ONLINK) != 0
        table = UInt32(header.rtm_table)
        try forEachAttribute(in: payload, from: MemoryLayout<rtmsg>.size) { type, value throws(MalformedMessage) in
            try take(type, value)
        }
    }

    private mutating func take(_ type: Int, _ value: RawSpan) throws(MalformedMessage) {
        switch type {
        case Int(RTA_TABLE.rawValue): table = try value.number()
        case Int(RTA_OIF.rawValue): index = try value.number()
        case Int(RTA_GATEWAY.rawValue): gateway = try value.ipAddress()
        // A gateway of the other family, behind that family's number.
        case Int(RTA_VIA.rawValue) where value.byteCount > 2:
            gateway = try value.extracting(droppingFirst: 2).ipAddress()
        case Int(RTA_PREFSRC.rawValue): source = try value.ipAddress()
        case Int(RTA_PRIORITY.rawValue): metric = try value.number()
        case Int(RTA_METRICS.rawValue): try takeMetrics(value)
        case Int(RTA_MULTIPATH.rawValue): hops = try NextHop.all(in: value)
        default: break
        }
    }

    private mutating func takeMetrics(_ metrics: RawSpan) throws(MalformedMessage) {
        try forEachAttribute(in: metrics) { type, value throws(MalformedMessage) in
            if type == RTAX_MTU { mtu = try value.number() }
            if type == RTAX_ADVMSS { advertisedMSS = try value.number() }
        }
    }

    /// What is said of the next hop by one link, or nil when there is none.
    func through(_ index: Int32) -> RouteRecord? {
        if self.index == index { return self }
        return hops.first { $0.index == index }.map(single)
    }

    /// What is said of each next hop.
    var singles: [RouteRecord] { index == nil ? hops.map(single) : [self] }

    private func single(_ hop: NextHop) -> RouteRecord {
        var single = self
        single.index = hop.index
        single.gateway = hop.gateway
        single.isOnlink = hop.isOnlink
        return single
    }

    /// Whether somebody set it: a unicast route by one next hop that the kernel did not make itself.
    ///
    /// The kernel makes those to its own addresses and networks (RTPROT_KERNEL), and IPv6 those that routers tell of
    /// (RTPROT_REDIRECT, RTPROT_RA); they come and go with addresses and advertisements.
    var isSet: Bool { isLasting && Int32(origin) != RTPROT_KERNEL }

    /// Whether it is that, or one to a network on a link, which came with an address.
    var isLasting: Bool {
        type == UInt8(RTN_UNICAST) && index != nil && ![RTPROT_REDIRECT, RTPROT_RA].contains(Int32(origin))
    }

    /// The route on this link, or nil when its scope is none of ours.
    func route(on link: LinkID) -> Route? {
        guard let scope = Route.Scope(rawValue: destination.family == .v6 ? 0 : scope) else { return nil }
        // The metrics that the kernel gives a route without one: 0, or for IPv6 IP6_RT_PRIO_USER.
        let unset: UInt32 = destination.family == .v4 ? 0 : 1024
        return Route(
            link,
            to: destination,
            gateway: gateway,
            scope: scope,
            onlink: isOnlink,
            table: table,
            metric: metric == unset ? nil : metric,
            mtu: mtu,
            advertisedMSS: advertisedMSS,
            source: source,
            origin: origin
        )
    }
}

/// One of several next hops: a `struct rtnexthop` and its attributes.
private struct NextHop {
    let index: Int32
    let isOnlink: Bool
    private(set) var gateway: IPAddress?

    static func all(in span: RawSpan) throws(MalformedMessage) -> [NextHop] {
        var hops: [NextHop] = []
        var offset = 0
        while offset < span.byteCount {
            let length = Int(try span.load(at: offset, as: rtnexthop.self).rtnh_len)
            guard length >= MemoryLayout<rtnexthop>.size, length <= span.byteCount - offset else {
                throw MalformedMessage("next hop of \(length) bytes")
            }
            hops.append(try NextHop(span.extracting(offset..<(offset + length))))
            offset += aligned(length)
        }
        return hops
    }

    private init(_ span: RawSpan) throws(MalformedMessage) {
        let header = try span.load(at: 0, as: rtnexthop.self)
        index = header.rtnh_ifindex
        isOnlink = UInt32(header.rtnh_flags) & UInt32(RTNH_F_ONLINK) != 0
        try forEachAttribute(in: span, from: MemoryLayout<rtnexthop>.size) { type, value throws(MalformedMessage) in
            if type == Int(RTA_GATEWAY.rawValue) { gateway = try value.ipAddress() }
        }
    }
}
