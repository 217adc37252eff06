import Addressing
package import CNI
import JSON
package import NetworkModel
package import PodWiring

/// `bridge`: connects a pod to a Linux bridge by a veth pair, with addresses from an IPAM plugin.
package struct BridgePlugin<K: Kernel & ~Copyable>: Plugin {
    let surroundings: Surroundings<K>

    /// Works in these surroundings.
    package init(_ surroundings: Surroundings<K>) {
        self.surroundings = surroundings
    }

    /// `bridge`
    package var name: String { "bridge" }
    /// All.
    package var supportedVersions: [CNIVersion] { .all }

    /// Makes the attachment. A failed ADD gives the address back and leaves nothing behind.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try BridgeConfig(request)
        var kernel = try surroundings.kernel(request.netns)
        try kernel.refuseTakenVeth(request.attachment)
        return try surroundings.withAddresses(from: config.ipamType, request) { (given) throws(CNIError) in
            let desired = try BridgeDesired(addressing: config, request, given, surroundings.node)
            return try wire(desired, request, given.dns, &kernel)
        }
    }

    /// Removes the attachment and gives its addresses back; goes on after errors and reports all of them.
    package func del(_ request: Request) throws(CNIError) {
        try removal.remove(request)
    }

    /// Demands that everything is as ADD made it; what differs is in the error's details.
    package func check(_ request: Request) throws(CNIError) {
        let config = try BridgeConfig(request)
        let previous = try request.requiredPrevResult()
        if let ipamType = config.ipamType { try surroundings.delegate.check(ipamType, request) }
        var kernel = try surroundings.kernel(request.netns)
        let desired = try BridgeDesired(addressing: config, request, previous.own(in: request), surroundings.node)
        try desired.attachmentState.check(request, previous, in: &kernel)
    }

    /// Removes every attachment of this network that is not listed, the tables when they are empty, and bridges and
    /// gateways of VLANs that nobody uses; without a list, nothing.
    package func gc(_ request: NetworkRequest) throws(CNIError) {
        try removal.collectGarbage(request) { (links, kernel) throws(CNIError) in
            try BridgeSweep(links, surroundings.node, in: &kernel).unused
        }
    }

    /// Ready when addresses are to be had, the bridge's name is no other link's, and the kernel has what rules need.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        let config = try request.config.read { (field) throws(JSONError) in
            try BridgeConfig(field, cniArgs: .none)
        }
        var kernel = try surroundings.kernel("")
        try kernel.refuseOtherThanBridge(config.bridge)
        if config.ipMasq || config.isHostMode || config.checksSenders { try kernel.requireNftables() }
        if let ipamType = request.config.ipamType { try surroundings.delegate.status(ipamType, request) }
    }
}

extension BridgePlugin where K: ~Copyable {
    private var removal: AttachmentRemoval<K> {
        AttachmentRemoval(surroundings, tables: [PodTable.id, SenderGuard.table])
    }

    /// Brings the kernel to the desired state and answers the result.
    private func wire(
        _ desired: BridgeDesired,
        _ request: Request,
        _ dns: DNS,
        _ kernel: inout K
    ) throws(CNIError) -> CNIResult {
        let shared = try AttachmentWiring(desired.attachmentState, surroundings).run(in: &kernel)
        let own = request.config.dns.isEmpty ? dns : request.config.dns
        return desired.result(shared, dns: own, sandbox: request.netns)
            .following(request.config.prevResult)
    }
}

extension BridgeConfig {
    init(_ request: Request) throws(CNIError) {
        self = try request.config.read { (field) throws(JSONError) in
            try BridgeConfig(field, cniArgs: request.arguments)
        }
    }
}
