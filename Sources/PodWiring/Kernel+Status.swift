package import Addressing
package import CNI
package import NetworkModel

/// STATUS: whether the kernel has what an ADD needs, by looks that change nothing and cost the same with every number of
/// pods.
extension Kernel where Self: ~Copyable {
    /// Answers 50 when there is no nftables, or none that we may ask.
    package mutating func requireNftables() throws(CNIError) {
        do {
            _ = try generation()
        } catch {
            throw CNIError(error, asLackOf: "nftables")
        }
    }

    /// Answers 50 when what the scope names cannot be asked for; `feature` is what the kernel is then said not to have.
    package mutating func require(_ feature: String, _ scope: Scope) throws(CNIError) {
        do {
            _ = try observe(scope)
        } catch {
            throw CNIError(error, asLackOf: feature)
        }
    }

    /// Answers 51 when another kind of link has the bridge's name: no ADD can succeed, and pods that were on the bridge
    /// are cut off. One that is missing or down is no reason, since the next ADD makes it and sets it up.
    package mutating func refuseOtherThanBridge(_ bridge: InterfaceName) throws(CNIError) {
        guard let found = try link(LinkID(.host, bridge)), found.kind != .bridge else { return }
        throw CNIError(
            .limitedConnectivity,
            #""\#(bridge)" already exists but is not a bridge"#,
            details: "link \(bridge): wanted bridge, found \(found.kind)"
        )
    }
}

extension CNIError {
    /// What passes by itself is said to do so; everything else keeps every ADD from succeeding.
    fileprivate init(_ error: KernelError, asLackOf feature: String) {
        switch error.reason {
        case .busy, .interrupted, .exhausted:
            self.init(error)
        case .unsupported, .invalid:
            self.init(.notAvailable, "the kernel has no \(feature)", details: error.description)
        case .exists, .notFound, .denied, .other:
            self.init(.notAvailable, "\(error.operation) \(error.subject)", details: error.description)
        }
    }
}
