import Addressing
import CNLRoute
import Glibc
import NetworkModel
import Posix

extension RouteNamespace {
    /// Waits until the kernel calls a link operational, and answers what it says of it; `.other` if that takes longer
    /// than `limit`.
    mutating func awaitCarrier(of link: LinkID, atMost limit: Duration) throws(KernelError) -> LinkRecord {
        if let record = try operational(link) { return record }
        var events = try openSocket()
        try events.subscribe(to: Int(RTNLGRP_LINK.rawValue))
        let deadline = MonotonicClock.now() + limit
        // Read again after subscribing: what changed before is no event.
        while true {
            if let record = try operational(link) { return record }
            try Self.awaitEvent(of: try index(of: link), in: &events, link, until: deadline, limit)
        }
    }

    /// What the kernel says of the link, if it is operational.
    private mutating func operational(_ link: LinkID) throws(KernelError) -> LinkRecord? {
        guard let record = try record(of: link.name) else {
            throw KernelError("wait for carrier of", "\(link)", errno: ENODEV)
        }
        return record.isOperational ? record : nil
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
