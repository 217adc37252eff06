import Addressing
import CNI
import NetworkModel

/// How a pod's traffic should be shaped: the heart of the plugin.
///
/// The kernel shapes what leaves a link. So what the pod receives is shaped where it leaves the host's end of the pair,
/// and what the pod sends takes the way round by a device of its own, on the host, out of the pod's reach.
struct BandwidthDesired {
    let config: BandwidthConfig
    let names: AttachmentNames
    /// The host's end of the pair, as observed.
    let veth: Link

    private var ifb: LinkID { LinkID(.host, names.ifb) }

    /// What to look at.
    var scope: Scope {
        var scope = Scope()
        scope.links = config.egress == nil ? [veth.id] : [veth.id, ifb]
        scope.shapingOf = scope.links
        return scope
    }

    /// The state as it should be, given what is there; a direction without a limit is as it is.
    func state(given observed: NetworkState) -> NetworkState {
        var state = NetworkState()
        state.links[veth.id] = Link(veth.id, kind: veth.kind)
        state.shaping = observed.shaping.filter { $0.link == veth.id && !isMeant($0) }
        if let bucket = config.ingress { state.shaping.insert(Shaping(veth.id, .bucket(bucket))) }
        if let bucket = config.egress {
            state.links[ifb] = device
            state.shaping.insert(Shaping(ifb, .bucket(bucket)))
            state.shaping.insert(Shaping(veth.id, .redirect(to: names.ifb)))
        }
        return state
    }

    private func isMeant(_ shaping: Shaping) -> Bool {
        switch shaping.rule {
        case .bucket: config.ingress != nil
        case .redirect: config.egress != nil
        }
    }

    private var device: Link {
        Link(ifb, kind: .ifb, mac: names.ifbMAC, mtu: veth.mtu, isUp: true, alias: names.tag)
    }

    /// The result with the device in it.
    func result(_ previous: CNIResult) -> CNIResult {
        guard config.egress != nil, !previous.interfaces.contains(where: { $0.name == names.ifb.text }) else {
            return previous
        }
        var result = previous
        result.interfaces.append(CNIResult.Interface(names.ifb, mac: names.ifbMAC))
        return result
    }
}
