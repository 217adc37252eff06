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
    package mutating func refuseTaken(_ interface: LinkID, _ words: (LinkID) -> String) throws(CNIError) {
        var scope = Scope()
        scope.links = [interface]
        guard try look(scope).links[interface] == nil else { throw CNIError(.other, words(interface)) }
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
