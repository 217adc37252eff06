package import Addressing
package import NetworkModel

/// What one attachment to a bridge should look like, in the pod and on the host: the heart of the plugin.
///
/// ADD applies the difference to what is there, CHECK demands that there is none. Everything is split in two: what is
/// shared by all pods of the bridge, which ADD ensures and DEL leaves, and what this attachment owns, which DEL removes.
package struct BridgeDesired: Sendable {
    /// An address of the pod, as IPAM gave it.
    package struct PodAddress: Hashable, Sendable {
        /// With the prefix length that the pod's interface gets.
        package let cidr: CIDR
        /// The bridge's address in that network.
        package let gateway: IPAddress?

        /// Pairs the two.
        package init(_ cidr: CIDR, gateway: IPAddress?) {
            self.cidr = cidr
            self.gateway = gateway
        }
    }

    /// A route of the pod, as IPAM gave it.
    package struct PodRoute: Hashable, Sendable {
        package let destination: CIDR
        /// Nil stands for the gateway of the pod's first address of that family.
        package let gateway: IPAddress?
        package let metric: UInt32?
        package let mtu: UInt32?
        package let advertisedMSS: UInt32?
        package let table: UInt32?
        package let scope: Route.Scope?

        /// Describes a route.
        package init(
            _ destination: CIDR,
            gateway: IPAddress? = nil,
            metric: UInt32? = nil,
            mtu: UInt32? = nil,
            advertisedMSS: UInt32? = nil,
            table: UInt32? = nil,
            scope: Route.Scope? = nil
        ) {
            self.destination = destination
            self.gateway = gateway
            self.metric = metric
            self.mtu = mtu
            self.advertisedMSS = advertisedMSS
            self.table = table
            self.scope = scope
        }
    }

    let config: BridgeConfig
    let attachment: Attachment
    var addresses: [PodAddress]
    let routes: [PodRoute]
    /// Tells nodes apart in the bridge's hardware address.
    let node: String

    /// The names of everything that the attachment owns.
    package let names: AttachmentNames

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
        self.routes = routes
        self.node = node
        self.names = AttachmentNames(attachment)
    }

    var bridge: LinkID { LinkID(.host, config.bridge) }
    var hostVeth: LinkID { LinkID(.host, names.hostVeth) }
    var containerVeth: LinkID { LinkID(.container, attachment.ifName) }

    var families: Set<IPAddress.Family> { Set(addresses.map(\.cidr.family)) }

    /// The pod's hardware address: the runtime's wish, or one derived from the attachment.
    var containerMAC: MACAddress { config.mac ?? names.containerMAC }

    /// The bridge's hardware address when podnet makes the bridge, and always in host address mode, where pods know it
    /// by a permanent neighbour entry.
    var bridgeMAC: MACAddress { BridgeNames.mac(of: config.bridge, node: node) }

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
