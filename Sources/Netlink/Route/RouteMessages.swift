import Addressing
import CNLRoute
import Glibc
import NetworkModel

/// The requests about routes.
enum RouteMessages {
    /// Adds a route.
    ///
    /// A pod may have two networks that give it a default route: without NLM_F_EXCL, the kernel refuses only what is the
    /// same in every respect (net/ipv4/fib_trie.c, fib_table_insert). Two routes of the host to one pod are a mistake.
    static func add(_ route: Route, index: Int32) -> Message {
        let flags = route.link.place == .host ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_CREATE
        return request(RTM_NEWROUTE, flags, route, index)
    }

    /// Removes a route.
    static func remove(_ route: Route, index: Int32) -> Message {
        request(RTM_DELROUTE, 0, route, index)
    }

    private static func request(_ type: Int, _ flags: Int32, _ route: Route, _ index: Int32) -> Message {
        var message = Message(type: type, flags: flags)
        var header = rtmsg()
        header.rtm_family = UInt8(route.destination.family.number)
        header.rtm_dst_len = UInt8(route.destination.prefixLength)
        // The header has room for the first 255 tables only; the attribute counts.
        header.rtm_table = UInt8(truncatingIfNeeded: route.table)
        header.rtm_protocol = route.origin
        header.rtm_scope = route.scope.rawValue
        header.rtm_type = UInt8(RTN_UNICAST)
        // A route with one next hop carries that one's flags in its own.
        if route.onlink { header.rtm_flags = UInt32(RTNH_F_ONLINK) }
        message.append(header)
        message.append(attribute: Int(RTA_DST.rawValue), route.destination.first.bytes)
        message.append(attribute: Int(RTA_TABLE.rawValue), route.table)
        message.append(attribute: Int(RTA_OIF.rawValue), index)
        if let gateway = route.gateway { message.append(attribute: Int(RTA_GATEWAY.rawValue), gateway.bytes) }
        appendProperties(of: route, to: &message)
        return message
    }

    private static func appendProperties(of route: Route, to message: inout Message) {
        if let source = route.source { message.append(attribute: Int(RTA_PREFSRC.rawValue), source.bytes) }
        if let metric = route.metric { message.append(attribute: Int(RTA_PRIORITY.rawValue), metric) }
        guard route.mtu != nil || route.advertisedMSS != nil else { return }
        message.nest(Int(RTA_METRICS.rawValue)) { metrics in
            if let mtu = route.mtu { metrics.append(attribute: RTAX_MTU, mtu) }
            if let mss = route.advertisedMSS { metrics.append(attribute: RTAX_ADVMSS, mss) }
        }
    }

    /// Asks for the routes, of both families, of a table or of all; of one link if `index` is given.
    static func dump(table: UInt32? = nil, index: Int32? = nil) -> Message {
        var message = Message(type: RTM_GETROUTE)
        message.append(rtmsg())
        if let table { message.append(attribute: Int(RTA_TABLE.rawValue), table) }
        if let index { message.append(attribute: Int(RTA_OIF.rawValue), index) }
        return message
    }

    /// Asks which entry of the routing tables packets to an address use.
    static func match(_ address: IPAddress) -> Message {
        var message = Message(type: RTM_GETROUTE)
        var header = rtmsg()
        header.rtm_family = UInt8(address.family.number)
        header.rtm_dst_len = UInt8(address.family.bitWidth)
        // The IPv6 look-up knows no other flag, and always tells the table.
        header.rtm_flags = UInt32(RTM_F_FIB_MATCH) | (address.family == .v4 ? UInt32(RTM_F_LOOKUP_TABLE) : 0)
        message.append(header)
        message.append(attribute: Int(RTA_DST.rawValue), address.bytes)
        return message
    }
}
