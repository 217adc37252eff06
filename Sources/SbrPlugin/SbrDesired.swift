import Addressing
import CNI
import NetworkModel
import PodWiring

/// How packets of a pod find their way by the address that they are from: the heart of the plugin.
///
/// Every address of the interface has a routing table of its own, and a rule that leads its packets there. The table holds
/// what table `main` had for the interface, which `main` loses, and a default route by the address's gateway.
struct SbrDesired {
    private let config: SbrConfig
    private let link: LinkID
    /// The interface's addresses in the order of the result.
    private let ips: [CNIResult.IP]

    /// Reads from the result of the plugins before which addresses the interface has.
    init(_ config: SbrConfig, _ request: Request, _ previous: CNIResult) throws(CNIError) {
        self.config = config
        link = LinkID(.container, request.attachment.ifName)
        ips = previous.own(in: request).ips
        guard !ips.isEmpty else {
            throw CNIError(.invalidConfig, "No IP addresses supplied on interface: \(link.name)")
        }
    }

    /// What to look at: which tables are taken is everybody's rules and routes.
    var scope: Scope { Scope(routingOf: link) }

    /// The state as it should be, given what is there. Given what it has led to before, it is the same again.
    func state(given observed: NetworkState) throws(CNIError) -> NetworkState {
        guard observed.links[link] != nil else {
            throw CNIError(.other, "Cannot find network interface \(link.name)", details: "no \(link)")
        }
        var state = observed
        var tables = TableNumbers(observed)
        for ip in ips {
            let table = config.table ?? tables.table(for: ip.address.address)
            state.rules.insert(RoutingRule(.container, from: CIDR(host: ip.address.address), table: table))
            guard config.table == nil else { continue }
            state.routes.formUnion(routes(of: ip, in: table, observed))
        }
        guard config.table == nil else { return state }
        let moved = observed.routes.filter { isInMain($0) && !$0.isLinkLocal }
        state.routes.subtract(moved)
        if config.addsSourceHints { addHints(to: &state, from: moved) }
        return state
    }

    private func isInMain(_ route: Route) -> Bool { route.link == link && route.table == Route.mainTable }

    /// What an address's table holds: what is in it, what `main` has for the address, what came with the address, and a
    /// default route.
    private func routes(of ip: CNIResult.IP, in table: UInt32, _ observed: NetworkState) -> Set<Route> {
        let former = observed.routes.filter { $0.link == link && $0.table == table }
        var routes = former
        for var route in observed.routes where isInMain(route) && concerns(ip, route) {
            // A hint that an earlier ADD has left in `main` is not the route that it was made of.
            if former.contains(where: { $0.leads(whereThatDoes: route) }) { continue }
            route.table = table
            routes.insert(route)
        }
        let hasNetwork = routes.contains { $0.gateway == nil && $0.destination == ip.address.network }
        if !hasNetwork, observed.addresses.contains(LinkAddress(link, ip.address)), !ip.address.isHost {
            routes.insert(networkRoute(ip, table))
        }
        guard let gateway = config.gateways[ip.address.family] ?? ip.gateway else { return routes }
        if !routes.contains(where: { $0.isDefault && $0.gateway == gateway && $0.destination.family == gateway.family })
        {
            routes.insert(Route(link, to: .everything(gateway.family), gateway: gateway, table: table))
        }
        return routes
    }

    /// As the kernel makes it for an address (net/ipv4/fib_frontend.c, `fib_add_ifaddr`; net/ipv6/addrconf.c,
    /// `IP6_RT_PRIO_ADDRCONF`).
    private func networkRoute(_ ip: CNIResult.IP, _ table: UInt32) -> Route {
        let isV6 = ip.address.family == .v6
        return Route(
            link,
            to: ip.address.network,
            table: table,
            metric: isV6 ? 256 : nil,
            source: isV6 ? nil : ip.address.address,
            origin: Route.kernelProtocol
        )
    }

