import Addressing
import NetworkModel

extension LinuxKernel {
    /// Forgets the flows that the filter means.
    mutating func forgetFlows(_ filter: FlowFilter) throws(KernelError) {
        var socket = try ConntrackSocket()
        var isOfNode: [IPAddress: Bool] = [:]
        for flow in try socket.flows(filter) {
            let address = flow.destination.address
            if filter.toNodeOnly, isOfNode[address] == nil { isOfNode[address] = try host.isLocal(address) }
            guard flow.matches(filter, isOfNode: { isOfNode[$0] ?? false }) else { continue }
            try socket.forget(flow)
        }
    }
}
