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
    /// The port that clients send to, before any translation.
    package let destinationPort: Port
    /// The address that clients send to, before any translation; nil for any.
    package var destination: IPAddress?
    /// Only flows that this end answers.
    package var answeredBy: FlowEnd?
    /// Not the flows that this end answers.
    package var sparing: FlowEnd?
    /// Only flows to an address that the node has itself.
    package var toNodeOnly: Bool

    /// Describes flows of `transport` to `destinationPort`.
    package init(
        _ family: IPAddress.Family,
        _ transport: TransportProtocol,
        destination: IPAddress? = nil,
        destinationPort: Port,
        answeredBy: FlowEnd? = nil,
        sparing: FlowEnd? = nil,
        toNodeOnly: Bool = false
    ) {
        self.family = family
        self.transport = transport
        self.destination = destination
        self.destinationPort = destinationPort
        self.answeredBy = answeredBy
        self.sparing = sparing
        self.toNodeOnly = toNodeOnly
    }
}

extension FlowFilter: CustomStringConvertible {
    /// `udp to 192.0.2.1 port 53, answered by 10.11.23.2:53`
    package var description: String {
        var words = "\(transport.rawValue) to \(destination.map { "\($0) " } ?? "")port \(destinationPort)"
        if let answeredBy { words += ", answered by \(answeredBy)" }
        if let sparing { words += ", not answered by \(sparing)" }
        return words
    }
}

/// A connection tracking entry, as far as a filter can ask about it.
package struct Flow: Hashable, Sendable {
    /// The protocol.
    package let transport: TransportProtocol
    /// Who began it.
    package let source: FlowEnd
    /// Whom it was sent to.
    package let destination: FlowEnd
    /// Who answers: the destination, or what it is translated to.
    package let answerer: FlowEnd
    /// Whom the answers are sent to: the source, or what it is translated to.
    package let client: FlowEnd

    /// Describes a flow by its two directions.
    package init(
        _ transport: TransportProtocol,
        from source: FlowEnd,
        to destination: FlowEnd,
        answeredBy answerer: FlowEnd,
        to client: FlowEnd
    ) {
        self.transport = transport
        self.source = source
        self.destination = destination
        self.answerer = answerer
        self.client = client
    }

    /// Whether the filter means it; `isOfNode` says which addresses the node has.
    package func matches(_ filter: FlowFilter, isOfNode: (IPAddress) -> Bool) -> Bool {
        transport == filter.transport && destination.address.family == filter.family
            && destination.port == filter.destinationPort
            && (filter.destination.map { $0 == destination.address } ?? true)
            && (filter.answeredBy.map { $0 == answerer } ?? true)
            && filter.sparing != answerer
            && (!filter.toNodeOnly || isOfNode(destination.address))
    }
}
