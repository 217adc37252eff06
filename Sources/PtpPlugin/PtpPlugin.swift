import Addressing
package import CNI
import JSON
package import NetworkModel
package import PodWiring

/// `ptp`: connects a pod to its host by a veth pair of its own, without a bridge.
package struct PtpPlugin<K: Kernel & ~Copyable>: Plugin {
    let surroundings: Surroundings<K>

    /// Works in these surroundings.
    package init(_ surroundings: Surroundings<K>) {
        self.surroundings = surroundings
    }

    /// `ptp`
    package var name: String { "ptp" }
    /// All.
    package var supportedVersions: [CNIVersion] { .all }

    /// Makes the attachment. A failed ADD gives the address back and leaves nothing behind.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try request.config.read(PtpConfig.init)
        var kernel = try surroundings.kernel(request.netns)
        try kernel.refuseTakenVeth(request.attachment)
        return try surroundings.withAddresses(from: config.ipamType, request) { (given) throws(CNIError) in
            let desired = try PtpDesired(config, request, given)
            try AttachmentWiring(desired.attachmentState, surroundings).run(in: &kernel)
            return desired.result(dns: config.dns ?? given.dns, sandbox: request.netns)
                .following(request.config.prevResult)
        }
    }

    /// Removes the attachment and gives its addresses back; goes on after errors and reports all of them.
    package func del(_ request: Request) throws(CNIError) {
        try AttachmentRemoval(surroundings).remove(request)
    }

    /// Demands that everything is as ADD made it; what differs is in the error's details.
    package func check(_ request: Request) throws(CNIError) {
        let config = try request.config.read(PtpConfig.init)
        let previous = try request.requiredPrevResult()
        if let ipamType = config.ipamType { try surroundings.delegate.check(ipamType, request) }
        var kernel = try surroundings.kernel(request.netns)
        let desired = try PtpDesired(config, request, previous.own(in: request))
        try desired.attachmentState.check(request, previous, in: &kernel)
    }

    /// Removes every attachment of this network that is not listed, and the table when it is empty; without a list,
    /// nothing.
    package func gc(_ request: NetworkRequest) throws(CNIError) {
        try AttachmentRemoval(surroundings).collectGarbage(request)
    }

    /// Ready when addresses are to be had.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        let config = try request.config.read(PtpConfig.init)
        if config.ipMasq || config.isHostMode {
            var kernel = try surroundings.kernel("")
            try kernel.requireNftables()
        }
        if let ipamType = config.ipamType { try surroundings.delegate.status(ipamType, request) }
    }
}

extension PtpDesired {
    /// What is desired with what IPAM answered; refuses an answer that no pair can be made of.
    init(_ config: PtpConfig, _ request: Request, _ given: CNIResult) throws(CNIError) {
        guard config.ipamType == nil || !given.ips.isEmpty else {
            throw CNIError(.other, "IPAM plugin returned missing IP config")
        }
        if let orphan = given.ips.first(where: { $0.gateway == nil }) {
            let details = "ipam: ptp reaches everything by a gateway, and there is none for \(orphan.address)"
            throw CNIError(.invalidConfig, "invalid config", details: details)
        }
        self.init(
            config: config,
            attachment: request.attachment,
            addresses: given.ips.map {
                PodAddress(config.isHostMode ? $0.address.hostOnly : $0.address, gateway: $0.gateway)
            },
            routes: given.routes.map(PodRoute.init)
        )
    }

    /// The result in the reference's order: host end, container end.
    func result(dns: DNS, sandbox: String) -> CNIResult {
        CNIResult(
            interfaces: [
                CNIResult.Interface(names.hostVeth, mac: names.hostMAC, mtu: config.mtu),
                CNIResult.Interface(attachment.ifName, mac: names.containerMAC, mtu: config.mtu, sandbox: sandbox),
            ],
            ips: addresses.map { CNIResult.IP($0.cidr, gateway: $0.gateway, interface: 1) },
            routes: pod.namedRoutes,
            dns: dns
        )
    }
}
