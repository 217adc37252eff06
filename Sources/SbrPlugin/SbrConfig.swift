package import Addressing
package import CNI
import JSON

/// The `sbr` plugin's configuration, checked.
package struct SbrConfig: Hashable, Sendable {
    /// `table`: the routing table that somebody else fills, nil for tables of the plugin's own.
    package let table: UInt32?
    /// `gateways`: whereto a default route leads, in place of the addresses' own gateways, one a family.
    package let gateways: [IPAddress.Family: IPAddress]
    /// `addSourceHints`: what says no source still reaches the networks on the link, with an address of it.
    package let addsSourceHints: Bool

    private static let keys = KnownKeys(["table", "gateways", "addSourceHints"])

    /// Reads the plugin's object.
    package init(_ config: NetworkConfig) throws(CNIError) {
        self = try config.read { (root) throws(JSONError) in try SbrConfig(root) }
    }

    private init(_ root: JSONField) throws(JSONError) {
        try Self.keys.refuseSlips(in: root)
        table = try root["table"].int(in: 1...Int(UInt32.max)).map { UInt32($0) }
        gateways = try Self.gateways(root["gateways"])
        addsSourceHints = try root["addSourceHints"].bool() ?? false
    }

    private static func gateways(_ list: JSONField) throws(JSONError) -> [IPAddress.Family: IPAddress] {
        var gateways: [IPAddress.Family: IPAddress] = [:]
        for element in try list.elements() ?? [] {
            let gateway = try element.requiredString(as: IPAddress.init(parsing:))
            if let other = gateways.updateValue(gateway, forKey: gateway.family) {
                let family = gateway.family == .v4 ? "IPv4" : "IPv6"
                throw list.fault("gateways list contains multiple \(family) addresses: \(other) and \(gateway)")
            }
        }
        return gateways
    }
}
