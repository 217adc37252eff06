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
        try refuseTaken(request.attachment, in: &kernel)
        guard let ipamType = config.ipamType else {
            return try wire(BridgeDesired(config, request, CNIResult(), surroundings.node), request, in: &kernel)
        }
        do {
            let given = try surroundings.delegate.add(ipamType, request)
            let desired = try BridgeDesired(addressing: config, request, given, surroundings.node)
            return try wire(desired, request, in: &kernel, dns: given.dns)
        } catch {
            throw giveBack(ipamType, request, after: error)
        }
    }

    /// Demands that everything is as ADD made it; what differs is in the error's details.
    package func check(_ request: Request) throws(CNIError) {
        let config = try BridgeConfig(request)
        let previous = try request.requiredPrevResult()
        if let ipamType = config.ipamType { try surroundings.delegate.check(ipamType, request) }
        var kernel = try surroundings.kernel(request.netns)
        let desired = try BridgeDesired(addressing: config, request, previous.own(in: request), surroundings.node)
        try BridgeCheck(desired, previous, request).run(in: &kernel)
    }

    /// Ready when addresses are to be had.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        _ = try request.config.read { (field) throws(JSONError) in try BridgeConfig(field, cniArgs: .none) }
        if let ipamType = request.config.ipamType { try surroundings.delegate.status(ipamType, request) }
    }
}

/// The steps of ADD.
extension BridgePlugin where K: ~Copyable {
    /// The interface must not be there: whatever has its name is not ours to take. Asked before IPAM is, so that a
    /// repeated ADD changes nothing at all.
    private func refuseTaken(_ attachment: Attachment, in kernel: inout K) throws(CNIError) {
        let veth = LinkID(.container, attachment.ifName)
        var scope = Scope()
        scope.links = [veth]
        guard try kernel.look(scope).links[veth] == nil else {
            let peer = AttachmentNames(attachment).hostVeth
            throw CNIError(.other, #"container veth name ("\#(veth.name)") peer provided ("\#(peer)") already exists"#)
        }
    }

    /// Brings the kernel to the desired state and answers the result.
    private func wire(
        _ desired: BridgeDesired,
        _ request: Request,
        in kernel: inout K,
        dns: DNS = DNS()
    ) throws(CNIError) -> CNIResult {
        let bridgeMAC = try BridgeWiring(desired, surroundings).run(in: &kernel)
        let own = request.config.dns.isEmpty ? dns : request.config.dns
        return desired.result(bridgeMAC: bridgeMAC, dns: own, sandbox: request.netns)
            .following(request.config.prevResult)
    }

    /// Runs IPAM's DEL after a failed ADD, IPAM's own included: what it did before it failed is its secret.
    private func giveBack(_ ipamType: String, _ request: Request, after error: CNIError) -> CNIError {
        do {
            try surroundings.delegate.del(ipamType, request)
            return error
        } catch let leftover {
            return error.adding("address not given back: \(leftover)")
        }
    }
}

extension BridgeConfig {
    init(_ request: Request) throws(CNIError) {
        self = try request.config.read { (field) throws(JSONError) in
            try BridgeConfig(field, cniArgs: request.arguments)
        }
    }
}

extension CNIResult {
    /// The part of a network's result that is about the request's own interface.
    func own(in request: Request) -> CNIResult {
        var own = self
        own.ips = ips.filter { ip in
            interface(of: ip).map { $0.name == request.attachment.ifName.text && $0.sandbox != nil } ?? true
        }
        return own
    }
}

extension Kernel where Self: ~Copyable {
    /// Observes for a plugin; an error is the plugin's answer.
    mutating func look(_ scope: Scope) throws(CNIError) -> NetworkState {
        do {
            return try observe(scope)
        } catch {
            throw CNIError(error)
        }
    }
}
