import Addressing
package import CNI
package import NetworkModel
package import PodWiring

/// `portmap`: publishes a pod's ports on the node's addresses. It is called after the plugin that makes the pod's link.
package struct PortMapPlugin<K: Kernel & ~Copyable>: Plugin {
    let surroundings: Surroundings<K>

    /// Works in these surroundings.
    package init(_ surroundings: Surroundings<K>) {
        self.surroundings = surroundings
    }

    /// `portmap`
    package var name: String { "portmap" }

    /// Publishes the ports and passes the result on. Without a port it only does the latter.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try PortMapConfig(request.config)
        guard let previous = request.config.prevResult else {
            throw CNIError(.invalidConfig, "must be called as chained plugin", details: "there is no prevResult")
        }
        guard !config.mappings.isEmpty else { return previous }
        let desired = try PortMapDesired(config, request.attachment, previous)
        guard !desired.published.isEmpty else { return previous }
        var kernel = try surroundings.kernel("")
        try desired.elements.ensure(in: &kernel, surroundings, refusing: desired.refuseTaken)
        // A flow that cannot be forgotten times out; no reason to fail when the port is published.
        _ = kernel.runBestEffort(NetworkPlan(steps: desired.staleFlows.map(Step.forgetFlows)))
        return previous
    }

    /// Demands that the ports are published as ADD did it.
    package func check(_ request: Request) throws(CNIError) {
        let config = try PortMapConfig(request.config)
        let previous = try request.requiredPrevResult()
        guard !config.mappings.isEmpty else { return }
        let desired = try PortMapDesired(config, request.attachment, previous)
        guard !desired.published.isEmpty else { return }
        var kernel = try surroundings.kernel("")
        let faults = try desired.elements.faults(in: &kernel)
        try CNIError.refuse(faults, "the ports of \(request.attachment) are not as ADD published them")
    }

    /// Takes back what the attachment has published, whatever the configuration says now, and what the reference plugin
    /// has published for it before the node changed over.
    package func del(_ request: Request) throws(CNIError) {
        var kernel = try surroundings.kernel("")
        var errors: [CNIError] = []
        errors.collect { () throws(CNIError) in
            try take(back: ElementRemoval(of: request, in: PortMapSet.isOwn), in: &kernel)
        }
        errors.collect { () throws(CNIError) in try kernel.removeReferencePorts(request) }
        if let error = CNIError(errors) { throw error }
    }

    /// Takes back the ports of this network's attachments that are not listed; without a list, nothing.
    package func gc(_ request: NetworkRequest) throws(CNIError) {
        guard let removal = ElementRemoval(unlistedIn: request, in: PortMapSet.isOwn) else { return }
        var kernel = try surroundings.kernel("")
        try take(back: removal, in: &kernel)
    }

    /// And has exactly the flows forgotten that came by these ports to these pods. A kernel without ctnetlink has none.
    private func take(back removal: ElementRemoval, in kernel: inout K) throws(CNIError) {
        let filters = PortMapClaim.all(in: try removal.run(in: &kernel)).compactMap(\.flows)
        let errors = kernel.runBestEffort(NetworkPlan(steps: filters.map(Step.forgetFlows)))
            .filter { $0.reason != .unsupported && $0.reason != .invalid }
        if let error = CNIError(errors.map { CNIError($0) }) { throw error }
    }

    /// Ready when the configuration is one and the kernel has nftables.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        _ = try PortMapConfig(request.config)
        var kernel = try surroundings.kernel("")
        try kernel.requireNftables()
    }
}
