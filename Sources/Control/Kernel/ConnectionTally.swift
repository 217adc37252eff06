package import Addressing

/// New connections by service port and endpoint, summed up over time.
///
/// The kernel counts by element, and an element that is replaced begins anew: a sum of what elements say would fall
/// and rise. So only increases count. What an element counted between the last reading and its replacement is lost.
package struct ConnectionTally: Hashable, Sendable {
    /// A port of a service, by all addresses that lead to it.
    package struct ServicePort: Hashable, Sendable, Comparable {
        /// The service's namespace.
        package let namespace: String
        /// Its name.
        package let service: String
        /// The port's name; may be empty.
        package let portName: String
        /// The protocol.
        package let transport: TransportProtocol

        /// By namespace, service, port and protocol.
        package static func < (left: ServicePort, right: ServicePort) -> Bool {
            (left.namespace, left.service, left.portName, left.transport)
                < (right.namespace, right.service, right.portName, right.transport)
        }
    }

    /// An endpoint of a service port.
    package struct Endpoint: Hashable, Sendable, Comparable {
        /// The service port.
        package let port: ServicePort
        /// `10.11.23.2:80`
        package let address: String

        /// By service port, then by address.
        package static func < (left: Endpoint, right: Endpoint) -> Bool {
            left.port == right.port ? left.address < right.address : left.port < right.port
        }
    }

    private struct Seat: Hashable {
        let frontend: Frontend
        /// The endpoint behind it, and the map that leads there; nil for the frontend itself.
        var endpoint: String?
    }

    /// New connections by service port.
    package private(set) var services: [ServicePort: UInt64] = [:]
    /// New connections by endpoint.
    package private(set) var endpoints: [Endpoint: UInt64] = [:]
    private var last: [Seat: UInt64] = [:]

    /// Nothing counted.
    package init() {}

    /// Takes what the kernel counts now; what it no longer has is forgotten.
    package mutating func take(_ view: KernelView) {
        var counted = ConnectionTally()
        for (frontend, element) in view.frontends {
            guard let port = element.owner.map({ ServicePort($0, frontend.transport) }) else { continue }
            let own = counted.note(element.connections, at: Seat(frontend: frontend), after: last)
            var behind: UInt64 = 0
            for item in view.endpoints[frontend] ?? [] {
                let address = SocketText.of("\(item.address)", Int(item.port))
                let seat = Seat(frontend: frontend, endpoint: "\(item.map) \(address)")
                let increase = counted.note(item.connections, at: seat, after: last)
                let endpoint = Endpoint(port: port, address: address)
                counted.endpoints[endpoint, default: endpoints[endpoint] ?? 0] += increase
                behind += increase
            }
            // The frontend's element is replaced with every change of their number, theirs are not.
            counted.services[port, default: services[port] ?? 0] += max(own, behind)
        }
        self = counted
    }

    /// By how much a count has risen, from nothing if it has fallen.
    private mutating func note(_ count: UInt64?, at seat: Seat, after former: [Seat: UInt64]) -> UInt64 {
        let count = count ?? 0
        last[seat] = count
        let before = former[seat] ?? 0
        return count >= before ? count - before : count
    }
}

extension ConnectionTally.ServicePort {
    fileprivate init(_ owner: PortOwner, _ transport: TransportProtocol) {
        self.init(namespace: owner.namespace, service: owner.service, portName: owner.portName, transport: transport)
    }
}
