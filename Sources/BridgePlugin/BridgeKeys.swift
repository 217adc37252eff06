import CNI
import JSON

/// The keys of the plugin's object.
enum BridgeKeys {
    /// What this version acts on.
    private static let known = [
        "bridge", "isGateway", "isDefaultGateway", "forceAddress", "ipMasq", "ipMasqBackend", "mtu", "hairpinMode",
        "promiscMode", "macspoofchk",
    ]
    /// What the reference plugin knows and this version does not act on: refused where set, never ignored.
    private static let unsupported = [
        "vlan", "vlanTrunk", "preserveDefaultVlan", "enabledad", "disableContainerInterface",
        "portIsolation",
    ]

    static func refuseSlips(in config: JSONField) throws(JSONError) {
        for key in unsupported {
            let field = try config[key]
            if isSet(field.value) { throw field.fault("not supported by this version of podnet") }
        }
        try KnownKeys(known + unsupported).refuseSlips(in: config)
    }

    /// Whether a value differs from the one that leaving the key out means.
    private static func isSet(_ value: JSON?) -> Bool {
        switch value {
        case nil, .null, .bool(false), .int(0): false
        case .array(let elements): !elements.isEmpty
        default: true
        }
    }
}
