package import Addressing

/// How many services and endpoints of which kind there are.
///
/// Only services that changed since the last time are counted anew, and only when somebody asks.
package struct ServiceCensus: Sendable {
    private var uncounted: Set<ServiceName> = []
    private var counts: [ServiceName: ServiceCount] = [:]
    /// All that is counted.
    package private(set) var total = ServiceCount()

    /// Notes that these services may be others now, or gone.
    mutating func note(_ names: [ServiceName], in core: ProxyCore) {
        for name in names {
            if core.table.services[name] == nil, counts[name] == nil {
                uncounted.remove(name)
            } else {
                uncounted.insert(name)
            }
        }
    }

    /// Brings the total up to date.
    mutating func count(in core: ProxyCore) {
        for name in uncounted {
            let count = core.count(of: name)
            if let former = counts[name] { total.subtract(former) }
            if let count { total.add(count) }
            counts[name] = count
        }
        uncounted = []
    }
}

/// What is counted of one service, or of all together.
package struct ServiceCount: Hashable, Sendable {
    /// Services, with those that are left to others.
    package var services = 0
    /// Services of ours none of whose endpoints takes connections.
    package var withoutEndpoints = 0
    /// Endpoints, each address and port of a service port once, by state.
    package var endpoints: [EndpointStatus.State: Int] = [:]
    /// Service ports that have endpoints, but none on this node, where the traffic policy is Local.
    package var withoutLocalEndpoints: [LocalTraffic: Int] = [:]

    /// Which traffic a policy is for, and the family.
    package struct LocalTraffic: Hashable, Sendable {
        /// Of `externalTrafficPolicy`, not of `internalTrafficPolicy`.
        package let isExternal: Bool
        /// The family.
        package let family: IPAddress.Family

        /// Puts the two together.
        package init(isExternal: Bool, _ family: IPAddress.Family) {
            self.isExternal = isExternal
            self.family = family
        }
    }

    /// Nothing.
    package init() {}

    mutating func add(_ other: ServiceCount) {
        services += other.services
        withoutEndpoints += other.withoutEndpoints
        endpoints.merge(other.endpoints, uniquingKeysWith: +)
        withoutLocalEndpoints.merge(other.withoutLocalEndpoints, uniquingKeysWith: +)
    }

    /// What was added before.
    mutating func subtract(_ other: ServiceCount) {
        services -= other.services
        withoutEndpoints -= other.withoutEndpoints
        endpoints.merge(other.endpoints, uniquingKeysWith: -)
        withoutLocalEndpoints.merge(other.withoutLocalEndpoints, uniquingKeysWith: -)
    }
}

extension ProxyCore {
    /// Counts one service; nil when the source has none of that name.
    fileprivate func count(of name: ServiceName) -> ServiceCount? {
        guard let service = table.services[name] else { return nil }
        var count = ServiceCount()
        count.services = 1
        guard service.reasonNotServed == nil else { return count }
        var isReached = false
        for family in servedFamilies(of: service) {
            for port in service.ports {
                let selection = selection(of: service, port, family)
                count.take(selection, service, family)
                isReached = isReached || selection.hasAny
            }
        }
        count.withoutEndpoints = isReached ? 0 : 1
        return count
    }
}

extension ServiceCount {
    fileprivate mutating func take(_ selection: EndpointSelection, _ service: Service, _ family: IPAddress.Family) {
        for status in selection.statuses(for: .everywhere) { endpoints[status.state, default: 0] += 1 }
        guard selection.hasAny, selection.chosen(for: .here).isEmpty else { return }
        let isExternal = service.exposure?.policy == .local
        if service.internalPolicy == .local { note(LocalTraffic(isExternal: false, family)) }
        if isExternal { note(LocalTraffic(isExternal: true, family)) }
    }

    private mutating func note(_ traffic: LocalTraffic) { withoutLocalEndpoints[traffic, default: 0] += 1 }
}
