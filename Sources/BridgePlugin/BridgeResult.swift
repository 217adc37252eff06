import Addressing
import CNI
import NetworkModel

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
            routes: resultRoutes,
            dns: dns
        )
    }

    /// IPAM's routes with their gateways filled in, and the default route that the plugin added.
    private var resultRoutes: [CNIResult.Route] {
        routedRoutes.map { route in
            CNIResult.Route(
                route.destination,
                gateway: route.gateway,
                mtu: route.mtu.map(Int.init),
                advmss: route.advertisedMSS.map(Int.init),
                priority: route.metric.map(Int.init),
                table: route.table == 254 ? nil : Int(route.table)
            )
        }
    }
}

extension CNIResult {
    /// An earlier plugin's result with this one's added; indices of interfaces move along.
    func following(_ previous: CNIResult?) -> CNIResult {
        guard let previous else { return self }
        let offset = previous.interfaces.count
        var merged = previous
        merged.interfaces += interfaces
        merged.ips += ips.map { ip in
            var moved = ip
            moved.interface = ip.interface.map { $0 + offset }
            return moved
        }
        merged.routes += routes
        if !dns.isEmpty { merged.dns = dns }
        return merged
    }
}
