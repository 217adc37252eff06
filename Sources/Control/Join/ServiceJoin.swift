import Addressing

/// Puts services beside what the kernel has of their endpoints.
package enum ServiceJoin {
    /// The daemon's services, judged by the rows of their endpoints, and what only the kernel has.
    package static func rows(desired: [ServiceItem], endpoints: [EndpointItem]) -> [ServiceItem] {
        let groups = Dictionary(grouping: endpoints, by: ServiceName.init)
        let known = Set(desired.map(ServiceName.init))
        let judged = desired.map { service in
            var row = service
            row.kernel = KernelEvidence(state(of: groups[ServiceName(service)] ?? []))
            return row
        }
        let strangers = groups.filter { !known.contains($0.key) }.map { name, rows in
            service(name, rows, KernelEvidence(.stale), problems: ["in the kernel, but not desired"])
        }
        return (judged + strangers).sorted { ServiceName($0) < ServiceName($1) }
    }

    /// What the kernel alone tells: rows as `EndpointJoin.rows(kernelOnly:)` makes them, put together by service.
    package static func rows(kernelOnly endpoints: [EndpointItem]) -> [ServiceItem] {
        Dictionary(grouping: endpoints, by: ServiceName.init)
            .map { name, rows in service(name, rows, KernelEvidence(state(of: rows)), problems: []) }
            .sorted { ServiceName($0) < ServiceName($1) }
    }

    /// The worst of the endpoints' states.
    private static func state(of rows: [EndpointItem]) -> KernelState {
        let states = Set(rows.compactMap(\.kernel?.state))
        if states.contains(.missing) || states.contains(.stale) { return .drift }
        if states.contains(.unknown) { return .unknown }
        if states.contains(.reject) { return .reject }
        if states.contains(.drop) { return states.contains(.ok) ? .ok : .drop }
        return states.contains(.ok) ? .ok : .absent
    }

    private static func service(
        _ name: ServiceName,
        _ rows: [EndpointItem],
        _ kernel: KernelEvidence,
        problems: [String]
    ) -> ServiceItem {
        ServiceItem(
            namespace: name.namespace,
            name: name.name,
            type: "",
            vips: Set(rows.compactMap { IPAddress($0.vip) }).sorted().map(\.description),
            ports: ports(rows),
            endpoints: .init(ready: nil, total: Set(rows.compactMap(\.endpoint?.address)).count),
            problems: problems,
            kernel: kernel
        )
    }

    private static func ports(_ rows: [EndpointItem]) -> [ServiceItem.PortItem] {
        Dictionary(grouping: rows.filter { $0.port != 0 }) { [$0.portName, "\($0.port)", $0.protocol] }.values
            .compactMap { group in
                group.first.map {
                    let targets = Set(group.compactMap(\.endpoint?.port)).sorted()
                    return .init(name: $0.portName, port: $0.port, protocol: $0.protocol, targets: targets)
                }
            }
            .sorted { ($0.port, $0.protocol) < ($1.port, $1.protocol) }
    }
}

/// A service's namespace and name.
struct ServiceName: Hashable, Comparable {
    let namespace: String
    let name: String

    init(_ item: EndpointItem) {
        namespace = item.namespace
        name = item.service
    }

    init(_ item: ServiceItem) {
        namespace = item.namespace
        name = item.name
    }

    static func < (left: Self, right: Self) -> Bool { (left.namespace, left.name) < (right.namespace, right.name) }
}
