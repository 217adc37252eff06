import CNI
import JSON

/// The keys of the plugin's object.
enum BridgeKeys {
    private static let known = [
        "bridge", "isGateway", "isDefaultGateway", "forceAddress", "ipMasq", "ipMasqBackend", "mtu", "hairpinMode",
        "promiscMode", "vlan", "vlanTrunk", "preserveDefaultVlan", "macspoofchk", "enabledad",
        "disableContainerInterface", "portIsolation",
    ]

    static func refuseSlips(in config: JSONField) throws(JSONError) {
        try KnownKeys(known).refuseSlips(in: config)
    }
}
