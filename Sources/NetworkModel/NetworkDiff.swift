import Addressing

/// What separates an observed state from a desired one, within what was observed.
///
/// Both states hold only what one scope names. Everything observed that is not desired is extra, with two exceptions:
/// a sysctl cannot be absent, and IPv6 link-local addresses are the kernel's own business. A desired link's nil
/// properties are as they are. Comments of tables, chains and sets are for people and make no difference.
///
/// ADD carries out `plan()`, CHECK demands `isEmpty`, DEL carries out the plan to a state without what is owned.
package struct NetworkDiff: Hashable, Sendable {
    /// Members of one kind that are on one side only, sorted.
    package struct Members<Member: Hashable & Comparable & Sendable>: Hashable, Sendable {
        /// Desired, not observed.
        package var missing: [Member]
        /// Observed, not desired.
        package var extra: [Member]

        init(from observed: Set<Member>, to desired: Set<Member>) {
            missing = Self.sorted(desired, notIn: observed)
            extra = Self.sorted(observed, notIn: desired)
        }

        private static func sorted(_ members: Set<Member>, notIn others: Set<Member>) -> [Member] {
            var rest: [Member] = []
            for member in members where !others.contains(member) { rest.append(member) }
            if rest.count > 1 { rest.sort() }
            return rest
        }

        var isEmpty: Bool { missing.isEmpty && extra.isEmpty }
    }

    /// A link that is there with other properties than desired.
    package struct LinkChange: Hashable, Sendable {
        /// As observed.
        package let have: Link
        /// As observed, with every desired property.
        package let want: Link
    }

    /// A sysctl with another value than desired.
    package struct SysctlChange: Hashable, Sendable {
        /// Which.
        package let sysctl: Sysctl
        /// The observed value, nil when the kernel has no such sysctl (yet: a link's come with the link).
        package let have: String?
        /// The desired value.
        package let want: String
    }

    /// Links that cannot be made what they should be without destroying or adopting what is somebody else's.
    package private(set) var conflicts: [LinkConflict]
    /// Links to make.
    package private(set) var missingLinks: [Link]
    /// Links to delete; of a pair only one end, the host's when it is known.
    package private(set) var extraLinks: [Link]
    /// Links to change.
    package private(set) var changedLinks: [LinkChange]
    /// Addresses on links, those of links to delete left out.
    package private(set) var addresses: Members<LinkAddress>
    /// Routes, those on links to delete left out.
    package private(set) var routes: Members<Route>
    /// Rules that lead to routing tables.
    package let rules: Members<RoutingRule>
    /// Permanent neighbours, those on links to delete left out.
    package private(set) var neighbors: Members<Neighbor>
    /// Shaping, that of links to delete left out.
    package private(set) var shaping: Members<Shaping>
    /// Sysctls to set, in order.
    package private(set) var sysctls: [SysctlChange]
    /// Tables.
    package let ruleset: RulesetDiff

    /// Every observed address, for the plan to see which links keep one.
    let observedAddresses: Set<LinkAddress>
    /// Routes that are there and are to stay.
    let keptRoutes: Set<Route>
    /// Neighbours that are there and are to stay.
    let keptNeighbors: Set<Neighbor>

    /// Compares the two.
    package init(from observed: NetworkState, to desired: NetworkState) {
        let links = LinkComparison(from: observed.links, to: desired.links)
        let (untouched, conflicting) = (links.untouched, links.conflicting)
        let wantedRoutes = desired.routes.normalized
        let foundRoutes = observed.routes.normalized.keeping { !untouched.contains($0.link) }
        conflicts = links.conflicts
        missingLinks = links.missing
        extraLinks = links.extra
        changedLinks = links.changed
        addresses = Members(
            from: observed.addresses.keeping { address in
                !untouched.contains(address.link)
                    && (desired.addresses.contains(address) || !address.isMadeByKernel)
            },
            to: desired.addresses.keeping { !conflicting.contains($0.link) }
        )
        routes = Members(from: foundRoutes, to: wantedRoutes.keeping { !conflicting.contains($0.link) })
        rules = Members(from: observed.rules, to: desired.rules)
        neighbors = Members(
            from: observed.neighbors.keeping { !untouched.contains($0.link) },
            to: desired.neighbors.keeping { !conflicting.contains($0.link) }
        )
        shaping = Members(
            from: observed.shaping.keeping { !untouched.contains($0.link) },
            to: desired.shaping.keeping { !conflicting.contains($0.link) }
        )
        sysctls = Self.changes(of: observed.sysctls, to: desired.sysctls, conflicting)
        ruleset = RulesetDiff(from: observed.ruleset, to: desired.ruleset)
        observedAddresses = observed.addresses
        keptRoutes = foundRoutes.keeping(wantedRoutes.contains)
        keptNeighbors = observed.neighbors.keeping {
            desired.neighbors.contains($0) && !untouched.contains($0.link)
        }
    }

    /// The settings that differ, but for those of links in conflict.
    private static func changes(
        of observed: [Sysctl: String],
        to desired: [Sysctl: String],
        _ conflicting: Set<LinkID>
    ) -> [SysctlChange] {
        var changes: [SysctlChange] = []
        for (sysctl, value) in desired where observed[sysctl] != value {
            if !conflicting.isEmpty, let link = sysctl.link, conflicting.contains(link) { continue }
            changes.append(SysctlChange(sysctl: sysctl, have: observed[sysctl], want: value))
        }
        return changes.sorted { $0.sysctl < $1.sysctl }
    }

    /// Whether the observed state is the desired one.
    package var isEmpty: Bool {
        conflicts.isEmpty && missingLinks.isEmpty && extraLinks.isEmpty && changedLinks.isEmpty
            && addresses.isEmpty && routes.isEmpty && rules.isEmpty && neighbors.isEmpty && shaping.isEmpty
            && sysctls.isEmpty && ruleset.isEmpty
    }
}