    /// Whether a route is of use to packets from an address: it says so by its source or its gateway, or by neither. A
    /// gateway in no network of the interface is every address's.
    private func concerns(_ ip: CNIResult.IP, _ route: Route) -> Bool {
        guard route.destination.family == ip.address.family else { return false }
        if route.isDefault, config.gateways[ip.address.family] != nil { return false }
        if let source = route.source, ip.address.contains(source) { return true }
        guard let gateway = route.gateway else { return route.source == nil }
        return ip.address.contains(gateway) || !ips.contains { $0.address.contains(gateway) }
    }

    /// Keeps in `main` what is on the link, its networks with an address to send from.
    private func addHints(to state: inout NetworkState, from moved: Set<Route>) {
        let onLink = moved.filter { $0.gateway == nil }
        for ip in ips where !ip.address.isHost {
            let network = ip.address.network
            let hint = onLink.first { $0.destination == network && $0.source != nil }
            guard !state.routes.contains(where: { isInMain($0) && $0.destination == network }) else { continue }
            state.routes.insert(hint ?? Route(link, to: network, source: ip.address.address))
        }
        let networks = Set(ips.map(\.address.network))
        state.routes.formUnion(onLink.filter { !networks.contains($0.destination) })
    }
}

/// Which tables are free: none that a rule leads to or a route is in.
private struct TableNumbers {
    private let rules: Set<RoutingRule>
    private var taken: Set<UInt32>

    init(_ observed: NetworkState) {
        rules = observed.rules.filter { $0.place == .container }
        taken = Set(rules.map(\.table)).union(observed.routes.filter { $0.link.place == .container }.map(\.table))
    }

    /// The one that the address's packets are led to already, or the first free one from 100 on.
    mutating func table(for address: IPAddress) -> UInt32 {
        let source = CIDR(host: address)
        if let table = rules.filter({ $0.source == source && !$0.isToKernelTable }).map(\.table).min() { return table }
        var table: UInt32 = 100
        while taken.contains(table) { table += 1 }
        taken.insert(table)
        return table
    }
}

/// DEL: what leads packets from the interface's addresses to tables, and the interface's routes in those.
struct SbrRemoval {
    private let link: LinkID
    private let former: [IPAddress]
    private let foreignTable: UInt32?

    /// The addresses are those on the link; those of the result, too, for a link that is gone already. Routes in the
    /// configuration's table are somebody else's, and go with the link.
    init(_ request: Request) {
        link = LinkID(.container, request.attachment.ifName)
        former = request.config.prevResult?.own(in: request).ips.map(\.address.address) ?? []
        foreignTable = (try? SbrConfig(request.config))?.table
    }

    /// What to look at.
    var scope: Scope { Scope(routingOf: link) }

    /// The state without them.
    func state(given observed: NetworkState) -> NetworkState {
        let sources = Set(observed.addresses.map(\.cidr.address) + former)
        let rules = observed.rules.filter { rule in
            guard let source = rule.source, source.isHost, !rule.isToKernelTable else { return false }
            return rule.place == .container && sources.contains(source.address)
        }
        let tables = Set(rules.map(\.table)).filter { $0 != foreignTable }
        var state = observed
        state.rules.subtract(rules)
        state.routes = observed.routes.filter { $0.link != link || !tables.contains($0.table) }
        return state
    }
}

extension Scope {
    fileprivate init(routingOf link: LinkID) {
        self.init()
        links = [link]
        addressesOf = [link]
        tablesOf = [link.place]
        rulesOf = [link.place]
    }
}

extension RoutingRule {
    /// Whether it leads to one of the tables that every namespace has: `default`, `main` and `local`.
    fileprivate var isToKernelTable: Bool { (253...255).contains(table) }
}

extension Route {
    /// Whether destination and next hop are the same.
    fileprivate func leads(whereThatDoes other: Route) -> Bool {
        destination == other.destination && gateway == other.gateway
    }

    fileprivate var isDefault: Bool { destination.prefixLength == 0 }

    /// Whether it is the network of IPv6's link-local addresses, without which there is no neighbour discovery.
    fileprivate var isLinkLocal: Bool { destination.family == .v6 && destination.address.isLinkLocal }
}
