import Addressing
package import CNI
package import NetworkModel
package import PodWiring

/// `firewall`: which pods may send packets to a pod. It is called after the plugin that makes the pod's link.
///
/// The policy `open` needs nothing: no rule of ours drops a pod's packets, and one that others have cannot be overruled by
/// an accept of ours, since every table has a say.
package struct FirewallPlugin<K: Kernel & ~Copyable>: Plugin {
    let surroundings: Surroundings<K>

    /// Works in these surroundings.
    package init(_ surroundings: Surroundings<K>) {
        self.surroundings = surroundings
    }

    /// `firewall`
    package var name: String { "firewall" }
    /// 0.4.0 and later, as the reference.
    package var supportedVersions: [CNIVersion] { .all.filter { $0 >= .v040 } }

    /// Puts the policy in force and passes the result on.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try FirewallConfig(request.config)
        guard let previous = request.config.prevResult else {
            throw CNIError(.invalidConfig, "missing prevResult from earlier plugin")
        }
        guard let desired = try FirewallDesired(config, request.attachment, previous) else { return previous }
        var kernel = try surroundings.kernel("")
        try desired.refuseBlindness(try kernel.look(desired.sight))
        try desired.elements.ensure(in: &kernel, surroundings)
        return previous
    }

    /// Demands that the policy is in force; looks and nothing else.
    package func check(_ request: Request) throws(CNIError) {
        let config = try FirewallConfig(request.config)
        let previous = try request.requiredPrevResult()
        guard let desired = try FirewallDesired(config, request.attachment, previous) else { return }
        var kernel = try surroundings.kernel("")
        try desired.refuseBlindness(try kernel.look(desired.sight))
        let faults = try desired.elements.faults(in: &kernel)
        try CNIError.refuse(faults, "the policy of \(request.attachment) is not as ADD put it in force")
    }

    /// Takes back what the attachment has in the table, whatever its addresses are now, and what the reference plugin has
    /// let pass for its addresses before the node changed over.
    package func del(_ request: Request) throws(CNIError) {
        var kernel = try surroundings.kernel("")
        var errors: [CNIError] = []
        errors.collect { () throws(CNIError) in
            try ElementRemoval(of: request, in: FirewallSet.isOwn).run(in: &kernel)
        }
        errors.collect { () throws(CNIError) in try kernel.removeReferencePolicy(request) }
        if let error = CNIError(errors) { throw error }
    }

    /// Takes back what this network's attachments that are not listed have in the table; without a list, nothing.
    package func gc(_ request: NetworkRequest) throws(CNIError) {
        guard let removal = ElementRemoval(unlistedIn: request, in: FirewallSet.isOwn) else { return }
        var kernel = try surroundings.kernel("")
        try removal.run(in: &kernel)
    }

    /// Ready when the configuration is one and the kernel has what its policy needs.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        guard try FirewallConfig(request.config).policy != .open else { return }
        var kernel = try surroundings.kernel("")
        try kernel.requireNftables()
    }
}
