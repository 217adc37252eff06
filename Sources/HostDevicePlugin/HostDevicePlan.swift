import Addressing
import CNI
import NetworkModel
import PodWiring

/// What a device of the host looks like in a pod, and the way there and back: the heart of the plugin.
///
/// The device's alias keeps the name that it had on the host, as the reference does, so either can give back what the
/// other has taken, and whoever looks into the pod sees where the device belongs.
struct HostDevicePlan: Sendable {
    let pod: PodLink

    /// Describes a device with these addresses.
    init(_ attachment: Attachment, addresses: [PodAddress], routes: [PodRoute]) {
        pod = PodLink(attachment.ifName, addresses: addresses, routes: routes)
    }

    /// The steps from what the host has to what the pod shall have.
    ///
    /// The device loses its addresses and routes with the host. They are taken away one by one beforehand, so that an
    /// ADD that fails can put them back.
    func steps(from observed: NetworkState, _ device: Link) throws(CNIError) -> [Step] {
        var named = device
        named.isUp = false
        named.alias = device.id.name.text
        let moved = named.arrived(pod.id)
        var found = NetworkState()
        found.links[pod.id] = moved
        return observed.routes.sorted().reversed().map(Step.removeRoute)
            + observed.addresses.sorted().map(Step.removeAddress)
            + [.changeLink(from: device, to: named), .moveLink(named, to: pod.id)]
            + (try NetworkPlan(planning: found, to: desired(moved)).steps)
    }

    /// What to look at on the host before the device goes.
    static func scope(of device: LinkID) -> Scope {
        var scope = Scope()
        scope.links = [device]
        scope.addressesOf = scope.links
        scope.routesOf = scope.links
        return scope
    }

    /// For CHECK: the device as it should be in the pod. What kind of device it is, is its own business.
    func attachmentState(_ kind: Link.Kind) -> DesiredAttachment {
        DesiredAttachment(
            sharedScope: Scope(),
            ownedScope: ownedScope,
            shared: { _ throws(CNIError) in NetworkState() },
            owned: { _, _ in desired(Link(pod.id, kind: kind)) }
        )
    }

    private var ownedScope: Scope {
        var scope = Self.scope(of: pod.id)
        scope.sysctls = Set(pod.sysctls.keys)
        return scope
    }

    private func desired(_ link: Link) -> NetworkState {
        var state = NetworkState()
        var up = Link(link.id, kind: link.kind, mac: link.mac, mtu: link.mtu)
        up.isUp = true
        state.links[link.id] = up
        state.addresses = pod.linkAddresses
        state.routes = Set(pod.routedRoutes)
        state.sysctls = pod.sysctls
        return state
    }
}

extension HostDevicePlan {
    /// The steps that give a device back to the host.
    static func giveBack(_ device: Link, as name: InterfaceName) -> [Step] {
        var down = device
        down.isUp = false
        let home = LinkID(.host, name)
        return [.changeLink(from: device, to: down), .moveLink(down, to: home)] + forget(down.arrived(home))
    }

    /// The step that clears the alias of a device that is at home.
    static func forget(_ device: Link) -> [Step] {
        var plain = device
        plain.alias = ""
        return [.changeLink(from: device, to: plain)]
    }
}

extension Link {
    /// The link after it has moved there.
    fileprivate func arrived(_ id: LinkID) -> Link {
        var link = moved(to: id)
        link.index = nil
        link.master = nil
        link.bridgePort = nil
        return link
    }
}
