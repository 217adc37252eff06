import JSON

/// The keys of the plugin's object, to tell a slip of the pen from a key of somebody else.
enum BridgeKeys {
    /// What this version acts on.
    static let known = [
        "cniVersion", "name", "type", "bridge", "isGateway", "isDefaultGateway", "forceAddress", "ipMasq",
        "ipMasqBackend", "mtu", "hairpinMode", "promiscMode", "ipam", "dns", "capabilities", "runtimeConfig", "args",
        "prevResult", "macspoofchk",
    ]
    /// What the reference plugin knows and this version does not act on: refused where set, never ignored.
    static let unsupported = [
        "vlan", "vlanTrunk", "preserveDefaultVlan", "enabledad", "disableContainerInterface",
        "portIsolation",
    ]

    static func refuseSlips(in config: JSONField) throws(JSONError) {
        for (key, field) in try config.members() ?? [] {
            let lower = key.lowercased()
            if unsupported.contains(where: { $0.lowercased() == lower }) {
                if isSet(field.value) { throw field.fault("not supported by this version of podnet") }
                continue
            }
            let all = known + unsupported
            if all.contains(where: { $0.lowercased() == lower }) { continue }
            if let meant = all.first(where: { isOneSlip($0.lowercased(), lower) }) {
                throw field.fault("unknown key; did you mean '\(meant)'?")
            }
        }
    }

    /// Whether a value differs from the one that leaving the key out means.
    private static func isSet(_ value: JSON?) -> Bool {
        switch value {
        case nil, .null, .bool(false), .int(0): false
        case .array(let elements): !elements.isEmpty
        default: true
        }
    }

    /// Whether one text becomes the other by one letter more, less or other; short keys are too alike to tell.
    static func isOneSlip(_ left: String, _ right: String) -> Bool {
        let (short, long) = left.utf8.count <= right.utf8.count ? (left, right) : (right, left)
        guard short.utf8.count >= 4, long.utf8.count - short.utf8.count <= 1 else { return false }
        let head = zip(short.utf8, long.utf8).prefix { $0 == $1 }.count
        let shortTail = short.utf8.dropFirst(head)
        let longTail = long.utf8.dropFirst(head)
        let isSameLength = short.utf8.count == long.utf8.count
        return longTail.dropFirst().elementsEqual(isSameLength ? shortTail.dropFirst() : shortTail)
    }
}
