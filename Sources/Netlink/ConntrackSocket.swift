import Addressing
import Glibc
package import NetworkModel

/// The connection tracking table of one network namespace.
package struct ConntrackSocket: ~Copyable, Sendable {
    private var socket: NetlinkSocket

    /// Opens a socket in the calling thread's namespace.
    package init() throws(KernelError) {
        socket = try NetlinkSocket(.netfilter)
    }

    /// The flows that the filter's protocol, addresses and ports fit; the kernel leaves out all others.
    ///
    /// Protocol and ports are compared in the kernel (`CTA_FILTER`, Linux 5.8), so what comes here is what is meant and
    /// not the table. `sparing` and `toNodeOnly` are the caller's to ask.
    package mutating func flows(_ filter: FlowFilter) throws(KernelError) -> [Flow] {
        try socket.dump(ConntrackMessages.dump(filter), "read flows of", "\(filter)") {
            _,
            payload throws(MalformedMessage) in
            try ConntrackMessages.flow(payload)
        }
    }

    /// Forgets one flow; false when it is gone already.
    @discardableResult
    package mutating func forget(_ flow: Flow) throws(KernelError) -> Bool {
        do throws(KernelError) {
            try socket.request(ConntrackMessages.delete(flow), "forget flow", "\(flow.source) to \(flow.destination)")
            return true
        } catch  where error.reason == .notFound {
            return false
        }
    }
}

/// The messages of nfnetlink's conntrack subsystem (linux/netfilter/nfnetlink_conntrack.h).
///
/// The constants are written out, since that header cannot be included beside libc's.
enum ConntrackMessages {
    private static let subsystem = 1  // NFNL_SUBSYS_CTNETLINK
    private static let get = 1  // IPCTNL_MSG_CT_GET
    private static let remove = 2  // IPCTNL_MSG_CT_DELETE
    private static let original = 1  // CTA_TUPLE_ORIG
    private static let reply = 2  // CTA_TUPLE_REPLY
    private static let filter = 25  // CTA_FILTER
    private static let addresses = 1  // CTA_TUPLE_IP
    private static let transport = 2  // CTA_TUPLE_PROTO

    /// `struct nfgenmsg`: family, version 0, no resource.
    private static func message(_ type: Int, _ family: IPAddress.Family) -> Message {
        var message = Message(type: subsystem << 8 | type)
        message.append(UInt32(family.number).littleEndian)
        return message
    }

    static func dump(_ filter: FlowFilter) -> Message {
        var message = message(get, filter.family)
        let sent = Tuple(
            filter.transport.number,
            destination: filter.destination,
            destinationPort: filter.destinationPort
        )
        sent.append(original, to: &message)
        let answered = filter.answeredBy.map { Tuple(filter.transport.number, source: $0.address, sourcePort: $0.port) }
        answered?.append(reply, to: &message)
        message.nest(Self.filter) { nested in
            nested.append(attribute: 1, sent.flags)  // CTA_FILTER_ORIG_FLAGS
            nested.append(attribute: 2, answered?.flags ?? 0)  // CTA_FILTER_REPLY_FLAGS
        }
        return message
    }

    static func delete(_ flow: Flow) -> Message {
        var message = message(remove, flow.source.address.family)
        Tuple(
            flow.transport.number,
            source: flow.source.address,
            sourcePort: flow.source.port,
            destination: flow.destination.address,
            destinationPort: flow.destination.port
        ).append(original, to: &message)
        return message
    }

    /// Nil for a flow of a protocol without ports.
    static func flow(_ payload: RawSpan) throws(MalformedMessage) -> Flow? {
        var sent = Tuple()
        var answered = Tuple()
        try forEachAttribute(in: payload, from: 4) { type, value throws(MalformedMessage) in
            if type == original { sent = try Tuple(value) }
            if type == reply { answered = try Tuple(value) }
        }
        guard let transport = TransportProtocol(number: sent.number), let from = sent.from, let to = sent.to,
            let answerer = answered.from, let client = answered.to
        else { return nil }
        return Flow(transport, from: from, to: to, answeredBy: answerer, to: client)
    }

    /// What is known, or asked, of one direction of a flow.
    private struct Tuple {
        var number: UInt8 = 0
        var source: IPAddress?
        var sourcePort: Port?
        var destination: IPAddress?
        var destinationPort: Port?

        var from: FlowEnd? { source.flatMap { address in sourcePort.map { FlowEnd(address, $0) } } }
        var to: FlowEnd? { destination.flatMap { address in destinationPort.map { FlowEnd(address, $0) } } }

        init() {}

        init(
            _ number: UInt8,
            source: IPAddress? = nil,
            sourcePort: Port? = nil,
            destination: IPAddress? = nil,
            destinationPort: Port? = nil
        ) {
            self.number = number
            self.source = source
            self.sourcePort = sourcePort
            self.destination = destination
            self.destinationPort = destinationPort
        }

        /// `CTA_FILTER_FLAG` of what is set (net/netfilter/nf_internals.h).
        var flags: UInt32 {
            (source == nil ? 0 : 1 << 0) | (destination == nil ? 0 : 1 << 1) | 1 << 3
                | (sourcePort == nil ? 0 : 1 << 4) | (destinationPort == nil ? 0 : 1 << 5)
        }

        func append(_ type: Int, to message: inout Message) {
            message.nest(type) { tuple in
                if source != nil || destination != nil {
                    tuple.nest(addresses) { nested in
                        // CTA_IP_V4_SRC, V4_DST, V6_SRC, V6_DST are 1 to 4.
                        if let source { nested.append(attribute: source.family == .v4 ? 1 : 3, source.bytes) }
                        if let destination {
                            nested.append(attribute: destination.family == .v4 ? 2 : 4, destination.bytes)
                        }
                    }
                }
                tuple.nest(transport) { nested in
                    // CTA_PROTO_NUM, _SRC_PORT, _DST_PORT are 1 to 3.
                    nested.append(attribute: 1, [number])
                    if let sourcePort { nested.append(attribute: 2, sourcePort.number.bigEndian) }
                    if let destinationPort { nested.append(attribute: 3, destinationPort.number.bigEndian) }
                }
            }
        }

        init(_ payload: RawSpan) throws(MalformedMessage) {
            var tuple = Tuple()
            try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
                if type == addresses { try tuple.readAddresses(value) }
                if type == transport { try tuple.readPorts(value) }
            }
            self = tuple
        }

        private mutating func readAddresses(_ payload: RawSpan) throws(MalformedMessage) {
            try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
                if type == 1 || type == 3 { source = try value.ipAddress() }
                if type == 2 || type == 4 { destination = try value.ipAddress() }
            }
        }

        private mutating func readPorts(_ payload: RawSpan) throws(MalformedMessage) {
            try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
                if type == 1 { number = try value.number() }
                if type == 2 { sourcePort = try? Port(Int(try value.bigEndian(UInt16.self))) }
                if type == 3 { destinationPort = try? Port(Int(try value.bigEndian(UInt16.self))) }
            }
        }
    }
}
