import Addressing
import CNI
import NetworkModel
import PodWiring

/// What ADD answers, made from what was asked for: nothing is read again.
extension BridgeDesired {
    /// The result in the reference's order: bridge, host end, container end.
    func result(bridgeMAC: MACAddress?, dns: DNS, sandbox: String) -> CNIResult {
        let interfaces = [
            CNIResult.Interface(name: config.bridge.text, mac: bridgeMAC?.description, mtu: nil),
            CNIResult.Interface(names.hostVeth, mac: names.hostMAC, mtu: config.mtu),
            CNIResult.Interface(attachment.ifName, mac: containerMAC, mtu: config.mtu, sandbox: sandbox),
        ]
        return CNIResult(
            interfaces: interfaces,
            ips: addresses.map { CNIResult.IP($0.cidr, gateway: $0.gateway, interface: 2) },
            // IPAM's routes with their gateways filled in, and the default route that the plugin added.
            routes: pod.routedRoutes.map(CNIResult.Route.init),
            dns: dns
        )
    }
}
