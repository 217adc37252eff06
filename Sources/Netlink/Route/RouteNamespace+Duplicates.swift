import Addressing
import CNLRoute
import Glibc
import NetworkModel
import Posix

extension RouteNamespace {
    /// Waits until the kernel has found nobody else with an address of IPv6 (RFC 4862 §5.4); `.exists` when it has.
    mutating func awaitAddress(_ address: LinkAddress, atMost limit: Duration) throws(KernelError) {
        if try isSettled(address) { return }
        var events = try openSocket()
        try events.subscribe(to: Int(RTNLGRP_IPV6_IFADDR.rawValue))
        let deadline = MonotonicClock.now() + limit
        // Read again after subscribing: what changed before is no event.
        while try !isSettled(address) {
            let rest = max(.zero, deadline - MonotonicClock.now())
            guard try events.waitForEvents(atMost: rest, { _, _ in }) != .timedOut else {
                let text = "still not known to be nobody else's after \(limit)"
                throw KernelError("wait for address", "\(address)", reason: .other, text: text)
            }
        }
    }

    private mutating func isSettled(_ address: LinkAddress) throws(KernelError) -> Bool {
        let index = try index(of: address.link)
        let message = AddressMessages.dump(index: index)
        let records = try socket.dump(message, "read addresses", "of \(address.link)") {
            _,
            payload throws(MalformedMessage) in
            try AddressRecord(payload).flatMap { $0.index == index && $0.cidr == address.cidr ? $0 : nil }
        }
        guard let record = records.first else {
            throw KernelError("wait for address", "\(address)", errno: EADDRNOTAVAIL)
        }
        if record.isDuplicate {
            throw KernelError("add address", "\(address)", reason: .exists, text: "somebody else has it")
        }
        return !record.isTentative
    }
}
