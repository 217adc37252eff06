import Addressing
package import CNI
import NetworkModel

/// Addresses from another plugin.
extension Surroundings where K: ~Copyable {
    /// Runs IPAM's ADD and then `wire` with its answer, or with an empty one for a network without addresses.
    ///
    /// When the latter fails IPAM's DEL follows.
    package func withAddresses(
        from ipamType: String?,
        _ request: Request,
        _ wire: (CNIResult) throws(CNIError) -> CNIResult
    ) throws(CNIError) -> CNIResult {
        guard let ipamType else { return try wire(CNIResult()) }
        let given = try delegate.add(ipamType, request)
        do {
            return try wire(given)
        } catch {
            throw giveBack(ipamType, request, after: error)
        }
    }

    /// DEL of what is not a pair: removes it with `body` and gives its addresses back; goes on after errors and reports
    /// all of them.
    package func delete(_ request: Request, _ body: () throws(CNIError) -> Void) throws(CNIError) {
        var errors: [CNIError] = []
        errors.collect(body)
        if let ipamType = request.config.ipamType {
            // The address comes last: whoever gets it next must not meet the pod that had it.
            errors.collect { () throws(CNIError) in try delegate.del(ipamType, request) }
        }
        if let error = CNIError(errors) { throw error }
    }

    private func giveBack(_ ipamType: String, _ request: Request, after error: CNIError) -> CNIError {
        do {
            try delegate.del(ipamType, request)
            return error
        } catch let leftover {
            return error.adding("address not given back: \(leftover)")
        }
    }
}

extension CNIResult {
    /// The part of a network's result that is about the request's own interface.
    package func own(in request: Request) -> CNIResult {
        var own = self
        own.ips = ips.filter { ip in
            interface(of: ip).map { $0.name == request.attachment.ifName.text && $0.sandbox != nil } ?? true
        }
        return own
    }

    /// An earlier plugin's result with this one's added; indices of interfaces move along.
    package func following(_ previous: CNIResult?) -> CNIResult {
        guard let previous else { return self }
        let offset = previous.interfaces.count
        var merged = previous
        merged.interfaces += interfaces
        merged.ips += ips.map { ip in
            var moved = ip
            moved.interface = ip.interface.map { $0 + offset }
            return moved
        }
        merged.routes += routes
        if !dns.isEmpty { merged.dns = dns }
        return merged
    }
}
