package import Addressing
import CNI
package import NetworkModel
package import PodWiring

/// What one attachment to a bridge should look like, in the pod and on the host: the heart of the plugin.
///
/// ADD applies the difference to what is there, CHECK demands that there is none. Everything is split in two: what is
/// shared by all pods of the bridge, which ADD ensures and DEL leaves, and what this attachment owns, which DEL removes.
package struct BridgeDesired: Sendable {
    let config: BridgeConfig
    let attachment: Attachment
    let addresses: [PodAddress]
    /// Tells nodes apart in the bridge's hardware address.
    let node: String

    /// The names of everything that the attachment owns.
    package let names: AttachmentNames
    /// What the pod gets on its interface.
    let pod: PodLink
    /// The pod's elements in the table that all plugins share.
    let elements: PodElements

    /// Describes an attachment with these addresses; before IPAM has given any, with none.
    package init(
        config: BridgeConfig,
        attachment: Attachment,
        addresses: [PodAddress] = [],
        routes: [PodRoute] = [],
        node: String
    ) {
        self.config = config
        self.attachment = attachment
        self.addresses = addresses
        self.node = node
        names = AttachmentNames(attachment)
        pod = PodLink(
            attachment.ifName,
            addresses: addresses,
            routes: routes,
            isHostMode: config.isHostMode,
            hasDefaultRoute: config.isDefaultGateway,
            detectsDuplicates: config.detectsDuplicates
        )
        elements = PodElements(
            addresses: addresses.map(\.cidr),
            isRouted: config.isHostMode,
            isMasqueraded: config.ipMasq,
            subnets: config.subnets,
            tag: names.tag
        )
    }

    var bridge: LinkID { LinkID(.host, config.bridge) }
    var hostVeth: LinkID { LinkID(.host, names.hostVeth) }
    var containerVeth: LinkID { LinkID(.container, attachment.ifName) }

    /// The link that has the gateway's addresses, when that is not the bridge.
    var vlanGateway: VLANGateway? {
        guard let name = config.vlans.gateway, let number = config.vlans.native else { return nil }
        return VLANGateway(bridge: config.bridge, name: name, number: number)
    }
    /// The link that has the gateway's addresses and that the host reaches pods by.
    var gatewayLink: LinkID { vlanGateway?.link ?? bridge }

    /// The pod's hardware address: the runtime's wish, or one derived from the attachment.
    var containerMAC: MACAddress { config.mac ?? names.containerMAC }

    /// The bridge's hardware address when podnet makes the bridge, and always in host address mode, where pods know it
    /// by a permanent neighbour entry.
    var bridgeMAC: MACAddress { BridgeNames.mac(of: config.bridge, node: node) }

    /// As `bridgeMAC`, of the link that has the gateway's addresses.
    var gatewayMAC: MACAddress { BridgeNames.mac(of: gatewayLink.name, node: node) }

    /// The pod's gateways, one for each of its addresses that has one.
    var gateways: [CIDR] {
        addresses.compactMap { address in
            address.gateway.flatMap { gateway in
                let width = gateway.family.bitWidth
                return CIDR(gateway, prefixLength: config.isHostMode ? width : address.cidr.prefixLength)
            }
        }
    }
}

extension BridgeDesired {
    /// The two parts, for ADD and CHECK.
    var attachmentState: DesiredAttachment {
        let (sharedSysctls, ownedSysctls) = (sharedSysctls, ownedSysctls)
        return DesiredAttachment(
            sharedScope: sharedScope(sharedSysctls),
            ownedScope: ownedScope(ownedSysctls),
            shared: { observed throws(CNIError) in
                do throws(BridgeConflict) {
                    return try shared(given: observed, sharedSysctls)
                } catch {
                    throw CNIError(.other, error.description)
                }
            },
            owned: { owned(given: $0, structure: $1, ownedSysctls) }
        )
    }
}
