import Addressing
package import Control

extension ServiceReport {
    /// The generations that a service's rows carry, and the node that they are seen from.
    package struct Context: Hashable, Sendable {
        /// The latest generation of what is wanted.
        package let generation: UInt64
        /// The generation of the service's last transaction; nil before its first.
        package let appliedIn: UInt64?
        /// This node's name; nil takes every endpoint for local.
        package let nodeName: String?

        /// Names them.
        package init(generation: UInt64, appliedIn: UInt64?, nodeName: String?) {
            self.generation = generation
            self.appliedIn = appliedIn
            self.nodeName = nodeName
        }
    }

    /// One row for each endpoint of each frontend; one without endpoint for a frontend that has none.
    package func endpointItems(_ context: Context) -> [EndpointItem] {
        frontends.flatMap { frontend -> [EndpointItem] in
            let reason = refusal.map { "the kernel refused the service: \($0)" } ?? frontend.reason
            guard !frontend.endpoints.isEmpty else { return [item(frontend, nil, reason, context)] }
            return frontend.endpoints.map { item(frontend, $0, reason ?? $0.status.reason, context) }
        }
    }

    private func item(
        _ frontend: FrontendReport,
        _ endpoint: EndpointReport?,
        _ reason: String?,
        _ context: Context
    ) -> EndpointItem {
        EndpointItem(
            namespace: service.name.namespace,
            service: service.name.name,
            portName: frontend.portName,
            protocol: frontend.frontend.transport.rawValue,
            vip: "\(frontend.frontend.address)",
            port: Int(frontend.frontend.port.number),
            endpoint: endpoint?.target(context.nodeName),
            desired: endpoint?.desired(in: frontend, context),
            applied: endpoint?.isApplied == true
                ? context.appliedIn.map { EndpointItem.Applied(generation: $0) } : nil,
            state: frontend.state(of: endpoint),
            reason: reason
        )
    }

    /// The service's row.
    package func serviceItem(origin: ServiceItem.Origin?) -> ServiceItem {
        let endpoints = frontends.flatMap(\.endpoints)
        let chosen = Set(endpoints.lazy.filter(\.status.isChosen).map(\.status.address.address))
        let all = Set(endpoints.lazy.map(\.status.address.address))
        return ServiceItem(
            namespace: service.name.namespace,
            name: service.name.name,
            type: service.typeName,
            vips: service.clusterIPs.map(\.description),
            ports: service.ports.map(portItem),
            endpoints: ServiceItem.Count(ready: chosen.count, total: all.count),
            policies: ServiceItem.Policies(
                internal: service.internalPolicy.rawValue,
                external: isExposed ? (service.exposure?.policy ?? .cluster).rawValue : nil,
                sessionAffinity: service.affinity == nil ? "None" : "ClientIP"
            ),
            external: external,
            nodePorts: service.ports.compactMap { $0.nodePort.map { Int($0.number) } },
            sourceRanges: (service.exposure?.sourceRanges ?? []).map(\.description),
            origin: origin,
            since: service.created.flatMap { Control.Timestamp("\($0)") },
            problems: problems
        )
    }

    private var isExposed: Bool { service.exposure != nil || service.hasNodePorts }

    /// External IPs and load balancers' addresses, each once.
    private var external: [String] {
        let exposure = service.exposure ?? ServiceExposure()
        return Set(exposure.externalIPs + exposure.loadBalancerIPs).sorted().map(\.description)
    }

    private func portItem(_ port: ServicePort) -> ServiceItem.PortItem {
        let endpoints = frontends.lazy
            .filter { $0.frontend.port == port.port && $0.frontend.transport == port.transport }
            .flatMap(\.endpoints)
        return ServiceItem.PortItem(
            name: port.name,
            port: Int(port.port.number),
            protocol: port.transport.rawValue,
            targets: Set(endpoints.map { Int($0.status.address.port.number) }).sorted()
        )
    }

    /// What keeps the service, or a part of it, from being served; one sentence each.
    package var problems: [String] {
        let refused = refusal.map { "the kernel refused it: \($0)" }
        let clashes = frontends.compactMap { $0.isClash ? $0.reason : nil }
        return [reasonNotServed, refused].compactMap(\.self) + clashes
    }
}

extension FrontendReport {
    /// Whether another service has the frontend.
    var isClash: Bool {
        if case .clash = state { return true }
        return false
    }

    /// Why connections do not go where the endpoints' states say.
    var reason: String? {
        switch state {
        case .active: nil
        case .noEndpoints:
            endpoints.isEmpty ? "no EndpointSlice has an endpoint for this port: connections are rejected" : nil
        case .noneHere: "no endpoint is on this node and the traffic policy is Local: connections are dropped"
        case .clash(let winner): "\(frontend) belongs to \(winner), which is older or first by name"
        case .familyOff: "the address family is switched off"
        }
    }

    /// An endpoint's word in the column STATE.
    func state(of endpoint: EndpointReport?) -> EndpointState {
        if isClash { return .invalid }
        guard let status = endpoint?.status else { return .noEndpoints }
        switch status.state {
        case .ready: return status.isChosen && state == .active ? .ready : .excluded
        case .notReady: return .notReady
        case .terminating: return .terminating
        }
    }
}

extension EndpointReport {
    /// Whether the last transaction left it in the kernel.
    fileprivate var isApplied: Bool { index != nil || indexHere != nil }

    fileprivate func target(_ nodeName: String?) -> EndpointItem.Target {
        EndpointItem.Target(
            address: "\(status.address.address)",
            port: Int(status.address.port.number),
            pod: status.podName,
            node: status.nodeName,
            local: status.nodeName == nil || nodeName == nil || status.nodeName == nodeName
        )
    }

    fileprivate func desired(in frontend: FrontendReport, _ context: ServiceReport.Context) -> EndpointItem.Desired {
        EndpointItem.Desired(
            ready: status.state == .ready,
            serving: status.isServing,
            terminating: status.state == .terminating,
            selected: status.isChosen && frontend.state == .active,
            generation: context.appliedIn ?? context.generation
        )
    }
}
