import Addressing
import CNI
import NetworkModel
import PodWiring

/// What ADD answers, made from what was asked for: nothing is read again.
extension BridgeDesired {
    /// The result in the reference's order: bridge, host end, container end, and the VLAN's gateway if there is one.
    func result(_ shared: NetworkState, dns: DNS, sandbox: String) -> CNIResult {
        func sharedInterface(_ id: LinkID) -> CNIResult.Interface {
            CNIResult.Interface(name: id.name.text, mac: shared.links[id]?.mac?.description, mtu: nil)
        }
        var interfaces = [
            sharedInterface(bridge),
            CNIResult.Interface(names.hostVeth, mac: names.hostMAC, mtu: config.mtu),
            CNIResult.Interface(attachment.ifName, mac: containerMAC, mtu: config.mtu, sandbox: sandbox),
        ]
        if let gateway = vlanGateway { interfaces.append(sharedInterface(gateway.link)) }
        return CNIResult(
            interfaces: interfaces,
            ips: addresses.map { CNIResult.IP($0.cidr, gateway: $0.gateway, interface: 2) },
            // IPAM's routes with their gateways filled in, and the default route that the plugin added.
            routes: pod.namedRoutes,
            dns: dns
        )
    }
}
