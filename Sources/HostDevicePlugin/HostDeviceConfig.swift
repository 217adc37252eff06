package import Addressing
import CNI
package import JSON
import PodWiring

/// The `host-device` plugin's configuration, checked.
package struct HostDeviceConfig: Hashable, Sendable {
    /// By what the device is known.
    package enum Device: Hashable, Sendable {
        /// `device`: by its name on the host.
        case name(InterfaceName)
        /// `hwaddr`
        case hardwareAddress(MACAddress)
        /// `kernelpath`: its directory below /sys.
        case kernelPath(String)
        /// `pciBusID`, or `runtimeConfig.deviceID`: a PCI function's or an auxiliary device's name.
        case deviceID(String)
    }

    /// Which device it is.
    package var device: Device
    /// `ipam.type`, nil for a device without addresses.
    package var ipamType: String?

    private static let keys = KnownKeys(["device", "hwaddr", "kernelpath", "pciBusID"])

    /// Reads the plugin's object and what the runtime adds to it; a wrong value is refused with its path.
    package init(_ config: JSONField) throws(JSONError) {
        try Self.keys.refuseSlips(in: config)
        ipamType = try config.ipamType()
        guard let device = try Self.device(config) else {
            throw JSONError(path: "", message: #"specify either "device", "hwaddr", "kernelpath" or "pciBusID""#)
        }
        self.device = device
    }

    /// The reference's order: a name, an address, a path; a device plugin's choice before the configuration's.
    private static func device(_ config: JSONField) throws(JSONError) -> Device? {
        if try isSet(config["device"]) { return try config["device"].string(as: InterfaceName.init).map(Device.name) }
        if let mac = try config["hwaddr"].mac() { return .hardwareAddress(mac) }
        if try isSet(config["kernelpath"]) { return try config["kernelpath"].string(as: path).map(Device.kernelPath) }
        for field in [try config["runtimeConfig"]["deviceID"], try config["pciBusID"]] where try isSet(field) {
            return try field.string(as: component).map(Device.deviceID)
        }
        return nil
    }

    private static func isSet(_ field: JSONField) throws(JSONError) -> Bool { try field.string()?.isEmpty == false }

    /// A path that stays below /sys.
    private static func path(_ text: String) throws(InvalidValue) -> String {
        guard !text.split(separator: "/").contains("..") else {
            throw InvalidValue(text, isNot: "a path of a device", reason: "it leads out of /sys")
        }
        return text
    }

    /// One component of a path.
    private static func component(_ text: String) throws(InvalidValue) -> String {
        guard !text.contains("/"), text != ".", text != ".." else {
            throw InvalidValue(text, isNot: "a device's name", reason: "it leads elsewhere in /sys")
        }
        return text
    }
}
