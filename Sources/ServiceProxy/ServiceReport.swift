import Addressing

/// What a service asks for and what it got, for people.
package struct ServiceReport: Hashable, Sendable {
    /// The service.
    package let service: Service
    /// Why nothing is programmed for it at all; nil when something is.
    package let reasonNotServed: String?
    /// What the kernel said when it refused the service's elements; nil when it did not.
    package let refusal: String?
    /// Its virtual addresses with each of its ports, by address.
    package let frontends: [FrontendReport]
}

/// One address, protocol and port of a service.
package struct FrontendReport: Hashable, Sendable {
    /// What becomes of a new connection.
    package enum State: Hashable, Sendable {
        /// It goes to one of the chosen endpoints.
        case active
        /// It is rejected, since no endpoint wants it.
        case noEndpoints
        /// It is dropped, since no endpoint is on this node and the policy is Local.
        case noneHere
        /// It goes to the endpoints of another service, which claims the same and is older.
        case clash(winner: ServiceName)
        /// Nothing is done: the family is switched off.
        case familyOff
    }

    /// What the client connects to.
    package let frontend: Frontend
    /// The service port's name; may be empty.
    package let portName: String
    /// How clients come there.
    package let entrance: Entrance
    /// What becomes of a new connection.
    package let state: State
    /// All endpoints, chosen or not, by address.
    package let endpoints: [EndpointReport]
}

/// One endpoint behind one frontend.
package struct EndpointReport: Hashable, Sendable {
    /// What the source says, and whether new connections should go there.
    package let status: EndpointStatus
    /// Its index in the kernel's map as of the last transaction; nil when it is not in it.
    package let index: Int?
    /// The same in the map of this node's endpoints, which only frontends that go by the source have.
    package let indexHere: Int?
}

extension ProxyCore {
    /// The names of all services of the source, sorted.
    package var serviceNames: [ServiceName] { table.services.keys.sorted() }

    /// What is true of a service, or nil when the source has none of that name.
    package func report(on name: ServiceName) -> ServiceReport? {
        guard let service = table.services[name] else { return nil }
        let slices = table.slices(of: name)
        var frontends: [FrontendReport] = []
        let node = SelectingNode(name: settings.nodeName, zone: node.zone)
        service.forEachFrontend(by: table.rules) { frontend, port, entrance in
            let selection = EndpointSelection(port, frontend.address.family, in: slices, for: node)
            frontends.append(report(on: frontend, port, entrance, of: service, selection))
        }
        return ServiceReport(
            service: service,
            reasonNotServed: service.reasonNotServed,
            refusal: quarantined[name],
            frontends: frontends
        )
    }

    private func report(
        on frontend: Frontend,
        _ port: ServicePort,
        _ entrance: Entrance,
        of service: Service,
        _ selection: EndpointSelection
    ) -> FrontendReport {
        let applied = mirror.state(of: frontend, heldBy: service.name)
        let indices = Dictionary(zip(applied?.endpoints ?? [], 0...)) { first, _ in first }
        let indicesHere = Dictionary(zip(applied?.here ?? [], 0...)) { first, _ in first }
        let audience = service.audience(at: entrance)
        return FrontendReport(
            frontend: frontend,
            portName: port.name,
            entrance: entrance,
            state: state(of: frontend, for: service.name, selection, audience),
            endpoints: selection.statuses(for: audience).map {
                EndpointReport(status: $0, index: indices[$0.address], indexHere: indicesHere[$0.address])
            }
        )
    }

    private func state(
        of frontend: Frontend,
        for name: ServiceName,
        _ selection: EndpointSelection,
        _ audience: EndpointSelection.Audience
    ) -> FrontendReport.State {
        if !settings.families.contains(frontend.address.family) { return .familyOff }
        if let owner = table.owner(of: frontend), owner != name { return .clash(winner: owner) }
        if !selection.chosen(for: audience).isEmpty { return .active }
        return selection.hasAny ? .noneHere : .noEndpoints
    }
}
