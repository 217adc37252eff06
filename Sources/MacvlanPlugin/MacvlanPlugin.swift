import Addressing
package import CNI
import JSON
package import NetworkModel
package import PodWiring

/// `macvlan`: gives a pod a link of its own on the network of one of the host's links.
package struct MacvlanPlugin<K: Kernel & ~Copyable>: Plugin {
    let surroundings: Surroundings<K>

    /// Works in these surroundings.
    package init(_ surroundings: Surroundings<K>) {
        self.surroundings = surroundings
    }

    /// `macvlan`
    package var name: String { "macvlan" }
    /// All.
    package var supportedVersions: [CNIVersion] { .all }

    /// Makes the link, directly in the pod. A failed ADD gives the address back and leaves nothing behind.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try MacvlanConfig(request)
        var kernel = try surroundings.kernel(request.netns)
        try kernel.refuseTaken(request.attachment.ifName)
        let master = try kernel.master(config)
        return try surroundings.withAddresses(from: config.ipamType, request) { (given) throws(CNIError) in
            let desired = try MacvlanDesired(config, master, request, given)
            try AttachmentWiring(desired.attachmentState, surroundings).run(in: &kernel)
            return desired.result(
                dns: request.config.dns.isEmpty ? given.dns : request.config.dns,
                sandbox: request.netns
            )
            .following(request.config.prevResult)
        }
    }

    /// Removes the link and gives its addresses back; needs neither the master nor the namespace.
    package func del(_ request: Request) throws(CNIError) {
        try surroundings.delete(request) { () throws(CNIError) in
            guard !request.netns.isEmpty else { return }
            var kernel = try surroundings.kernel(request.netns)
            let id = LinkID(.container, request.attachment.ifName)
            guard let link = try kernel.link(id), link.isMacvlan(of: AttachmentNames(request.attachment)) else {
                return
            }
            try kernel.carryOutBestEffort([.deleteLink(link)])
        }
    }

    /// Demands that everything is as ADD made it; what differs is in the error's details.
    package func check(_ request: Request) throws(CNIError) {
        let config = try MacvlanConfig(request)
        let previous = try request.requiredPrevResult()
        if let ipamType = config.ipamType { try surroundings.delegate.check(ipamType, request) }
        var kernel = try surroundings.kernel(request.netns)
        let master = try kernel.master(config)
        let desired = try MacvlanDesired(config, master, request, previous.own(in: request))
        try desired.attachmentState.check(request, previous, in: &kernel)
    }

    /// A macvlan goes with its namespace, so only addresses can be left.
    package func gc(_ request: NetworkRequest) throws(CNIError) {
        if let ipamType = request.config.ipamType { try surroundings.delegate.gc(ipamType, request) }
    }

    /// Ready when there is a master on the host and addresses are to be had.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        let config = try request.config.read { (field) throws(JSONError) in
            try MacvlanConfig(field, cniArgs: .none)
        }
        if !config.isMasterInContainer {
            var kernel = try surroundings.kernel("")
            do {
                _ = try kernel.master(config)
            } catch {
                throw CNIError(.notAvailable, error.message, details: error.details)
            }
        }
        if let ipamType = config.ipamType { try surroundings.delegate.status(ipamType, request) }
    }
}

extension MacvlanConfig {
    init(_ request: Request) throws(CNIError) {
        self = try request.config.read { (field) throws(JSONError) in
            try MacvlanConfig(field, cniArgs: request.arguments)
        }
    }
}

extension MacvlanDesired {
    /// What is desired with what IPAM answered; refuses an MTU that the master has not.
    init(
        _ config: MacvlanConfig,
        _ master: Link,
        _ request: Request,
        _ given: CNIResult
    ) throws(CNIError) {
        if let mtu = config.mtu, let limit = master.mtu, mtu > limit {
            throw CNIError(.invalidConfig, "invalid MTU \(mtu), must be [0, master MTU(\(limit))]")
        }
        guard config.ipamType == nil || !given.ips.isEmpty else {
            throw CNIError(.other, "IPAM plugin returned missing IP config")
        }
        self.init(
            config: config,
            attachment: request.attachment,
            master: master,
            addresses: given.ips.map { PodAddress($0.address, gateway: $0.gateway) },
            routes: given.routes.map(PodRoute.init)
        )
    }
}

extension Kernel where Self: ~Copyable {
    /// The link that the macvlan is to be on.
    fileprivate mutating func master(_ config: MacvlanConfig) throws(CNIError) -> Link {
        guard let name = config.master else { return try require(LinkID(.host, try defaultRouteLink())) }
        return try require(LinkID(config.isMasterInContainer ? .container : .host, name))
    }

    private mutating func require(_ master: LinkID) throws(CNIError) -> Link {
        guard let link = try link(master) else {
            throw CNIError(.invalidConfig, #"failed to lookup master "\#(master.name)": Link not found"#)
        }
        return link
    }

    private mutating func defaultRouteLink() throws(CNIError) -> InterfaceName {
        for family in IPAddress.Family.allCases {
            var scope = Scope()
            scope.hostRoutesTo = [.everything(family)]
            if let route = try look(scope).routes.first { return route.link.name }
        }
        throw CNIError(.invalidConfig, "no default route interface found", details: "master: name one")
    }
}

extension Link {
    /// Whether it is the attachment's macvlan; one that a crash left without an alias is, too.
    fileprivate func isMacvlan(of names: AttachmentNames) -> Bool {
        guard case .macvlan = kind else { return false }
        return alias == names.tag || alias?.isEmpty ?? true
    }
}
