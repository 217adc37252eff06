import Addressing
import CNLRoute
import Glibc
import NetworkModel
import Posix

extension RouteNamespace {
    /// Waits until the kernel calls a link operational; `.other` if that takes longer than `limit`.
    mutating func awaitCarrier(of link: LinkID, atMost limit: Duration) throws(KernelError) {
        if try isOperational(link) { return }
        var events = try openSocket()
        try events.subscribe(to: Int(RTNLGRP_LINK.rawValue))
        let deadline = MonotonicClock.now() + limit
        // Read again after subscribing: what changed before is no event.
        while try !isOperational(link) {
            try Self.awaitEvent(of: try index(of: link), in: &events, link, until: deadline, limit)
        }
    }

    private mutating func isOperational(_ link: LinkID) throws(KernelError) -> Bool {
        guard let record = try record(of: link.name) else {
            throw KernelError("wait for carrier of", "\(link)", errno: ENODEV)
        }
        return record.isOperational
    }

    /// Returns when something has happened to the link, or may have.
    private static func awaitEvent(
        of index: Int32,
        in events: inout NetlinkSocket,
        _ link: LinkID,
        until deadline: Duration,
        _ limit: Duration
    ) throws(KernelError) {
        var isMeant = false
        while !isMeant {
            let rest = max(.zero, deadline - MonotonicClock.now())
            let wait = try events.waitForEvents(atMost: rest) { _, payload throws(MalformedMessage) in
                if try payload.load(at: 0, as: ifinfomsg.self).ifi_index == index { isMeant = true }
            }
            if wait == .missed { return }
            guard wait == .received else {
                let text = "not operational after \(limit)"
                throw KernelError("wait for carrier of", "\(link)", reason: .other, text: text)
            }
        }
    }
}
