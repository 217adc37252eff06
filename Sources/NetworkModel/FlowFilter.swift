package import Addressing

/// One end of a flow: an address and a port.
package struct FlowEnd: Hashable, Sendable, CustomStringConvertible {
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
    package var description: String { address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}

/// Which connection tracking entries are meant: a flow remembers where its packets are translated to for as long as
/// they come, so when a translation changes, its flows have to be forgotten.
package struct FlowFilter: Hashable, Sendable {
    /// The family of the flow's addresses.
    package let family: IPAddress.Family
    /// The protocol.
    package let transport: TransportProtocol
    /// The port that clients send to, before any translation; nil for any.
    package let destinationPort: Port?
    /// The address that clients send to, before any translation; nil for any.
    package var destination: IPAddress?
    /// Only flows that this end answers.
    package var answeredBy: FlowEnd?
    /// Not the flows that this end answers.
    package var sparing: FlowEnd?
    /// Only flows to an address that the node has itself.
    package var toNodeOnly: Bool
    /// Only flows whose destination is translated, or is not; nil for both.
    package var isTranslated: Bool?
    /// Only flows that somebody has answered, or nobody has; nil for both.
    package var isAnswered: Bool?

    /// Describes flows of `transport`, to `destinationPort` where that is given.
    package init(
        _ family: IPAddress.Family,
        _ transport: TransportProtocol,
        destination: IPAddress? = nil,
        destinationPort: Port? = nil,
        answeredBy: FlowEnd? = nil,
        sparing: FlowEnd? = nil,
        toNodeOnly: Bool = false,
        isTranslated: Bool? = nil,
        isAnswered: Bool? = nil
    ) {
        self.family = family
        self.transport = transport
        self.destination = destination
        self.destinationPort = destinationPort
        self.answeredBy = answeredBy
        self.sparing = sparing
        self.toNodeOnly = toNodeOnly
        self.isTranslated = isTranslated
        self.isAnswered = isAnswered
    }
}

extension FlowFilter: CustomStringConvertible {
    /// `udp to 192.0.2.1 port 53, answered by 10.11.23.2:53`
    package var description: String {
        let port = destinationPort.map { "port \($0)" } ?? "any port"
        var words = "\(transport.rawValue) to \(destination.map { "\($0) " } ?? "")\(port)"
        if let answeredBy { words += ", answered by \(answeredBy)" }
        if let sparing { words += ", not answered by \(sparing)" }
        if let isTranslated { words += isTranslated ? ", translated" : ", not translated" }
        if let isAnswered { words += isAnswered ? ", answered" : ", not answered" }
        return words
    }
}
