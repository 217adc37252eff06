package import JSON

/// The keys that a plugin acts on, to tell a slip of the pen from a key of somebody else.
package struct KnownKeys: Sendable {
    private let keys: [String]

    /// The keys of every plugin and these.
    package init(_ own: [String]) {
        keys =
            ["cniVersion", "name", "type", "ipam", "dns", "capabilities", "runtimeConfig", "args", "prevResult"] + own
    }

    /// Refuses a key that is one slip away from a known one, since it would silently mean nothing; other unknown keys
    /// belong to runtimes and are none of our business.
    package func refuseSlips(in config: JSONField) throws(JSONError) {
        for key in try config.keys() ?? [] where !keys.contains(where: { JSONField.isOneKey($0, key) }) {
            let lower = key.lowercased()
            if let meant = keys.first(where: { Self.isOneSlip($0.lowercased(), lower) }) {
                throw try config[key].fault("unknown key; did you mean '\(meant)'?")
            }
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
