import Addressing
import NetworkModel

/// The link that has the gateway addresses of one VLAN: one end of a pair whose other end is a port of the bridge.
///
/// Its name is the reference's, `cni0.100`. Whatever has that name already is used as it is: the administrator's VLAN
/// device, or the pair of another plugin. Ours is known by its alias, and GC takes it away when its VLAN has no other
/// port.
struct VLANGateway: Hashable, Sendable {
    /// What the aliases of all gateways begin with.
    static let aliasPrefix = "podnet gateway "

    let bridge: InterfaceName
    let name: InterfaceName
    let number: Int

    var link: LinkID { LinkID(.host, name) }
    var port: LinkID { LinkID(.host, Self.portName(of: name)) }
    private var alias: String { "\(Self.aliasPrefix)\(name)" }

    /// The port's name follows from the gateway's.
    static func portName(of gateway: InterfaceName) -> InterfaceName {
        let name = "veth" + NameHash.base32(NameHash.of("gateway \(gateway)"), length: 8)
        guard let valid = try? InterfaceName(name) else { preconditionFailure("not an interface name: \(name)") }
        return valid
    }

    /// The pair as it should be, given what is there under the gateway's name.
    func links(given observed: Link?, mac: MACAddress, mtu: Int?, isRouted: Bool) -> [Link] {
        if let observed, observed.alias != alias {
            return [Link(link, kind: observed.anyPeer, mac: isRouted ? mac : nil, isUp: true)]
        }
        let outer = Link(link, kind: .veth(peer: port), mac: mac, mtu: mtu, isUp: true, alias: alias)
        let inner = Link(
            port,
            kind: .veth(peer: link),
            mtu: mtu,
            isUp: true,
            alias: "port of \(name)",
            master: bridge,
            bridgePort: Link.BridgePort(vlans: PortVLANs(native: number, untagged: [number]))
        )
        return [outer, inner]
    }
}

extension Link {
    /// Its kind, whoever is its peer.
    fileprivate var anyPeer: Kind {
        if case .veth = kind { .veth(peer: nil) } else { kind }
    }
}
