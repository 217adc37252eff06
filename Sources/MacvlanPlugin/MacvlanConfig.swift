package import Addressing
package import CNI
package import JSON
package import NetworkModel
import PodWiring

/// The `macvlan` plugin's configuration, checked.
package struct MacvlanConfig: Hashable, Sendable {
    /// `master`, nil for the link of the default route.
    package var master: InterfaceName?
    /// `linkInContainer`: the master is in the pod's namespace.
    package var isMasterInContainer: Bool
    /// `mode`, by default `bridge`.
    package var mode: Link.Macvlan.Mode
    /// `mtu` in bytes, nil for the master's.
    package var mtu: Int?
    /// The hardware address that is asked for.
    package var mac: MACAddress?
    /// `bcqueuelen`: how many broadcasts may wait, nil for the kernel's number.
    package var broadcastQueue: UInt32?
    /// `ipam.type`, nil for a network of layer 2 only.
    package var ipamType: String?

    private static let keys = KnownKeys(["master", "mode", "mtu", "mac", "linkInContainer", "bcqueuelen"])

    /// Reads the plugin's object and what the runtime adds to it; a wrong value is refused with its path.
    package init(_ config: JSONField, cniArgs: CNIArguments) throws(JSONError) {
        try Self.keys.refuseSlips(in: config)
        isMasterInContainer = try config["linkInContainer"].bool() ?? false
        master = try Self.master(config["master"], isMasterInContainer)
        mode = try config["mode"].string(as: Link.Macvlan.Mode.init(parsing:)) ?? .bridge
        mtu = try config.mtu()
        // Runtime over CNI_ARGS over configuration, as the reference does.
        let requested = try config.requestedMAC(cniArgs)
        let configured = try config["mac"].mac()
        mac = requested ?? configured
        broadcastQueue = try config["bcqueuelen"].int(in: 0...Int(UInt32.max))
            .flatMap { $0 == 0 ? nil : UInt32(exactly: $0) }
        ipamType = try config.ipamType()
    }

    private static func master(_ field: JSONField, _ isInContainer: Bool) throws(JSONError) -> InterfaceName? {
        guard let text = try field.string(), !text.isEmpty else {
            guard !isInContainer else { throw field.fault("linkInContainer needs the master's name") }
            return nil
        }
        return try field.string(as: InterfaceName.init)
    }
}

extension Link.Macvlan.Mode {
    /// Reads a mode; empty is `bridge`.
    fileprivate init(parsing text: String) throws(InvalidValue) {
        guard let mode = text.isEmpty ? .bridge : Self(rawValue: text) else {
            throw InvalidValue(text, isNot: "a macvlan mode", reason: "known are bridge, private, vepa and passthru")
        }
        self = mode
    }
}
