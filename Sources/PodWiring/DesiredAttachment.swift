import Addressing
package import CNI
package import NetworkModel

/// What one attachment should look like, in two parts: what pods share, which ADD ensures and DEL leaves, and what the
/// attachment owns, which DEL removes.
package struct DesiredAttachment {
    /// What to look at for the shared part.
    package let sharedScope: Scope
    /// What to look at for the owned part.
    package let ownedScope: Scope
    /// What the shared part should be, given what is there of it.
    package let shared: (_ observed: NetworkState) throws(CNIError) -> NetworkState
    /// What the owned part should be, given what was seen of the shared part and the tables as that part leaves them.
    package let owned: (_ shared: NetworkState, _ structure: Ruleset) -> NetworkState

    /// Collects the parts.
    package init(
        sharedScope: Scope,
        ownedScope: Scope,
        shared: @escaping (_ observed: NetworkState) throws(CNIError) -> NetworkState,
        owned: @escaping (_ shared: NetworkState, _ structure: Ruleset) -> NetworkState
    ) {
        self.sharedScope = sharedScope
        self.ownedScope = ownedScope
        self.shared = shared
        self.owned = owned
    }
}

extension DesiredAttachment {
    /// CHECK: the difference that ADD would remove must be none; what differs is in the error's details.
    ///
    /// Later plugins of the chain may add to a pod's link and change its MTU or hardware address (tuning does); the
    /// result that the runtime hands back says so, and what is only there in addition is no fault. They may also move
    /// its routes to other tables (sbr does).
    package func check<K: Kernel & ~Copyable>(
        _ request: Request,
        _ previous: CNIResult,
        in kernel: inout K
    ) throws(CNIError) {
        let interface = try previous.sandboxed(request)
        let found = try kernel.look(sharedScope)
        let wanted = try shared(found)
        var state = owned(found, wanted.ruleset).tolerating(interface, request.attachment.ifName)
        var foundOwned = try kernel.look(ownedScope)
        if !NetworkDiff(from: foundOwned, to: state).routes.missing.isEmpty {
            let tables = try kernel.look(.tables)
            foundOwned.routes.formUnion(tables.routes.filter { $0.table != Route.mainTable })
            state = state.tolerating(tables)
        }
        let faults =
            NetworkDiff(from: found, to: wanted).faults + NetworkDiff(from: foundOwned, to: state).faults
        try CNIError.refuse(faults, "\(request.attachment) is not as ADD made it")
    }
}

extension CNIResult {
    /// The request's own interface, which must be in the request's sandbox.
    fileprivate func sandboxed(_ request: Request) throws(CNIError) -> Interface {
        let ifName = request.attachment.ifName
        guard let interface = interfaces.first(where: { $0.name == ifName.text && $0.sandbox != nil }) else {
            throw .prevResult("interfaces: no \(ifName) with a sandbox")
        }
        guard interface.sandbox == request.netns else {
            let sandbox = interface.sandbox ?? ""
            throw .prevResult("interfaces: sandbox of \(ifName) is \(sandbox), CNI_NETNS \(request.netns)")
        }
        return interface
    }
}

extension CNIError {
    fileprivate static func prevResult(_ fault: String) -> CNIError {
        CNIError(.invalidConfig, "invalid config", details: "prevResult.\(fault)")
    }
}

extension NetworkState {
    /// The pod's hardware address and MTU as the result has them: a later plugin may have set others.
    fileprivate func tolerating(_ interface: CNIResult.Interface, _ ifName: InterfaceName) -> NetworkState {
        var state = self
        let id = LinkID(.container, ifName)
        if let mac = interface.macAddress { state.links[id]?.mac = mac }
        state.links[id]?.mtu = interface.mtu
        return state
    }

    /// Without the pod's routes to what it reaches by the same link and another table.
    fileprivate func tolerating(_ found: NetworkState) -> NetworkState {
        var state = self
        state.routes = routes.filter { route in
            route.link.place == .host || !found.routes.contains { $0.isMoved(from: route) }
        }
        return state
    }
}

extension Scope {
    /// Every routing table of the pod.
    fileprivate static var tables: Scope {
        var scope = Scope()
        scope.tablesOf = [.container]
        return scope
    }
}

extension Route {
    fileprivate func isMoved(from other: Route) -> Bool {
        link == other.link && destination == other.destination && table != other.table
    }
}

extension NetworkDiff {
    /// What is missing or otherwise than it should be, in words.
    fileprivate var faults: [String] {
        differences.filter { $0.kind != .extra }.map(\.description)
    }
}
