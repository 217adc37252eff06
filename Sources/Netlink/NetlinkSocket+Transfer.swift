import CMNL
import Glibc
import NetworkModel
import Posix

extension NetlinkSocket {
    /// What one attempt to receive brought.
    enum Reception {
        /// A datagram of this many bytes is in the buffer.
        case datagram(Int)
        /// A datagram was larger than the buffer and is lost; the buffer is large enough for it now.
        case cut
        /// Nothing is queued.
        case nothing
        /// The kernel had more to say than the socket's buffer holds; something is lost.
        case overrun
    }

    /// Sends one message.
    func send(
        _ bytes: [UInt8],
        _ operation: String,
        _ subject: () -> String
    ) throws(KernelError) {
        unsafe try bytes.span.withUnsafeBytes { buffer throws(KernelError) in
            unsafe try send(buffer, operation, subject)
        }
    }

    /// Sends one datagram.
    func send(
        _ bytes: UnsafeRawBufferPointer,
        _ operation: String,
        _ subject: () -> String
    ) throws(KernelError) {
        while true {
            let sent = unsafe Glibc.send(descriptor.raw, bytes.baseAddress, bytes.count, 0)
            if sent >= 0 { return }
            let number = Glibc.errno
            guard number == EINTR else { throw KernelError(operation, subject(), errno: number) }
        }
    }

    /// Receives what is queued, without waiting.
    mutating func receive(_ operation: String, _ subject: () -> String) throws(KernelError) -> Reception {
        while true {
            let received = unsafe buffer.withUnsafeMutableBytes { buffer in
                unsafe recv(descriptor.raw, buffer.baseAddress, buffer.count, Self.receiveFlags)
            }
            if received > buffer.count {
                buffer = Self.buffer(aligned(received))
                return .cut
            }
            if received >= 0 { return .datagram(received) }
            switch Glibc.errno {
            case EINTR: continue
            case EAGAIN: return .nothing
            case ENOBUFS: return .overrun
            case let number: throw KernelError(operation, subject(), errno: number)
            }
        }
    }

    /// MSG_TRUNC makes recv(2) return a datagram's true length.
    private static var receiveFlags: Int32 { Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC) }

    /// Calls `body` with every message of the datagram in the buffer.
    func read(
        _ length: Int,
        _ body: (MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Void
    ) throws(MalformedMessage) {
        let datagram = unsafe buffer.span.bytes
        try forEachMessage(in: datagram.extracting(first: length), body)
    }
}
