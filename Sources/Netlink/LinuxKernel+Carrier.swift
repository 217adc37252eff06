import NetworkModel

extension LinuxKernel {
    /// Waits until a link is operational, and with it what its frames go through: its bridge and its peer.
    ///
    /// The kernel tells each device of a new carrier for itself, some time later, and the device drops what it is given
    /// until then (net/core/link_watch.c; `dev_activate` in net/sched/sch_generic.c). A pod whose first packet is lost
    /// waits a second for the second one.
    mutating func awaitCarrier(of link: Link) throws(KernelError) {
        try awaitCarrier(ofOne: link.id, atMost: carrierLimit)
        if case .veth(let peer?) = link.kind { try awaitCarrier(ofOne: peer, atMost: carrierLimit) }
        if let master = link.master { try awaitCarrier(ofBridge: LinkID(link.id.place, master)) }
    }

    /// A bridge that is down, or that runs STP and listens for seconds first, is the administrator's wish and no error.
    private mutating func awaitCarrier(ofBridge id: LinkID) throws(KernelError) {
        guard let bridge = try record(of: id), bridge.isUp, !bridge.isOperational else { return }
        do throws(KernelError) {
            try awaitCarrier(ofOne: id, atMost: min(carrierLimit, .milliseconds(200)))
        } catch  where error.reason == .other {
            return
        }
    }

    private mutating func awaitCarrier(ofOne id: LinkID, atMost limit: Duration) throws(KernelError) {
        try inNamespace(of: id, "wait for carrier of") { space throws(KernelError) in
            try space.awaitCarrier(of: id, atMost: limit)
        }
    }
}
