package import Addressing
package import CNI
package import NetworkModel

/// A kernel as plugins use it: an error is the plugin's answer.
extension Kernel where Self: ~Copyable {
    /// Observes for a plugin.
    package mutating func look(_ scope: Scope) throws(CNIError) -> NetworkState {
        do {
            return try observe(scope)
        } catch {
            throw CNIError(error)
        }
    }

    /// The host's links for a plugin.
    package mutating func links() throws(CNIError) -> [Link] {
        do {
            return try hostLinks()
        } catch {
            throw CNIError(error)
        }
    }

    /// Runs a plan for a plugin.
    package mutating func carryOut(_ plan: NetworkPlan) throws(CNIError) {
        do {
            try run(plan)
        } catch {
            throw CNIError(error)
        }
    }

    /// The interface must not be there: whatever has its name is not ours to take. Asked before IPAM is, so that a
    /// repeated ADD changes nothing at all.
    package mutating func refuseTakenVeth(_ attachment: Attachment) throws(CNIError) {
        guard try isTaken(attachment.ifName) else { return }
        let peer = AttachmentNames(attachment).hostVeth
        let words = #"container veth name ("\#(attachment.ifName)") peer provided ("\#(peer)") already exists"#
        throw CNIError(.other, words)
    }

    /// The same in the words of plugins without a pair.
    package mutating func refuseTaken(_ ifName: InterfaceName) throws(CNIError) {
        guard try isTaken(ifName) else { return }
        throw CNIError(.other, #"interface "\#(ifName)" already exists in the container"#)
    }

    /// One link, or nil when there is none of this name.
    package mutating func link(_ id: LinkID) throws(CNIError) -> Link? {
        var scope = Scope()
        scope.links.insert(id)
        return try look(scope).links[id]
    }

    /// Whether the pod's link is the inner end of another attachment's pair, whose outer end says so.
    ///
    /// DEL may be given another pod's namespace: the kernel gives the number in `/proc/17/ns/net` to other processes.
    package mutating func isAnothers(_ link: Link, than attachment: Attachment) throws(CNIError) -> Bool {
        let names = AttachmentNames(attachment)
        guard case .veth(let peer?) = link.kind, peer != LinkID(.host, names.hostVeth) else { return false }
        guard let tag = try self.link(peer)?.alias else { return false }
        return AttachmentNames.isTag(tag) && tag != names.tag
    }

    /// Whether one of these links is so.
    package mutating func hasAnothers(_ found: NetworkState, than attachment: Attachment) throws(CNIError) -> Bool {
        for link in found.links.values where try isAnothers(link, than: attachment) { return true }
        return false
    }

    /// Runs every step of DEL; what is gone already is no error.
    package mutating func carryOutBestEffort(_ steps: [Step]) throws(CNIError) {
        let errors = runBestEffort(NetworkPlan(steps: steps))
        if let error = CNIError(errors.map { CNIError($0) }) { throw error }
    }

    private mutating func isTaken(_ ifName: InterfaceName) throws(CNIError) -> Bool {
        do {
            return try isThere(LinkID(.container, ifName))
        } catch {
            throw CNIError(error)
        }
    }
}

extension NetworkPlan {
    /// As `init(from:to:)`, with the conflict as the plugin's answer.
    package init(planning observed: NetworkState, to desired: NetworkState) throws(CNIError) {
        do {
            self = try NetworkPlan(from: observed, to: desired)
        } catch {
            throw CNIError(
                .other,
                #""\#(error.link)" already exists but is not \#(error.wanted == nil ? "ours" : "what is wanted")"#,
                details: error.description
            )
        }
    }
}
