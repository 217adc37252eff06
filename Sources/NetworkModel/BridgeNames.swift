package import Addressing

/// What is derived from a bridge's name.
package enum BridgeNames {
    /// The bridge's hardware address, the same whenever the bridge is made again.
    ///
    /// A bridge without a fixed address takes that of its lowest port and changes it as pods come and go
    /// (net/bridge/br_stp_if.c, br_stp_recalculate_bridge_id); pods keep a permanent neighbour entry for it.
    /// `node` tells nodes apart whose bridges share a layer-2 network: the machine ID, or "" without one.
    package static func mac(of bridge: InterfaceName, node: String) -> MACAddress {
        MACAddress(localFrom: NameHash.of("bridge \(bridge) \(node)"))
    }
}
