package import Addressing
package import CNI
package import JSON
import PodWiring

/// The `bridge` plugin's configuration, checked.
package struct BridgeConfig: Hashable, Sendable {
    /// `bridge`, by default `cni0`.
    package var bridge: InterfaceName
    /// `isGateway`: the bridge has the network's gateway address and the host forwards.
    package var isGateway: Bool
    /// `isDefaultGateway`: and pods have their default route by it.
    package var isDefaultGateway: Bool
    /// `forceAddress`: another address that the bridge has gives way.
    package var forceAddress: Bool
    /// `ipMasq`
    package var ipMasq: Bool
    /// `mtu` in bytes, nil for the kernel's.
    package var mtu: Int?
    /// `hairpinMode`
    package var hairpinMode: Bool
    /// `promiscMode`, nil for as it is
    package var promiscMode: Bool?
    /// `macspoofchk`; without the key it is on in host address mode.
    package var checksSenders: Bool
    /// What VLANs the pod's port has.
    package var vlans: BridgeVLANs
    /// `enabledad`: addresses of IPv6 are used once nobody else is found to have them.
    package var detectsDuplicates: Bool
    /// `disableContainerInterface`: the pod's end is left down.
    package var leavesContainerDown: Bool
    /// `portIsolation`
    package var isolatesPort: Bool
    /// The hardware address that the runtime asks for.
    package var mac: MACAddress?
    /// `ipam.type`, nil for a network of layer 2 only.
    package var ipamType: String?
    /// `ipam.addressMode` is `host`: every pod has an address of its own and nothing else on its link.
    package var isHostMode: Bool
    /// The networks that `ipam` gives addresses from, as far as it names them.
    package var subnets: [CIDR]

    /// Reads the plugin's object and what the runtime adds to it; `cniArgs` are the pairs of CNI_ARGS.
    ///
    /// A wrong value is refused with its path. A key that is one slip away from a known one is refused, too, since it
    /// would silently mean nothing; other unknown keys belong to runtimes and are none of our business.
    package init(_ config: JSONField, cniArgs: CNIArguments) throws(JSONError) {
        try BridgeKeys.refuseSlips(in: config)
        let isHostMode = try config.isHostMode()
        self.isHostMode = isHostMode
        bridge = try config["bridge"].string(as: InterfaceName.init) ?? InterfaceName.cni0
        // In host address mode the host is all that a pod can reach without a router.
        isDefaultGateway = try config["isDefaultGateway"].bool() ?? isHostMode
        isGateway = try config["isGateway"].bool() ?? false || isDefaultGateway || isHostMode
        forceAddress = try config["forceAddress"].bool() ?? false
        ipMasq = try config["ipMasq"].bool() ?? false
        mtu = try config.mtu()
        hairpinMode = try config["hairpinMode"].bool() ?? false
        promiscMode = try config["promiscMode"].bool()
        checksSenders = try config["macspoofchk"].bool() ?? isHostMode
        vlans = try BridgeVLANs(config, bridge: bridge, isGateway: isGateway)
        detectsDuplicates = try config["enabledad"].bool() ?? false
        leavesContainerDown = try config["disableContainerInterface"].bool() ?? false
        isolatesPort = try config["portIsolation"].bool() ?? false
        mac = try config.requestedMAC(cniArgs)
        ipamType = try config.ipamType()
        subnets = try config.subnets()
        try refuseContradictions(config)
    }

    /// How much of what the pod sends is checked: all of it where IPAM says what its addresses are.
    package var senderLevel: SenderGuard.Level {
        guard checksSenders else { return .nothing }
        return ipamType == nil ? .hardwareAddress : .addresses
    }

    private func refuseContradictions(_ config: JSONField) throws(JSONError) {
        if hairpinMode && promiscMode == true {
            throw try config["promiscMode"].fault("cannot set hairpin mode and promiscuous mode at the same time")
        }
        if leavesContainerDown && ipamType != nil {
            throw try config["disableContainerInterface"].fault(
                "cannot use IPAM when DisableContainerInterface flag is set"
            )
        }
        try config.refuseUnknownMasqueradeBackend()
    }
}

extension InterfaceName {
    /// The reference plugin's default.
    fileprivate static var cni0: InterfaceName {
        guard let name = try? InterfaceName("cni0") else { preconditionFailure("cni0 is an interface name") }
        return name
    }
}
