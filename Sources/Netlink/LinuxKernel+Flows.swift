import Addressing
package import NetworkModel

extension LinuxKernel {
    /// The flows of the host's connection tracking that the filter means.
    package mutating func flows(_ filter: FlowFilter) throws(KernelError) -> [Flow] {
        var socket = try ConntrackSocket()
        let flows = try socket.flows(filter)
        guard filter.toNodeOnly else { return flows }
        var isOfNode: [IPAddress: Bool] = [:]
        for address in Set(flows.map(\.destination.address)) { isOfNode[address] = try host.isLocal(address) }
        return flows.filter { isOfNode[$0.destination.address] ?? false }
    }

    /// Has connection tracking forget flows; returns how many were still there.
    package mutating func forget(_ flows: [Flow]) throws(KernelError) -> Int {
        guard !flows.isEmpty else { return 0 }
        var socket = try ConntrackSocket()
        var count = 0
        for flow in flows where try socket.forget(flow) { count += 1 }
        return count
    }
}
