import Addressing
import CNI
import NetworkModel
import PodWiring

/// From what IPAM answered to what is desired.
extension BridgeDesired {
    init(_ config: BridgeConfig, _ request: Request, _ given: CNIResult, _ node: String) {
        self.init(
            config: config,
            attachment: request.attachment,
            addresses: given.ips.map {
                PodAddress(config.isHostMode ? $0.address.hostOnly : $0.address, gateway: $0.gateway)
            },
            routes: given.routes.map(PodRoute.init),
            node: node
        )
    }

    /// As above; refuses an answer that a network with addresses cannot be made of.
    init(
        addressing config: BridgeConfig,
        _ request: Request,
        _ given: CNIResult,
        _ node: String
    ) throws(CNIError) {
        self.init(config, request, given, node)
        guard config.ipamType == nil || !addresses.isEmpty else {
            throw CNIError(.other, "IPAM plugin returned missing IP config")
        }
        guard config.isHostMode else {
            fillInGateways()
            return
        }
        for address in addresses where address.gateway == nil {
            throw CNIError(
                .invalidConfig,
                "invalid config",
                details: "ipam: 'host' as addressMode needs a gateway, and there is none for \(address.cidr)"
            )
        }
    }

    /// The reference's rule: the first address of the network is the gateway when IPAM named none.
    private mutating func fillInGateways() {
        guard config.isGateway else { return }
        addresses = addresses.map { address in
            let first = address.cidr.first.advanced(by: 1)
            let isUsable = first.map { address.cidr.contains($0) && $0 != address.cidr.address } ?? false
            return PodAddress(address.cidr, gateway: address.gateway ?? (isUsable ? first : nil))
        }
    }
}
