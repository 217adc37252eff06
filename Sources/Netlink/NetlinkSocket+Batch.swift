import CMNL
import Glibc
package import NetworkModel
import Posix

/// The kernel's verdicts on the messages of a batch.
package struct BatchReply: Sendable {
    /// Every error, and every success that was asked for with NLM_F_ACK, in the kernel's order.
    package var acks: [Ack] = []
    /// Whether there were more than the socket's receive buffer holds.
    package var isIncomplete = false
}

extension NetlinkSocket {
    /// Sends a batch of messages, complete with headers and numbers, as one datagram: the kernel makes of it one
    /// transaction, whatever its size.
    ///
    /// The chunks are joined by the kernel; there may be up to 1,024 (UIO_MAXIOV). Number the messages with
    /// `reserveSequences`. The reply is complete when this returns, since the kernel works through the batch within
    /// sendmsg(2); an empty reply is success where no message asked for an acknowledgement.
    package mutating func transact(
        _ chunks: [UnsafeRawBufferPointer],
        _ operation: String,
        _ subject: @autoclosure () -> String
    ) throws(KernelError) -> BatchReply {
        let size = unsafe chunks.reduce(0) { $0 + $1.count }
        try makeRoom(for: size, operation, subject)
        unsafe try sendTogether(chunks, operation, subject)
        return try replies(operation, subject)
    }

    /// Sends a batch that lies in one array; the rest is as above.
    package mutating func transact(
        _ batch: [UInt8],
        _ operation: String,
        _ subject: @autoclosure () -> String
    ) throws(KernelError) -> BatchReply {
        try makeRoom(for: batch.count, operation, subject)
        try send(batch, operation, subject)
        return try replies(operation, subject)
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

    private func sendTogether(
        _ chunks: [UnsafeRawBufferPointer],
        _ operation: String,
        _ subject: () -> String
    ) throws(KernelError) {
        var vectors = unsafe chunks.map { chunk in
            unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: chunk.baseAddress), iov_len: chunk.count)
        }
        while true {
            let sent = unsafe vectors.withUnsafeMutableBufferPointer { vectors in
                var header = unsafe msghdr()
                unsafe header.msg_iov = vectors.baseAddress
                unsafe header.msg_iovlen = vectors.count
                return unsafe sendmsg(descriptor.raw, &header, 0)
            }
            if sent >= 0 { return }
            let number = Glibc.errno
            guard number == EINTR else { throw KernelError(operation, subject(), errno: number) }
        }
    }

    /// The verdicts on a batch that has been sent: without them nobody knows whether the transaction was made.
    private mutating func replies(_ operation: String, _ subject: () -> String) throws(KernelError) -> BatchReply {
        do throws(KernelError) {
            return try collectAcks(operation, subject)
        } catch {
            throw error.withUnknownOutcome
        }
    }

    private mutating func collectAcks(_ operation: String, _ subject: () -> String) throws(KernelError) -> BatchReply {
        var reply = BatchReply()
        while true {
            switch try receive(operation, subject) {
            case .nothing: return reply
            case .cut, .overrun: reply.isIncomplete = true
            case .datagram(let length):
                do throws(MalformedMessage) {
                    try read(length) { header, payload throws(MalformedMessage) in
                        if header.isAck { reply.acks.append(try header.ack(payload)) }
                    }
                } catch {
                    throw KernelError(operation, subject(), error)
                }
            }
        }
    }
}
