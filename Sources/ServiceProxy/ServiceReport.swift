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
        /// It goes to the endpoints of another service, which claims the same and is older.
        case clash(winner: ServiceName)
        /// Nothing is done: the family is switched off.
        case familyOff
    }

    /// What the client connects to.
    package let frontend: Frontend
    /// The service port's name; may be empty.
    package let portName: String
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
}

extension ProxyCore {
    /// The names of all services of the source, sorted.
    package var serviceNames: [ServiceName] { table.services.keys.sorted() }

    /// What is true of a service, or nil when the source has none of that name.
    package func report(on name: ServiceName) -> ServiceReport? {
        guard let service = table.services[name] else { return nil }
        let slices = table.slices(of: name)
        var frontends: [FrontendReport] = []
        service.forEachFrontend { frontend, port in
            frontends.append(
                report(on: frontend, port, of: name, EndpointSelection(port, frontend.address.family, in: slices))
            )
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
        of name: ServiceName,
        _ selection: EndpointSelection
    ) -> FrontendReport {
        let applied = mirror.endpoints(of: frontend, heldBy: name) ?? []
        let indices = Dictionary(zip(applied, 0...)) { first, _ in first }
        return FrontendReport(
            frontend: frontend,
            portName: port.name,
            state: state(of: frontend, for: name, hasEndpoints: !selection.chosen.isEmpty),
            endpoints: selection.statuses.map { EndpointReport(status: $0, index: indices[$0.address]) }
        )
    }

    private func state(
        of frontend: Frontend,
        for name: ServiceName,
        hasEndpoints: Bool
    ) -> FrontendReport.State {
        if !settings.families.contains(frontend.address.family) { return .familyOff }
        if let owner = table.owner(of: frontend), owner != name { return .clash(winner: owner) }
        return hasEndpoints ? .active : .noEndpoints
    }
}
