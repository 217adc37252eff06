import Addressing
import NetworkModel

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
    static let addresses = 1  // CTA_TUPLE_IP
    static let transport = 2  // CTA_TUPLE_PROTO
    private static let status = 3  // CTA_STATUS
    private static let id = 12  // CTA_ID
    private static let zone = 18  // CTA_ZONE
    private static let statusMask = 26  // CTA_STATUS_MASK

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
        let (bits, mask) = statusBits(filter)
        // A mask of nothing is refused (ctnetlink_filter_parse_status).
        if mask != 0 {
            message.append(attribute: status, bits.bigEndian)
            message.append(attribute: statusMask, mask.bigEndian)
        }
        return message
    }

    /// Which bits of a flow's status are compared, and with what (linux/netfilter/nf_conntrack_common.h).
    private static func statusBits(_ filter: FlowFilter) -> (bits: UInt32, mask: UInt32) {
        var (bits, mask) = (UInt32(0), UInt32(0))
        for (wanted, bit) in [(filter.isAnswered, isAnswered), (filter.isTranslated, isTranslated)] {
            guard let wanted else { continue }
            mask |= bit
            if wanted { bits |= bit }
        }
        return (bits, mask)
    }

    private static let isAnswered = UInt32(1 << 1)  // IPS_SEEN_REPLY
    private static let isTranslated = UInt32(1 << 5)  // IPS_DST_NAT

    static func delete(_ flow: Flow) -> Message {
        var message = message(remove, flow.source.address.family)
        Tuple(
            flow.transport.number,
            source: flow.source.address,
            sourcePort: flow.source.port,
            destination: flow.destination.address,
            destinationPort: flow.destination.port
        ).append(original, to: &message)
        // Another flow with the same ends, which has another number, is not deleted (ctnetlink_del_conntrack).
        if let identity = flow.identity {
            message.append(attribute: id, identity.id)
            if identity.zone != 0 { message.append(attribute: zone, identity.zone.bigEndian) }
        }
        return message
    }

    /// Nil for a flow of a protocol without ports.
    static func flow(_ payload: RawSpan) throws(MalformedMessage) -> Flow? {
        var sent = Tuple()
        var answered = Tuple()
        var (bits, number, zone) = (UInt32(0), UInt32?.none, UInt16(0))
        try forEachAttribute(in: payload, from: 4) { type, value throws(MalformedMessage) in
            switch type {
            case original: sent = try Tuple(value)
            case reply: answered = try Tuple(value)
            case status: bits = try value.bigEndian()
            // Handed back as it came.
            case id: number = try value.number()
            case Self.zone: zone = try value.bigEndian()
            default: break
            }
        }
        guard let transport = TransportProtocol(number: sent.number), let from = sent.from, let to = sent.to,
            let answerer = answered.from, let client = answered.to
        else { return nil }
        return Flow(
            transport,
            from: from,
            to: to,
            answeredBy: answerer,
            to: client,
            isAnswered: bits & isAnswered != 0,
            identity: number.map { Flow.Identity(id: $0, zone: zone) }
        )
    }
}
