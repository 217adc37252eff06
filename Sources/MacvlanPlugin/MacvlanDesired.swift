package import Addressing
import CNI
package import NetworkModel
package import PodWiring

/// What one macvlan in a pod should look like.
///
/// All of it is in the pod's namespace and goes with it; the master is somebody else's and is only looked at.
package struct MacvlanDesired: Sendable {
    let config: MacvlanConfig
    let master: Link
    let pod: PodLink
    let names: AttachmentNames

    /// Describes a macvlan of this master.
    package init(
        config: MacvlanConfig,
        attachment: Attachment,
        master: Link,
        addresses: [PodAddress],
        routes: [PodRoute]
    ) {
        self.config = config
        self.master = master
        pod = PodLink(attachment.ifName, addresses: addresses, routes: routes)
        names = AttachmentNames(attachment)
    }

    /// The hardware address: the one asked for, or one derived from the attachment. A passthru link has its master's,
    /// and would change that if it were given another.
    var mac: MACAddress? { config.mac ?? (config.mode == .passthru ? master.mac : names.containerMAC) }

    /// For ADD and CHECK; nothing is shared.
    package var attachmentState: DesiredAttachment {
        DesiredAttachment(
            sharedScope: Scope(),
            ownedScope: scope,
            shared: { _ throws(CNIError) in NetworkState() },
            owned: { _, _ in owned }
        )
    }

    private var scope: Scope {
        var scope = Scope()
        scope.links = [pod.id]
        scope.addressesOf = scope.links
        scope.routesOf = scope.links
        scope.sysctls = Set(sysctls.keys)
        return scope
    }

    private var owned: NetworkState {
        var state = NetworkState()
        state.links[pod.id] = Link(
            pod.id,
            kind: .macvlan(
                Link.Macvlan(parent: master.id, mode: config.mode, broadcastQueue: config.broadcastQueue)
            ),
            mac: mac,
            mtu: config.mtu,
            isUp: true,
            alias: names.tag
        )
        state.addresses = pod.linkAddresses
        state.routes = Set(pod.routedRoutes)
        state.sysctls = sysctls
        return state
    }

    private var sysctls: [Sysctl: String] {
        guard pod.has(.v6) else { return pod.sysctls }
        // The neighbours are other machines, which may remember the address's former owner.
        return pod.sysctls.merging([Sysctl(.container, "ipv6/conf/\(pod.ifName)/ndisc_notify"): "1"]) { $1 }
    }
}

extension MacvlanDesired {
    /// The result: the one interface.
    func result(dns: DNS, sandbox: String) -> CNIResult {
        let interface = CNIResult.Interface(
            name: pod.ifName.text,
            mac: mac?.description,
            mtu: config.mtu,
            sandbox: sandbox
        )
        return CNIResult(
            interfaces: [interface],
            ips: pod.addresses.map { CNIResult.IP($0.cidr, gateway: $0.gateway, interface: 0) },
            routes: pod.namedRoutes,
            dns: dns
        )
    }
}
