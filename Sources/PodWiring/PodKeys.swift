package import Addressing
package import CNI
package import JSON

/// The keys that plugins which wire pods have in common, read from a plugin's whole object.
extension JSONField {
    /// `ipam.type`, nil for a network of layer 2 only.
    package func ipamType() throws(JSONError) -> String? {
        try self["ipam"]["type"].string().flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether `ipam.addressMode` is `host`: every pod has an address of its own and nothing else on its link.
    package func isHostMode() throws(JSONError) -> Bool {
        let field = try self["ipam"]["addressMode"]
        switch try field.string() {
        case nil: return false
        case "host":
            guard try ipamType() != nil else {
                throw field.fault("'host' needs ipam.type to name a plugin that gives addresses")
            }
            return true
        case let other?: throw field.fault("'\(other)' is not an address mode; the only one is 'host'")
        }
    }

    /// `mtu` in bytes, nil for the kernel's.
    package func mtu() throws(JSONError) -> Int? {
        try self["mtu"].int(in: 0...65535).flatMap { $0 == 0 ? nil : $0 }
    }

    /// The hardware address that the runtime asks for: runtimeConfig over args over CNI_ARGS.
    package func requestedMAC(_ cniArgs: CNIArguments) throws(JSONError) -> MACAddress? {
        let wishes = [
            try self["runtimeConfig"]["mac"],
            try self["args"]["cni"]["mac"],
            JSONField(cniArgs["MAC"].map { .string($0) }, path: "CNI_ARGS MAC"),
        ]
        guard let wish = wishes.first(where: { $0.isPresent }) else { return nil }
        return try wish.mac()
    }

    /// A hardware address that a link can have, or nil when it is absent or empty.
    package func mac() throws(JSONError) -> MACAddress? {
        guard let text = try string(), !text.isEmpty else { return nil }
        let mac = try string(as: MACAddress.init(parsing:))
        if mac?.isMulticast == true { throw fault("\(text) is a group address") }
        return mac
    }

    /// The networks that `ipam` gives addresses from, as far as it names them.
    package func subnets() throws(JSONError) -> [CIDR] {
        let ipam = try self["ipam"]
        var subnets = try [ipam["subnet"].string(as: CIDR.init(parsing:))].compactMap { $0 }
        for ranges in [try ipam["ranges"], try self["runtimeConfig"]["ipRanges"]] {
            for set in try ranges.elements() ?? [] {
                for range in try set.elements() ?? [] {
                    if let subnet = try range["subnet"].string(as: CIDR.init(parsing:)) { subnets.append(subnet) }
                }
            }
        }
        return subnets
    }

    /// `ipMasqBackend` is accepted, and both names mean nftables.
    package func refuseUnknownMasqueradeBackend() throws(JSONError) {
        let field = try self["ipMasqBackend"]
        guard let backend = try field.string(), !["", "iptables", "nftables"].contains(backend) else { return }
        throw field.fault("'\(backend)' is not a backend; known are 'iptables' and 'nftables'")
    }
}
