package import Addressing
package import CNI
package import JSON
import PodWiring

/// The `ptp` plugin's configuration, checked.
package struct PtpConfig: Hashable, Sendable {
    /// `ipMasq`
    package var ipMasq: Bool
    /// `mtu` in bytes, nil for the kernel's.
    package var mtu: Int?
    /// `ipam.type`, nil for a pair without addresses.
    package var ipamType: String?
    /// `ipam.addressMode` is `host`: the pod has an address of its own and its gateway, and nothing else on its link.
    package var isHostMode: Bool
    /// The networks that `ipam` gives addresses from, as far as it names them.
    package var subnets: [CIDR]
    /// `dns`, when the configuration says anything about it, if only that there is none; nil leaves it to IPAM.
    package var dns: DNS?

    private static let keys = KnownKeys(["ipMasq", "ipMasqBackend", "mtu"])

    /// Reads the plugin's object and what the runtime adds to it; a wrong value is refused with its path.
    package init(_ config: JSONField) throws(JSONError) {
        try Self.keys.refuseSlips(in: config)
        ipMasq = try config["ipMasq"].bool() ?? false
        mtu = try config.mtu()
        ipamType = try config.ipamType()
        isHostMode = try config.isHostMode()
        subnets = try config.subnets()
        dns = try Self.dns(config["dns"])
        try config.refuseUnknownMasqueradeBackend()
    }

    /// The reference's rule: a list counts even when it is empty, a domain only when it is not.
    private static func dns(_ field: JSONField) throws(JSONError) -> DNS? {
        let dns = try DNS(field)
        let lists = [try field["nameservers"], try field["search"], try field["options"]]
        return lists.contains(where: \.isPresent) || !dns.isEmpty ? dns : nil
    }
}
