package import Addressing

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
    /// Whether an answer was seen.
    package let isAnswered: Bool
    /// Which of all entries with these ends it is; nil when that does not matter.
    package var identity: Identity?

    /// What tells an entry from a later one with the same ends, and from one of another zone.
    package struct Identity: Hashable, Sendable {
        /// The kernel's number for it.
        package let id: UInt32
        /// The zone that it was tracked in; 0 unless rules say something else.
        package let zone: UInt16

        /// Names an entry.
        package init(id: UInt32, zone: UInt16) {
            self.id = id
            self.zone = zone
        }
    }

    /// Describes a flow by its two directions.
    package init(
        _ transport: TransportProtocol,
        from source: FlowEnd,
        to destination: FlowEnd,
        answeredBy answerer: FlowEnd,
        to client: FlowEnd,
        isAnswered: Bool = true,
        identity: Identity? = nil
    ) {
        self.transport = transport
        self.source = source
        self.destination = destination
        self.answerer = answerer
        self.client = client
        self.isAnswered = isAnswered
        self.identity = identity
    }

    /// Whether its packets go to somebody else than whom they were sent to.
    package var isTranslated: Bool { answerer != destination }

    /// Whether the filter means it; `isOfNode` says which addresses the node has.
    package func matches(_ filter: FlowFilter, isOfNode: (IPAddress) -> Bool) -> Bool {
        transport == filter.transport && destination.address.family == filter.family
            && (filter.destinationPort.map { $0 == destination.port } ?? true)
            && (filter.destination.map { $0 == destination.address } ?? true)
            && (filter.answeredBy.map { $0 == answerer } ?? true)
            && filter.sparing != answerer
            && (filter.isTranslated.map { $0 == isTranslated } ?? true)
            && (filter.isAnswered.map { $0 == isAnswered } ?? true)
            && (!filter.toNodeOnly || isOfNode(destination.address))
    }
}
