import CMNL
import Glibc
package import NetworkModel
import Posix

/// How a wait for events ended.
package enum EventWait: Hashable, Sendable {
    /// At least one event came; all that were queued have been read.
    case received
    /// None came in time.
    case timedOut
    /// The kernel dropped events because the socket's buffer was full: read the state anew.
    case missed
}

extension NetlinkSocket {
    /// Joins a multicast group: RTNLGRP_LINK, NFNLGRP_NFTABLES, …
    ///
    /// Use a socket of its own: a socket that subscribes gets events between the answers to its requests.
    package func subscribe(to group: Int) throws(KernelError) {
        // A socket without a number the kernel takes for its own, and sends it no events.
        _ = try portID
        guard !setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, Int32(group)) else { return }
        throw KernelError("subscribe to", "netlink group \(group)", errno: Glibc.errno)
    }

    /// Leaves a multicast group.
    package func unsubscribe(from group: Int) throws(KernelError) {
        guard !setOption(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, Int32(group)) else { return }
        throw KernelError("unsubscribe from", "netlink group \(group)", errno: Glibc.errno)
    }

    /// Waits for events, nil for ever, and calls `body` with every one that is queued by then.
    package mutating func waitForEvents(
        atMost timeout: Duration?,
        _ body: (MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Void
    ) throws(KernelError) -> EventWait {
        guard try waitUntilReadable(atMost: timeout) else { return .timedOut }
        return try readEvents(body)
    }

    /// Calls `body` with every event that is queued, without waiting; for callers that poll the descriptor themselves.
    package mutating func readEvents(
        _ body: (MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Void
    ) throws(KernelError) -> EventWait {
        var outcome = EventWait.timedOut
        while true {
            switch try receive("receive", { "events" }) {
            case .nothing: return outcome
            case .cut, .overrun: outcome = .missed
            case .datagram(let length):
                if outcome == .timedOut { outcome = .received }
                do throws(MalformedMessage) {
                    try read(length, body)
                } catch {
                    throw KernelError("receive", "events", error)
                }
            }
        }
    }

    private func waitUntilReadable(atMost timeout: Duration?) throws(KernelError) -> Bool {
        let deadline = timeout.map { MonotonicClock.now() + $0 }
        while true {
            var entry = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
            let rest = deadline.map { Self.milliseconds(max(.zero, $0 - MonotonicClock.now())) }
            let ready = unsafe poll(&entry, 1, rest ?? -1)
            if ready >= 0 { return ready > 0 }
            let number = Glibc.errno
            guard number == EINTR else { throw KernelError("wait for", "events", errno: number) }
        }
    }

    /// Rounded up, so that a wait never ends early.
    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        let part = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(clamping: seconds * 1_000 + part)
    }
}
