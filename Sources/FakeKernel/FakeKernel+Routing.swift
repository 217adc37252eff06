import Addressing
import NetworkModel

extension FakeKernel {
    mutating func add(_ address: LinkAddress) throws(KernelError) {
        guard state.links[address.link] != nil else { throw .noDevice("add address", address) }
        let isThere = state.addresses.contains { other in
            // IPv6 takes an address once, whatever its prefix (net/ipv6/addrconf.c, ipv6_add_addr).
            other.link == address.link
                && (other.cidr == address.cidr
                    || address.cidr.family == .v6 && other.cidr.address == address.cidr.address)
        }
        guard !isThere else { throw .exists("add address", address) }
        if address.cidr.family == .v6, isIPv6Disabled(on: address.link) {
            throw KernelError("add address", "\(address)", reason: .denied, errno: 13, "Permission denied")
        }
        state.addresses.insert(address)
    }

    private func isIPv6Disabled(on link: LinkID) -> Bool {
        state.sysctls[Sysctl(link.place, "ipv6/conf/\(link.name)/disable_ipv6")] == "1"
    }

    mutating func remove(_ address: LinkAddress) throws(KernelError) {
        guard state.addresses.remove(address) != nil else { throw .noAddress("remove address", address) }
        let hasV4 = state.addresses.contains { $0.link == address.link && $0.cidr.family == .v4 }
        guard address.cidr.family == .v4, !hasV4 else { return }
        // The last IPv4 address takes the link's IPv4 routes with it (net/ipv4/fib_frontend.c, fib_inetaddr_event).
        state.routes = state.routes.filter { $0.link != address.link || $0.destination.family == .v6 }
    }

    mutating func add(_ route: Route) throws(KernelError) {
        guard let link = state.links[route.link] else { throw .noDevice("add route", route) }
        guard link.isUp == true else {
            throw KernelError("add route", "\(route)", reason: .other, errno: 100, "Network is down")
        }
        guard !state.routes.contains(where: { $0.excludes(route) }) else { throw .exists("add route", route) }
        if let gateway = route.gateway, !route.onlink, !isOnLink(gateway, route.link) {
            throw KernelError("add route", "\(route)", reason: .other, errno: 101, "Network is unreachable")
        }
        if let source = route.source, !isOwn(source, in: route.link.place) { throw .invalid("add route", route) }
        state.routes.insert(route)
    }

    private func isOwn(_ address: IPAddress, in place: Place) -> Bool {
        state.addresses.contains { $0.link.place == place && $0.cidr.address == address }
    }

    /// Whether an address of the link, or a route without a gateway, says that `gateway` is on the link.
    private func isOnLink(_ gateway: IPAddress, _ link: LinkID) -> Bool {
        gateway.isLinkLocal
            || state.addresses.contains {
                $0.link == link && $0.hasPrefixRoute && !$0.cidr.isHost && $0.cidr.contains(gateway)
            }
            || state.routes.contains { $0.link == link && $0.gateway == nil && $0.destination.contains(gateway) }
    }

    mutating func remove(_ route: Route) throws(KernelError) {
        guard let found = state.routes.first(where: { $0.isSame(as: route) }) else {
            throw .noProcess("remove route", route)
        }
        state.routes.remove(found)
    }

    /// Linux takes a rule twice, with another priority; whoever adds one here has looked whether it is there.
    mutating func add(_ rule: RoutingRule) throws(KernelError) {
        guard rule.source != nil, rule.table != 0 else { throw .invalid("add rule", rule) }
        guard state.rules.insert(rule).inserted else { throw .exists("add rule", rule) }
    }

    mutating func remove(_ rule: RoutingRule) throws(KernelError) {
        guard state.rules.remove(rule) != nil else { throw .noEntry("remove rule", rule) }
    }

    mutating func add(_ neighbor: Neighbor) throws(KernelError) {
        guard state.links[neighbor.link] != nil else { throw .noDevice("add neighbour", neighbor) }
        guard !state.neighbors.contains(where: { $0.link == neighbor.link && $0.address == neighbor.address }) else {
            throw .exists("add neighbour", neighbor)
        }
        state.neighbors.insert(neighbor)
    }

    mutating func remove(_ neighbor: Neighbor) throws(KernelError) {
        guard state.links[neighbor.link] != nil else { throw .noDevice("remove neighbour", neighbor) }
        guard state.neighbors.remove(neighbor) != nil else { throw .noEntry("remove neighbour", neighbor) }
    }
}

extension Route {
    private var effectiveMetric: UInt32 { metric ?? (destination.family == .v6 ? 1024 : 0) }

    /// Whether the kernel takes only one of the two; a pod's may differ in the next hop (Netlink's RouteMessages).
    fileprivate func excludes(_ other: Route) -> Bool {
        link.place == .host ? clashes(with: other) : isSame(as: other)
    }

    /// Whether table, destination and metric are the same.
    private func clashes(with other: Route) -> Bool {
        link.place == other.link.place && table == other.table && destination == other.destination
            && effectiveMetric == other.effectiveMetric
    }

    fileprivate func isSame(as other: Route) -> Bool {
        clashes(with: other) && link == other.link && gateway == other.gateway
            && (source == nil || other.source == nil || source == other.source)
    }
}
