import Addressing
package import CNI
package import NetworkModel
package import PodWiring

/// `bandwidth`: how fast a pod may receive and send. It is called after the plugin that makes the pod's veth pair.
package struct BandwidthPlugin<K: Kernel & ~Copyable>: Plugin {
    private let surroundings: Surroundings<K>

    /// Works in these surroundings.
    package init(_ surroundings: Surroundings<K>) {
        self.surroundings = surroundings
    }

    /// `bandwidth`
    package var name: String { "bandwidth" }
    /// 0.3.0 and later, as the reference.
    package var supportedVersions: [CNIVersion] { .all.filter { $0 >= .v030 } }

    /// Shapes the pod's traffic and passes the result on, with the device that shapes what it sends. Without a limit
    /// nothing is looked at.
    package func add(_ request: Request) throws(CNIError) -> CNIResult {
        let config = try BandwidthConfig(request.config)
        guard config.ingress != nil || config.egress != nil else { return request.config.prevResult ?? CNIResult() }
        guard let previous = request.config.prevResult else {
            throw CNIError(.invalidConfig, "must be called as chained plugin", details: "prevResult is missing")
        }
        var kernel = try surroundings.kernel(request.netns)
        let desired = try desired(config, request, previous, in: &kernel)
        let found = try kernel.look(desired.scope)
        try kernel.carryOut(NetworkPlan(planning: found, to: desired.state(given: found)))
        return desired.result(previous)
    }

    /// Demands that the traffic is shaped as ADD had it.
    package func check(_ request: Request) throws(CNIError) {
        let config = try BandwidthConfig(request.config)
        guard config.ingress != nil || config.egress != nil else { return }
        var kernel = try surroundings.kernel(request.netns)
        let desired = try desired(config, request, request.requiredPrevResult(), in: &kernel)
        let found = try kernel.look(desired.scope)
        let differences = NetworkDiff(from: found, to: desired.state(given: found)).differences
        try CNIError.refuse(differences.map(\.description), "traffic of \(request.attachment) is not shaped as it was")
    }

    /// Removes the device; what is on the veth goes with that.
    package func del(_ request: Request) throws(CNIError) {
        let names = AttachmentNames(request.attachment)
        var kernel = try surroundings.kernel("")
        // One that a crash left without an alias is ours, too: nobody else has the name.
        guard let link = try kernel.link(LinkID(.host, names.ifb)), link.kind == .ifb,
            link.alias == names.tag || link.alias?.isEmpty ?? true
        else { return }
        try kernel.carryOutBestEffort([.deleteLink(link)])
    }

    /// Removes the devices of this network's attachments that are not listed; without a list, nothing.
    ///
    /// A device is made first and gets its alias second: one without, which nobody has switched on, is what a crash in
    /// between has left.
    package func gc(_ request: NetworkRequest) throws(CNIError) {
        guard let valid = request.config.validAttachments else { return }
        let kept = Set(valid.map { AttachmentNames($0).tag })
        let prefix = AttachmentNames.tagPrefix(of: request.config.name)
        var kernel = try surroundings.kernel("")
        let stale = try kernel.links().filter { link in
            guard link.kind == .ifb else { return false }
            guard let alias = link.alias, !alias.isEmpty else {
                return link.isUp == false && AttachmentNames.isIFB(link.id.name)
            }
            return alias.hasPrefix(prefix) && !kept.contains(alias)
        }
        try kernel.carryOutBestEffort(stale.map(Step.deleteLink))
    }

    /// Ready when the configuration is one and the kernel can shape traffic.
    package func status(_ request: NetworkRequest) throws(CNIError) {
        _ = try BandwidthConfig(request.config)
        var kernel = try surroundings.kernel("")
        // Every namespace has a `lo`.
        var scope = Scope()
        if let loopback = try? InterfaceName("lo") { scope.shapingOf = [LinkID(.host, loopback)] }
        try kernel.require("traffic shaping", scope)
    }
}

extension BandwidthPlugin where K: ~Copyable {
    private func desired(
        _ config: BandwidthConfig,
        _ request: Request,
        _ previous: CNIResult,
        in kernel: inout K
    ) throws(CNIError) -> BandwidthDesired {
        let inside = LinkID(.container, request.attachment.ifName)
        var scope = Scope()
        scope.links = Set(previous.interfaces.filter { $0.sandbox?.isEmpty ?? true }.compactMap(\.hostLink))
        scope.links.insert(inside)
        let veth = try kernel.look(scope).links.values.first { link in
            link.id.place == .host && link.kind == .veth(peer: inside)
        }
        guard let veth else {
            throw CNIError(
                .other,
                "no host interface found",
                details: "prevResult has no veth whose other end is \(inside)"
            )
        }
        return BandwidthDesired(config: config, names: AttachmentNames(request.attachment), veth: veth)
    }
}

extension CNIResult.Interface {
    /// The link of this name on the host.
    fileprivate var hostLink: LinkID? { (try? InterfaceName(name)).map { LinkID(.host, $0) } }
}
