package import Addressing
package import CNI
package import JSON
package import NetworkModel

/// The `tuning` plugin's configuration, checked.
package struct TuningConfig: Hashable, Sendable {
    /// `sysctl`: values by their files in the pod's namespace.
    package let sysctls: [Sysctl: String]
    /// The keys of `sysctl` as they are written, for the allowlist.
    package let sysctlKeys: [String]
    /// What the link should be like; nil is "as it is".
    package let mac: MACAddress?
    package let isPromiscuous: Bool?
    package let mtu: Int?
    package let transmitQueueLength: Int?
    package let isAllMulticast: Bool?
    private let dataDirectory: String

    /// Reads the plugin's object and what the runtime adds to it: `args.cni` over the keys, `runtimeConfig` over both.
    package init(_ request: Request) throws(CNIError) {
        try self.init(request.config, ifName: request.attachment.ifName, arguments: request.arguments)
    }

    private init(_ config: NetworkConfig, ifName: InterfaceName, arguments: CNIArguments) throws(CNIError) {
        let link: Values
        do {
            link = try Values(config.root, arguments)
        } catch {
            throw CNIError(error)
        }
        mac = link.mac
        isPromiscuous = link.isPromiscuous
        mtu = link.mtu
        transmitQueueLength = link.transmitQueueLength
        isAllMulticast = link.isAllMulticast
        dataDirectory = link.dataDirectory
        sysctlKeys = link.sysctls.map(\.key)
        sysctls = try Self.sysctls(link.sysctls, ifName)
    }

    /// Where the values are kept that DEL puts back: the reference's name. Neither part of it can hold a `/`.
    package func backupPath(of attachment: Attachment) -> String { Self.backupPath(dataDirectory, attachment) }

    /// The same by as much of a configuration as is needed, for DEL.
    package static func backupPath(_ root: JSONField, _ attachment: Attachment) -> String {
        backupPath((try? root["dataDir"].string()) ?? "", attachment)
    }

    /// The directory of all of them.
    package static func backupDirectory(_ root: JSONField) -> String {
        backupDirectory((try? root["dataDir"].string()) ?? "")
    }

    private static func backupPath(_ directory: String, _ attachment: Attachment) -> String {
        "\(backupDirectory(directory))/\(attachment.containerID)_\(attachment.ifName).json"
    }

    private static func backupDirectory(_ wanted: String) -> String { wanted.isEmpty ? "/run/cni/tuning" : wanted }

    private static func sysctls(
        _ entries: [(key: String, value: String)],
        _ ifName: InterfaceName
    ) throws(CNIError) -> [Sysctl: String] {
        var sysctls: [Sysctl: String] = [:]
        for (key, value) in entries {
            guard let sysctl = Sysctl(inContainer: key, ifName: ifName) else {
                throw CNIError(.invalidConfig, "invalid net sysctl key: \"\(key)\"")
            }
            guard sysctls.updateValue(value, forKey: sysctl) == nil else {
                throw CNIError(.invalidConfig, "duplicated sysctl \"\(key)\"", details: "\(sysctl) is set twice")
            }
            guard !value.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\n") }) else {
                throw CNIError(.invalidConfig, "invalid value of sysctl \"\(key)\"", details: "it has several lines")
            }
        }
        return sysctls
    }
}

/// The keys as they are in the document.
private struct Values {
    let sysctls: [(key: String, value: String)]
    let mac: MACAddress?
    let isPromiscuous: Bool?
    let mtu: Int?
    let transmitQueueLength: Int?
    let isAllMulticast: Bool?
    let dataDirectory: String

    init(_ root: JSONField, _ arguments: CNIArguments) throws(JSONError) {
        let args = try root["args"]["cni"]
        func either(_ key: String) throws(JSONError) -> JSONField {
            let own = try args[key]
            return own.isPresent ? own : try root[key]
        }
        sysctls = try Self.sysctls(root["sysctl"], args["sysctl"])
        mac = try Self.mac([
            try root["runtimeConfig"]["mac"], try args["mac"],
            JSONField(arguments["MAC"].map { .string($0) }, path: "CNI_ARGS MAC"), try root["mac"],
        ])
        isPromiscuous = try Self.wish(either("promisc"))
        isAllMulticast = try either("allmulti").bool()
        mtu = try either("mtu").int(in: 0...65535).flatMap { $0 == 0 ? nil : $0 }
        transmitQueueLength = try either("txQLen").int(in: 0...Int(Int32.max))
        dataDirectory = try root["dataDir"].string() ?? ""
    }

    /// `false` is the reference's "not said": it switches promiscuity on and never off.
    private static func wish(_ field: JSONField) throws(JSONError) -> Bool? {
        try field.bool() == true ? true : nil
    }

    private static func sysctls(_ own: JSONField, _ args: JSONField) throws(JSONError) -> [(key: String, value: String)]
    {
        var values: [String: String] = [:]
        for object in [own, args] {
            for (key, field) in try object.members() ?? [] { values[key] = try field.requiredString() }
        }
        return values.sorted { $0.key < $1.key }
    }

    private static func mac(_ wishes: [JSONField]) throws(JSONError) -> MACAddress? {
        guard let wish = wishes.first(where: { $0.value != .string("") && $0.isPresent }) else { return nil }
        let mac = try wish.string(as: MACAddress.init(parsing:))
        if mac?.isMulticast == true { throw wish.fault("\(wish.value?.text ?? "") is a group address") }
        return mac
    }
}

extension Sysctl {
    /// The sysctl of the pod's namespace that a key means, or nil when it means none of the network's.
    ///
    /// As with sysctl(8) the first `.` or `/` says what separates the parts; the other one is then a link's name's own.
    /// `IFNAME` stands for the pod's interface, whatever is in its name.
    package init?(inContainer key: String, ifName: InterfaceName) {
        guard let separator = key.first(where: { $0 == "." || $0 == "/" }) else { return nil }
        let parts = key.split(separator: separator, omittingEmptySubsequences: false).map { part in
            part.map { separator == "." && $0 == "/" ? "." : $0 }.map(String.init).joined()
        }
        guard parts.count > 2, parts[0] == "net", parts.allSatisfy(Self.isPart) else { return nil }
        let path = parts.dropFirst().map { $0 == "IFNAME" ? ifName.text : $0 }
        self.init(.container, path.joined(separator: "/"))
    }

    /// One component of a path that leads nowhere else (CVE-2022-0811 was a key that held a second assignment).
    private static func isPart(_ text: String) -> Bool {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"/=+\\".utf8.contains($0) }
        return !text.isEmpty && text != "." && text != ".." && isPlain
    }
}
