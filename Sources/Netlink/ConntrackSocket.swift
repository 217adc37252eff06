import Addressing
package import NetworkModel

/// The connection tracking table of one network namespace.
package struct ConntrackSocket: ~Copyable, Sendable {
    private var socket: NetlinkSocket
    /// How many flows the kernel has handed out, whether they were meant or not.
    package private(set) var handedOut = 0

    /// Opens a socket in the calling thread's namespace.
    package init() throws(KernelError) {
        socket = try NetlinkSocket(.netfilter)
    }

    /// The flows that the filter's protocol, addresses and ports fit; the kernel leaves out all others.
    ///
    /// Protocol, addresses, ports and state are compared in the kernel (`CTA_FILTER`, Linux 5.8; `CTA_STATUS_MASK`,
    /// Linux 5.19), so what comes here is what is meant and not the table. A kernel that cannot hands out more, which is
    /// left out here one by one. `toNodeOnly` is the caller's to ask.
    package mutating func flows(_ filter: FlowFilter) throws(KernelError) -> [Flow] {
        var count = 0
        defer { handedOut += count }
        return try socket.dump(ConntrackMessages.dump(filter), "read flows of", "\(filter)") {
            _,
            payload throws(MalformedMessage) in
            count += 1
            guard let flow = try ConntrackMessages.flow(payload), flow.matches(filter, isOfNode: { _ in true }) else {
                return nil
            }
            return flow
        }
    }

    /// Forgets one flow; false when it is gone already.
    @discardableResult
    package mutating func forget(_ flow: Flow) throws(KernelError) -> Bool {
        do throws(KernelError) {
            try socket.request(ConntrackMessages.delete(flow), "forget flow", "\(flow.source) to \(flow.destination)")
            return true
        } catch  where error.reason == .notFound {
            return false
        }
    }
}
