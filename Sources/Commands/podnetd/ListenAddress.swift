package import Addressing

/// Where a server listens: an address of this machine, or all of one family, and a port.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address.
    package let address: IPAddress
    /// The port.
    package let port: UInt16

    /// Puts the two together.
    package init(_ address: IPAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Reads `127.0.0.1:10249` or `[::1]:10249`.
    package init(parsing text: String) throws(InvalidValue) {
        let reason = "write it as 127.0.0.1:10249 or [::1]:10249"
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port != 0
        else {
            throw InvalidValue(text, isNot: "an address and a port", reason: reason)
        }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard let address = IPAddress(String(isBracketed ? host.dropFirst().dropLast() : host)),
            isBracketed == (address.family == .v6)
        else { throw InvalidValue(text, isNot: "an address and a port", reason: reason) }
        self.init(address, port)
    }

    /// `127.0.0.1:10249`, `[::1]:10249`
    package var description: String { address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}

/// Where a server listens, if it does.
package enum Listening: Hashable, Sendable {
    case off
    case at(ListenAddress)

    /// Reads an address and a port, or `off`.
    package init(parsing text: String) throws(InvalidValue) {
        self = text == "off" ? .off : .at(try ListenAddress(parsing: text))
    }
}
