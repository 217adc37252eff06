import CMNL

/// What stands in front of every netlink message from the kernel.
package struct MessageHeader: Hashable, Sendable {
    /// `RTM_*`, or subsystem and `NFT_MSG_*`.
    package let type: UInt16
    /// `NLM_F_*`
    package let flags: UInt16
    /// The number of the request that it answers; of an event, that of the request that caused it.
    package let sequence: UInt32
    /// The port of the socket that it answers, or whose request caused the event; 0 is the kernel itself.
    package let portID: UInt32

    /// Whether all bits of an `NLM_F_*` constant are set.
    package func has(_ flag: Int32) -> Bool { Int32(flags) & flag == flag }
}

/// The kernel's verdict on one message.
package struct Ack: Hashable, Sendable {
    /// The message's number.
    package let sequence: UInt32
    /// 0 for success, otherwise a positive errno value.
    package let errno: Int32
    /// The kernel's own words, from the extended acknowledgement.
    package let text: String?
    /// Where in the message, its header included, the attribute lies that the kernel did not like.
    package let attributeOffset: Int?
}

/// Calls `body` with header and payload of every message of a datagram.
package func forEachMessage(
    in datagram: RawSpan,
    _ body: (MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Void
) throws(MalformedMessage) {
    var offset = 0
    while offset < datagram.byteCount {
        let raw = try datagram.load(at: offset, as: nlmsghdr.self)
        let length = Int(raw.nlmsg_len)
        guard length >= MemoryLayout<nlmsghdr>.size, length <= datagram.byteCount - offset else {
            throw MalformedMessage("message of \(length) bytes in \(datagram.byteCount - offset)")
        }
        let header = MessageHeader(
            type: raw.nlmsg_type,
            flags: raw.nlmsg_flags,
            sequence: raw.nlmsg_seq,
            portID: raw.nlmsg_pid
        )
        try body(header, datagram.extracting((offset + MemoryLayout<nlmsghdr>.size)..<(offset + length)))
        offset += aligned(length)
    }
}

extension MessageHeader {
    /// Whether the message is an acknowledgement: an error, or the good news.
    var isAck: Bool { type == UInt16(NLMSG_ERROR) }
    /// Whether it ends a dump.
    var isDone: Bool { type == UInt16(NLMSG_DONE) }
    /// Whether it carries what was asked for.
    var isData: Bool { Int32(type) >= NLMSG_MIN_TYPE }

    /// Reads `struct nlmsgerr` and the attributes behind it.
    func ack(_ payload: RawSpan) throws(MalformedMessage) -> Ack {
        let error = try payload.load(at: 0, as: Int32.self)
        let request = try payload.load(at: 4, as: nlmsghdr.self)
        // The request is repeated as a whole in an error unless it is capped; in a success only its header is.
        let repeated = has(NLM_F_CAPPED) || error == 0 ? MemoryLayout<nlmsghdr>.size : aligned(Int(request.nlmsg_len))
        return try ack(error, payload, attributesAt: 4 + repeated)
    }

    /// Reads the end of a dump, whose first four bytes are the dump's own error.
    func end(_ payload: RawSpan) throws(MalformedMessage) -> Ack {
        guard payload.byteCount >= 4 else { return Ack(sequence: sequence, errno: 0, text: nil, attributeOffset: nil) }
        return try ack(try payload.load(at: 0, as: Int32.self), payload, attributesAt: 4)
    }

    private func ack(_ error: Int32, _ payload: RawSpan, attributesAt start: Int) throws(MalformedMessage) -> Ack {
        var text: String?
        var offset: Int?
        if has(NLM_F_ACK_TLVS) {
            try forEachAttribute(in: payload, from: start) { type, value throws(MalformedMessage) in
                if type == Int(NLMSGERR_ATTR_MSG.rawValue) { text = value.string() }
                if type == Int(NLMSGERR_ATTR_OFFS.rawValue) { offset = Int(try value.number(UInt32.self)) }
            }
        }
        return Ack(sequence: sequence, errno: error < 0 ? 0 &- error : 0, text: text, attributeOffset: offset)
    }
}
