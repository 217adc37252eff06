import Addressing
import CNI
import NetworkModel
import PodWiring

/// From what IPAM answered to what is desired.
extension BridgeDesired {
    /// Refuses an answer that a network with addresses cannot be made of.
    init(
        addressing config: BridgeConfig,
        _ request: Request,
        _ given: CNIResult,
        _ node: String
    ) throws(CNIError) {
        guard config.ipamType == nil || !given.ips.isEmpty else {
            throw CNIError(.other, "IPAM plugin returned missing IP config")
        }
        self.init(
            config: config,
            attachment: request.attachment,
            addresses: given.ips.map { Self.address($0.address, $0.gateway, config) },
            routes: given.routes.map(PodRoute.init),
            node: node
        )
        guard config.isHostMode else { return }
        for address in addresses where address.gateway == nil {
            throw CNIError(
                .invalidConfig,
                "invalid config",
                details: "ipam: 'host' as addressMode needs a gateway, and there is none for \(address.cidr)"
            )
        }
    }

    /// The reference's rule: the first address of the network is the gateway when IPAM named none.
    private static func address(_ cidr: CIDR, _ gateway: IPAddress?, _ config: BridgeConfig) -> PodAddress {
        guard !config.isHostMode else { return PodAddress(cidr.hostOnly, gateway: gateway) }
        guard config.isGateway, gateway == nil, let first = cidr.first.advanced(by: 1), cidr.contains(first),
            first != cidr.address
        else { return PodAddress(cidr, gateway: gateway) }
        return PodAddress(cidr, gateway: first)
    }
}
