import Addressing
import CNLRoute
import Glibc
import NetworkModel

/// A route object of libnl, from which requests are built.
@safe private struct RouteObject: ~Copyable {
    let raw: OpaquePointer

    init(_ route: Route, index: Int32) {
        unsafe raw = allocated(rtnl_route_alloc())
        setDestination(route)
        setProperties(route)
        addNextHop(route, index)
    }

    deinit { unsafe rtnl_route_put(raw) }

    private func setDestination(_ route: Route) {
        let destination = NLAddress(route.destination)
        unsafe rtnl_route_set_family(raw, UInt8(route.destination.family.number))
        unsafe rtnl_route_set_dst(raw, destination.raw)
        unsafe rtnl_route_set_table(raw, route.table)
        unsafe rtnl_route_set_scope(raw, route.scope.rawValue)
        unsafe rtnl_route_set_protocol(raw, route.origin)
        unsafe rtnl_route_set_type(raw, UInt8(RTN_UNICAST))
        if let source = route.source {
            let address = NLAddress(CIDR(host: source))
            unsafe rtnl_route_set_pref_src(raw, address.raw)
        }
    }

    private func setProperties(_ route: Route) {
        if let metric = route.metric { unsafe rtnl_route_set_priority(raw, metric) }
        if let mtu = route.mtu { unsafe rtnl_route_set_metric(raw, Int32(RTAX_MTU), mtu) }
        if let mss = route.advertisedMSS { unsafe rtnl_route_set_metric(raw, Int32(RTAX_ADVMSS), mss) }
        // A route with one next hop carries that one's flags in its own.
        if route.onlink { unsafe rtnl_route_set_flags(raw, UInt32(RTNH_F_ONLINK)) }
    }

    private func addNextHop(_ route: Route, _ index: Int32) {
        let hop = unsafe allocated(rtnl_route_nh_alloc())
        unsafe rtnl_route_nh_set_ifindex(hop, index)
        if let gateway = route.gateway {
            let address = NLAddress(CIDR(host: gateway))
            unsafe rtnl_route_nh_set_gateway(hop, address.raw)
        }
        // The route frees it.
        unsafe rtnl_route_add_nexthop(raw, hop)
    }

    /// RTM_NEWROUTE
    func newRequest(flags: Int32) -> Message {
        unsafe Message { unsafe rtnl_route_build_add_request(raw, flags, $0) }
    }

    /// RTM_DELROUTE
    func deleteRequest() -> Message {
        unsafe Message { unsafe rtnl_route_build_del_request(raw, 0, $0) }
    }
}

/// The requests about routes.
enum RouteMessages {
    /// Adds a route.
    ///
    /// A pod may have two networks that give it a default route: without NLM_F_EXCL, the kernel refuses only what is the
    /// same in every respect (net/ipv4/fib_trie.c, fib_table_insert). Two routes of the host to one pod are a mistake.
    static func add(_ route: Route, index: Int32) -> Message {
        let flags = route.link.place == .host ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_CREATE
        return RouteObject(route, index: index).newRequest(flags: flags)
    }

    /// Removes a route.
    static func remove(_ route: Route, index: Int32) -> Message {
        RouteObject(route, index: index).deleteRequest()
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
