import CMNL
import Glibc
package import NetworkModel
import Posix

/// The kernel's verdicts on the messages of a batch.
package struct BatchReply: Sendable {
    /// The first error, in the kernel's order.
    package var refusal: Ack?
    /// Whether the last message was acknowledged.
    package var isAcknowledged = false
}

extension NetlinkSocket {
    /// Sends a batch of messages, complete with headers and numbers, as one datagram: the kernel makes of it one
    /// transaction, whatever its size.
    ///
    /// Number the messages with `reserveSequences`, and ask for an acknowledgement of the last one alone, which is
    /// `last`. The reply is complete when this returns, since the kernel works through the batch within sendmsg(2).
    package mutating func transact(
        _ batch: UnsafeRawBufferPointer,
        acknowledging last: UInt32,
        _ operation: String,
        _ subject: @autoclosure () -> String
    ) throws(KernelError) -> BatchReply {
        try makeRoom(for: batch.count, operation, subject)
        unsafe try send(batch, operation, subject)
        return try reply(acknowledging: last, operation, subject)
    }

    /// Makes the send buffer large enough: a datagram larger than it is refused (EMSGSIZE, netlink_sendmsg).
    private func makeRoom(for size: Int, _ operation: String, _ subject: () -> String) throws(KernelError) {
        let needed = size + 32
        guard needed > 65_536, sendBuffer < needed else { return }
        force(SO_SNDBUFFORCE, orElse: SO_SNDBUF, needed)
        guard sendBuffer < needed else { return }
        throw KernelError(
            operation,
            subject(),
            reason: .exhausted,
            text: "\(size) bytes are more than the socket's send buffer of \(sendBuffer) holds (net.core.wmem_max)"
        )
    }

    private var sendBuffer: Int {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor.raw, SOL_SOCKET, SO_SNDBUF, &value, &length) == 0 else { return 0 }
        return Int(value)
    }

    /// The verdicts on a batch that has been sent: without them nobody knows whether the transaction was made.
    private mutating func reply(
        acknowledging last: UInt32,
        _ operation: String,
        _ subject: () -> String
    ) throws(KernelError) -> BatchReply {
        do throws(KernelError) {
            return try collectAcks(last, operation, subject)
        } catch {
            throw error.withUnknownOutcome
        }
    }

    /// Reads up to the acknowledgement, which comes last: the kernel tells of a batch's messages in their order, and
    /// before that of what made it refuse the whole (net/netfilter/nfnetlink.c, `nfnetlink_rcv_batch`).
    private mutating func collectAcks(
        _ last: UInt32,
        _ operation: String,
        _ subject: () -> String
    ) throws(KernelError) -> BatchReply {
        var reply = BatchReply()
        while !reply.isAcknowledged {
            switch try receive(operation, subject) {
            case .nothing: return reply
            case .cut, .overrun: continue
            case .datagram(let length):
                do throws(MalformedMessage) {
                    try read(length) { header, payload throws(MalformedMessage) in
                        if header.isAck { reply.take(try header.ack(payload), last) }
                    }
                } catch {
                    throw KernelError(operation, subject(), error)
                }
            }
        }
        return reply
    }
}

extension BatchReply {
    fileprivate mutating func take(_ ack: Ack, _ last: UInt32) {
        if ack.errno != 0 {
            refusal = refusal ?? ack
        } else if ack.sequence == last {
            isAcknowledged = true
        }
    }
}
