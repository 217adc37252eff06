import Addressing

/// A virtual IP, a protocol and a port: what clients connect to.
struct Frontend: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The virtual IP.
    let address: IPAddress
    /// The protocol.
    let transport: TransportProtocol
    /// The port.
    let port: UInt16

    /// Names a frontend.
    init(_ address: IPAddress, _ transport: TransportProtocol, _ port: UInt16) {
        self.address = address
        self.transport = transport
        self.port = port
    }

    /// `10.96.14.20:80/tcp`, `[fd00::1]:80/tcp`
    var description: String { "\(SocketText.of(address.description, Int(port)))/\(transport.rawValue)" }

    /// By address, then by port, then by protocol.
    static func < (left: Frontend, right: Frontend) -> Bool {
        (left.address, left.port, left.transport) < (right.address, right.port, right.transport)
    }
}

/// An address and a port in one text.
enum SocketText {
    /// `10.11.23.2:80`, `[fd00::1]:80`
    static func of(_ address: String, _ port: Int) -> String {
        address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}

extension EndpointItem {
    /// The frontend as a value, or nil if the daemon sent something that is none.
    var frontend: Frontend? {
        guard let address = IPAddress(vip), let transport = TransportProtocol(rawValue: `protocol`),
            let port = UInt16(exactly: port)
        else { return nil }
        return Frontend(address, transport, port)
    }

    /// `10.96.14.20:80/tcp`; the address alone where the port is not known.
    var frontendText: String { port == 0 ? vip : "\(SocketText.of(vip, port))/\(`protocol`)" }
}
