package import CNI
package import NetworkModel
package import PodWiring

/// `sbr`: routes by the source of packets, for a pod with several interfaces. It is called after the plugin that makes one
/// of them; what the pod sends from that one's addresses leaves by it, whereto it may be.
package struct SbrPlugin<K: Kernel & ~Copyable>: Plugin {
    private let surroundings: Surroundings<K>

    /// Works in these surroundings.
    package init(_ surroundings: Surroundings<K>) {
        self.surroundings = surroundings
    }

    /// `sbr`
    package var name: String { "sbr" }

    /// Moves the interface's routes to tables that rules lead to, and passes the result on.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try SbrConfig(request.config)
        guard let previous = request.config.prevResult else {
            throw CNIError(.invalidConfig, "This plugin must be called as chained plugin")
        }
        let desired = try SbrDesired(config, request, previous)
        var kernel = try surroundings.kernel(request.netns)
        // Two interfaces of a pod may be set up at once, and each looks for free tables.
        try surroundings.exclusively { () throws(CNIError) in
            let found = try kernel.look(desired.scope)
            try kernel.carryOut(NetworkPlan(planning: found, to: desired.state(given: found)))
        }
        return previous
    }

    /// Demands that packets are routed as ADD had it; what others have added since is no fault.
    package func check(_ request: Request) throws(CNIError) {
        let config = try SbrConfig(request.config)
        let desired = try SbrDesired(config, request, request.requiredPrevResult())
        var kernel = try surroundings.kernel(request.netns)
        let found = try kernel.look(desired.scope)
        let differences = NetworkDiff(from: found, to: try desired.state(given: found)).differences
            .filter { $0.kind != .extra }
        let faults = differences.map(\.description)
        try CNIError.refuse(faults, "\(request.attachment) is not routed by source as ADD had it")
    }

    /// Removes rules and tables; a namespace that is gone has none, and those in another pod's are that pod's.
    package func del(_ request: Request) throws(CNIError) {
        guard !request.netns.isEmpty else { return }
        let removal = SbrRemoval(request)
        var kernel = try surroundings.kernel(request.netns)
        let found = try kernel.look(removal.scope)
        guard try !kernel.hasAnothers(found, than: request.attachment) else { return }
        let plan = NetworkDiff(from: found, to: removal.state(given: found)).planAroundConflicts
        try kernel.carryOutBestEffort(plan.steps)
    }

    /// Nothing outlives a pod's namespace.
    package func gc(_ request: NetworkRequest) throws(CNIError) {}

    /// Ready when the configuration is one and the kernel has rules for routing.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        _ = try SbrConfig(request.config)
        var kernel = try surroundings.kernel("")
        var scope = Scope()
        scope.rulesOf = [.host]
        try kernel.require("routing by rules", scope)
    }
}
