import Addressing
import CNI
import NetworkModel
import PodWiring

/// CHECK: the difference that ADD would remove must be none.
///
/// Later plugins of the chain may add to a pod's link and change its MTU or hardware address (tuning does); the result
/// that the runtime hands back says so, and what is only there in addition is no fault.
struct BridgeCheck {
    let desired: BridgeDesired
    let previous: CNIResult
    let request: Request

    init(_ desired: BridgeDesired, _ previous: CNIResult, _ request: Request) {
        self.desired = desired
        self.previous = previous
        self.request = request
    }

    func run<K: Kernel & ~Copyable>(in kernel: inout K) throws(CNIError) {
        try checkSandbox()
        let shared = try kernel.look(desired.sharedScope)
        let wanted = try desired.sharedState(given: shared)
        let table = wanted.ruleset.tables[BridgeRuleset.table]
        let owned = try kernel.look(desired.ownedScope)
        let faults =
            NetworkDiff(from: shared, to: wanted).faults
            + NetworkDiff(from: owned, to: tolerating(desired.owned(given: shared, structure: table))).faults
        guard faults.isEmpty else {
            throw CNIError(
                .other,
                "\(request.attachment) is not as ADD made it",
                details: faults.joined(separator: "\n")
            )
        }
    }

    private func checkSandbox() throws(CNIError) {
        let ifName = request.attachment.ifName.text
        guard let interface = previous.interfaces.first(where: { $0.name == ifName && $0.sandbox != nil }) else {
            throw CNIError(
                .invalidConfig,
                "invalid config",
                details: "prevResult.interfaces: no \(ifName) with a sandbox"
            )
        }
        guard interface.sandbox == request.netns else {
            throw CNIError(
                .invalidConfig,
                "invalid config",
                details:
                    "prevResult.interfaces: sandbox of \(ifName) is \(interface.sandbox ?? ""), CNI_NETNS \(request.netns)"
            )
        }
    }

    /// The pod's hardware address and MTU as the result has them: a later plugin may have set others.
    private func tolerating(_ state: NetworkState) -> NetworkState {
        let interface = previous.interfaces.first { $0.name == request.attachment.ifName.text && $0.sandbox != nil }
        var state = state
        let id = LinkID(.container, request.attachment.ifName)
        if let mac = interface?.macAddress { state.links[id]?.mac = mac }
        state.links[id]?.mtu = interface?.mtu
        return state
    }
}

extension NetworkDiff {
    /// What is missing or otherwise than it should be, in words.
    fileprivate var faults: [String] {
        differences.filter { $0.kind != .extra }.map(\.description)
    }
}
