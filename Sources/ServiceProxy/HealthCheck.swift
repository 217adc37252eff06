package import Addressing

/// What load balancers are told that ask whether this node has endpoints of a service (`healthCheckNodePort`).
package struct HealthCheck: Hashable, Sendable {
    /// Where they ask.
    package let port: Port
    /// How many addresses of each family the service's ready endpoints on this node have; no family that it has no
    /// virtual address of.
    package let readyHere: [IPAddress.Family: Int]

    /// Describes an answer.
    package init(port: Port, readyHere: [IPAddress.Family: Int]) {
        self.port = port
        self.readyHere = readyHere
    }
}

extension ProxyCore {
    /// What load balancers are told of a service; nil when they have nothing to ask.
    ///
    /// As for kube-proxy an endpoint counts once however many ports it has, and not when it is going away: what it still
    /// serves is for those who come all the same.
    package func healthCheck(of name: ServiceName) -> HealthCheck? {
        guard let service = table.services[name], service.reasonNotServed == nil,
            let port = service.exposure?.healthCheckNodePort
        else { return nil }
        var readyHere: [IPAddress.Family: Int] = [:]
        for family in servedFamilies(of: service) {
            let addresses = service.ports.flatMap { selection(of: service, $0, family).readyHere }
            readyHere[family] = Set(addresses).count
        }
        return HealthCheck(port: port, readyHere: readyHere)
    }

    /// The families that a service has a virtual address of and that are switched on.
    func servedFamilies(of service: Service) -> [IPAddress.Family] {
        service.clusterIPs.map(\.family).filter(settings.families.contains)
    }

    /// The endpoints of one port in one family, as this node chooses among them.
    func selection(of service: Service, _ port: ServicePort, _ family: IPAddress.Family) -> EndpointSelection {
        EndpointSelection(
            port,
            family,
            in: table.slices(of: service.name),
            for: SelectingNode(name: settings.nodeName, zone: node.zone)
        )
    }
}
