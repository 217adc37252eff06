package import Addressing
package import CNI
package import JSON

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
    /// `promiscMode`
    package var promiscMode: Bool
    /// `macspoofchk`; without the key it is on in host address mode.
    package var checksSenders: Bool
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
        let ipam = try config["ipam"]
        let isHostMode = try Self.addressMode(ipam)
        self.isHostMode = isHostMode
        bridge = try config["bridge"].string(as: InterfaceName.init) ?? InterfaceName.cni0
        // In host address mode the host is all that a pod can reach without a router.
        isDefaultGateway = try config["isDefaultGateway"].bool() ?? isHostMode
        isGateway = try config["isGateway"].bool() ?? false || isDefaultGateway || isHostMode
        forceAddress = try config["forceAddress"].bool() ?? false
        ipMasq = try config["ipMasq"].bool() ?? false
        mtu = try config["mtu"].int(in: 0...65535).flatMap { $0 == 0 ? nil : $0 }
        hairpinMode = try config["hairpinMode"].bool() ?? false
        promiscMode = try config["promiscMode"].bool() ?? false
        checksSenders = try config["macspoofchk"].bool() ?? isHostMode
        mac = try Self.requestedMAC(config, cniArgs)
        ipamType = try ipam["type"].string().flatMap { $0.isEmpty ? nil : $0 }
        subnets = try Self.subnets(ipam, runtime: config["runtimeConfig"]["ipRanges"])
        try refuseContradictions(config)
    }

    /// How much of what the pod sends is checked: all of it where IPAM says what its addresses are.
    package var senderLevel: SenderGuard.Level {
        guard checksSenders else { return .nothing }
        return ipamType == nil ? .hardwareAddress : .addresses
    }

    private static func addressMode(_ ipam: JSONField) throws(JSONError) -> Bool {
        switch try ipam["addressMode"].string() {
        case nil: return false
        case "host": return true
        case let other?:
            throw try ipam["addressMode"].fault("'\(other)' is not an address mode; the only one is 'host'")
        }
    }

    /// runtimeConfig over args over CNI_ARGS.
    private static func requestedMAC(
        _ config: JSONField,
        _ cniArgs: CNIArguments
    ) throws(JSONError) -> MACAddress? {
        let wishes = [
            try config["runtimeConfig"]["mac"],
            try config["args"]["cni"]["mac"],
            JSONField(cniArgs["MAC"].map { .string($0) }, path: "CNI_ARGS MAC"),
        ]
        guard let wish = wishes.first(where: { $0.isPresent }) else { return nil }
        if try wish.string() == "" { return nil }
        let mac = try wish.string(as: MACAddress.init(parsing:))
        if mac?.isMulticast == true { throw wish.fault("\(wish.value?.text ?? "") is a group address") }
        return mac
    }

    private static func subnets(_ ipam: JSONField, runtime: JSONField) throws(JSONError) -> [CIDR] {
        var subnets = try [ipam["subnet"].string(as: CIDR.init(parsing:))].compactMap { $0 }
        for ranges in [try ipam["ranges"], runtime] {
            for set in try ranges.elements() ?? [] {
                for range in try set.elements() ?? [] {
                    if let subnet = try range["subnet"].string(as: CIDR.init(parsing:)) { subnets.append(subnet) }
                }
            }
        }
        return subnets
    }

    private func refuseContradictions(_ config: JSONField) throws(JSONError) {
        if hairpinMode && promiscMode {
            throw try config["promiscMode"].fault("cannot set hairpin mode and promiscuous mode at the same time")
        }
        if isHostMode && ipamType == nil {
            throw try config["ipam"]["addressMode"].fault(
                "'host' needs ipam.type to name a plugin that gives addresses"
            )
        }
        if let backend = try config["ipMasqBackend"].string(), !["", "iptables", "nftables"].contains(backend) {
            throw try config["ipMasqBackend"].fault(
                "'\(backend)' is not a backend; known are 'iptables' and 'nftables'"
            )
        }
    }
}

extension InterfaceName {
    /// The reference plugin's default.
    fileprivate static var cni0: InterfaceName {
        guard let name = try? InterfaceName("cni0") else { preconditionFailure("cni0 is an interface name") }
        return name
    }
}
