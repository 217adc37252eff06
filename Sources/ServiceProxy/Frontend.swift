package import Addressing

/// What a client connects to: an address, protocol and port that a service claims.
package struct Frontend: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The virtual address.
    package let address: IPAddress
    /// The protocol.
    package let transport: TransportProtocol
    /// The port.
    package let port: Port

    /// Puts the three together.
    package init(_ address: IPAddress, _ transport: TransportProtocol, _ port: Port) {
        self.address = address
        self.transport = transport
        self.port = port
    }

    /// `10.96.14.20:80/tcp`, `[fd00::1]:80/tcp`
    package var description: String { "\(EndpointAddress(address, port))/\(transport.rawValue)" }

    /// By address, port and protocol.
    package static func < (left: Frontend, right: Frontend) -> Bool {
        (left.address, left.port, left.transport) < (right.address, right.port, right.transport)
    }
}

/// Where a connection ends up: an address and a port.
package struct EndpointAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The address.
    package let address: IPAddress
    /// The port.
    package let port: Port

    /// Pairs the two.
    package init(_ address: IPAddress, _ port: Port) {
        self.address = address
        self.port = port
    }

    /// `10.11.23.2:80`, `[fd00::2]:80`
    package var description: String {
        address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    }

    /// By address, then by port.
    package static func < (left: EndpointAddress, right: EndpointAddress) -> Bool {
        left.address == right.address ? left.port < right.port : left.address < right.address
    }
}
