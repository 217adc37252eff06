import CMNL
import CNFTNL
import Glibc
package import NetworkModel

/// The nf_tables of one network namespace.
///
/// A table with the flag `owner` belongs to the socket that added it: keep that socket open, and write with no other.
package struct NftablesSocket: ~Copyable, Sendable {
    var socket: NetlinkSocket
    /// Whether the kernel's count of a set's elements, where it tells one, decides if a reading is whole; if not, as
    /// with kernels before 6.16, two readings must agree. Only tests say no.
    package var usesElementCounts = true

    /// Opens a socket in the calling thread's namespace.
    package init() throws(KernelError) {
        socket = try NetlinkSocket(.netfilter)
    }

    /// The socket's number, by which events of our own commits are known.
    package var portID: UInt32 {
        get throws(KernelError) { try socket.portID }
    }

    /// Applies all changes as one transaction of any size, or none of them.
    ///
    /// With `generation` it throws `.interrupted` when anybody has changed any ruleset of the namespace since. Otherwise
    /// the error names the first object that the kernel refused, an element by its key. What `add…` finds there already
    /// stays as it is: a chain, set or element keeps its old comment, and a rule is appended again.
    package mutating func commit(_ changes: [RulesetChange], generation: UInt32? = nil) throws(KernelError) {
        let first = socket.reserveSequences(RulesetBatch.sequenceCount(of: changes))
        let batch = try RulesetBatch(changes, generation: generation, firstSequence: first)
        guard !batch.isEmpty else { return }
        let reply = unsafe try batch.messages.withBytes { bytes throws(KernelError) in
            unsafe try socket.transact(bytes, acknowledging: batch.lastSequence, "commit", "ruleset")
        }
        if let refusal = reply.refusal { throw batch.error(refusal, changes) }
        guard reply.isAcknowledged else { throw NetlinkSocket.lostAnswer("commit", "ruleset").withUnknownOutcome }
    }

    /// The number of the current ruleset; every commit of anybody in this namespace counts it up.
    package mutating func generation() throws(KernelError) -> UInt32 {
        let request = Self.request(NFT_MSG_GETGEN, family: 0)
        return try socket.get(request, "read", "ruleset generation") { _, payload throws(MalformedMessage) in
            try RulesetEvent.generation(in: payload)
        }
    }

    /// Begins a request; the attributes follow.
    static func request(_ type: nf_tables_msg_types, family: UInt8) -> Message {
        var message = Message(type: Int(NFNL_SUBSYS_NFTABLES) << 8 | Int(type.rawValue))
        message.append(nfgenmsg(nfgen_family: family, version: UInt8(NFNETLINK_V0), res_id: 0))
        return message
    }
}

extension RulesetBatch {
    /// The number of the message that is acknowledged.
    var lastSequence: UInt32 { firstSequence &+ UInt32(origins.count) }

    /// What the kernel refused. Everything here happens only then, so that a success pays for no description.
    func error(_ refusal: Ack, _ changes: [RulesetChange]) -> KernelError {
        let index = Int(refusal.sequence &- firstSequence) - 1
        guard origins.indices.contains(index), changes.indices.contains(origins[index].change) else {
            return wholeError(refusal)
        }
        let origin = origins[index]
        let change = changes[origin.change]
        let element = refusal.attributeOffset.flatMap { elementIndex(inMessage: index, attributeAt: $0) }
        return KernelError(
            change.operation,
            element.map { change.subject(element: origin.element + $0) } ?? change.subject,
            errno: refusal.errno,
            kernelMessage: refusal.text
        )
    }

    /// An error that is no message's: the privilege, the generation, or the commit itself.
    private func wholeError(_ refusal: Ack) -> KernelError {
        let error = KernelError("commit", "ruleset", errno: refusal.errno, kernelMessage: refusal.text)
        guard refusal.errno == ERESTART || refusal.errno == EAGAIN else { return error }
        return KernelError(
            "commit",
            "ruleset",
            reason: .interrupted,
            errno: refusal.errno,
            text: "the ruleset has been changed since it was read",
            kernelMessage: refusal.text
        )
    }

    /// Which of a message's elements the kernel pointed at.
    private func elementIndex(inMessage index: Int, attributeAt offset: Int) -> Int? {
        unsafe messages.withBytes { bytes in
            var message = -1
            var found: Int?
            try? forEachMessage(in: unsafe bytes.bytes) { _, payload throws(MalformedMessage) in
                // The first message is BATCH_BEGIN.
                defer { message += 1 }
                guard message == index else { return }
                found = try Self.elementIndex(in: payload, at: offset - MemoryLayout<nlmsghdr>.size)
            }
            return found
        }
    }

    private static func elementIndex(in payload: RawSpan, at offset: Int) throws(MalformedMessage) -> Int? {
        var position = MemoryLayout<nfgenmsg>.size
        var found: Int?
        try forEachAttribute(in: payload, from: position) { type, value throws(MalformedMessage) in
            if type == Int(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) {
                var start = position + 4
                var index = 0
                try forEachAttribute(in: value) { _, element throws(MalformedMessage) in
                    if (start..<(start + 4 + element.byteCount)).contains(offset) { found = index }
                    start += 4 + aligned(element.byteCount)
                    index += 1
                }
            }
            position += 4 + aligned(value.byteCount)
        }
        return found
    }
}