extension NetworkPlan {
    /// The steps that make `observed` equal to `desired`; throws the first conflict when there is one.
    package init(from observed: NetworkState, to desired: NetworkState) throws(LinkConflict) {
        self = try NetworkDiff(from: observed, to: desired).plan()
    }
}

extension Route {
    /// The route with the kernel's defaults left out, as both `nil` and the default mean the same metric.
    var normalized: Route {
        var route = self
        if route.metric == route.defaultMetric { route.metric = nil }
        return route
    }

    /// `IP6_RT_PRIO_USER` for IPv6 (include/net/ip6_route.h), 0 for IPv4.
    private var defaultMetric: UInt32 { destination.family == .v6 ? 1024 : 0 }
}

extension Set {
    /// As `filter`, at no cost where there is nothing.
    func keeping(_ isWanted: (Element) -> Bool) -> Set { isEmpty ? self : filter(isWanted) }
}

extension Set<Route> {
    fileprivate var normalized: Set<Route> {
        var all: Set<Route> = []
        for route in self { all.insert(route.normalized) }
        return all
    }
}

extension LinkAddress {
    /// Whether it may have come by itself: every IPv6 link has a link-local address (net/ipv6/addrconf.c).
    fileprivate var isMadeByKernel: Bool { cidr.family == .v6 && cidr.address.isLinkLocal }
}

extension Sysctl {
    /// The link whose own sysctl it is, which comes and goes with the link.
    package var link: LinkID? {
        guard let rest = path(below: "ipv4/conf/", "ipv6/conf/", "ipv4/neigh/", "ipv6/neigh/"),
            let slash = rest.firstIndex(of: UInt8(ascii: "/")), rest[slash...].count > 1
        else { return nil }
        let name = String(Substring(rest[..<slash]))
        guard name != "all", name != "default", let name = try? InterfaceName(name) else { return nil }
        return LinkID(place, name)
    }

    private func path(below folders: StaticString...) -> Substring.UTF8View? {
        for folder in folders where path.hasPrefix(folder.description) {
            return path.utf8.dropFirst(folder.utf8CodeUnitCount)
        }
        return nil
    }
}
