import Addressing
import CNI
import NetworkModel
import PodWiring

/// What GC takes away when nobody is left who shares it.
struct BridgeSweep {
    /// The node's links, with the VLANs of ports where that matters.
    let links: [Link]
    /// Tells nodes apart in derived hardware addresses.
    let node: String

    init<K: Kernel & ~Copyable>(_ links: [Link], _ node: String, in kernel: inout K) throws(CNIError) {
        self.node = node
        let bridges = Set(links.filter(\.isVLANGateway).compactMap { Self.port(of: $0, links)?.master })
        let ports = links.filter { $0.master.map(bridges.contains) ?? false }
        guard !ports.isEmpty else {
            self.links = links
            return
        }
        var scope = Scope()
        scope.links = Set(ports.map(\.id))
        scope.vlansOf = scope.links
        let found = try kernel.look(scope).links
        self.links = links.map { found[$0.id] ?? $0 }
    }

    /// Gateways of VLANs without another port, and bridges without ports but those gateways'.
    ///
    /// Ours is a bridge with the hardware address that podnet derives from its name; another's is left alone.
    var unused: [Link] {
        let gateways = links.filter { $0.isVLANGateway && isUnused($0) }
        let leaving = Set(gateways.compactMap { Self.port(of: $0, links)?.id })
        let used = Set(links.filter { !leaving.contains($0.id) }.compactMap(\.master))
        let bridges = links.filter { link in
            link.kind == .bridge && !used.contains(link.id.name)
                && link.mac == BridgeNames.mac(of: link.id.name, node: node)
        }
        return gateways + bridges
    }

    private static func port(of gateway: Link, _ links: [Link]) -> Link? {
        links.first { $0.id.name == VLANGateway.portName(of: gateway.id.name) }
    }

    /// A port whose VLANs are not known counts as one of them.
    private func isUnused(_ gateway: Link) -> Bool {
        guard let port = Self.port(of: gateway, links), let bridge = port.master else { return true }
        let number = port.bridgePort?.vlans?.native
        return !links.contains { other in
            guard other.master == bridge, other.id != port.id else { return false }
            guard let number, let vlans = other.bridgePort?.vlans else { return true }
            return vlans.all.contains(number)
        }
    }
}

extension Link {
    fileprivate var isVLANGateway: Bool { alias?.hasPrefix(VLANGateway.aliasPrefix) ?? false }
}
