package import Addressing
package import JSON

/// A plugin's configuration as the runtime gives it on stdin, with the parts that are the same for every plugin.
package struct NetworkConfig: Hashable, Sendable {
    /// The version that the result has to be in.
    package let version: CNIVersion
    /// The network.
    package let name: NetworkName
    /// The plugin that the runtime called; a delegate sees its caller's.
    package let type: String
    /// The whole document, which a delegate gets as it is.
    package let json: JSON
    /// What the plugins before this one made (ADD), or the network's whole last result (CHECK, DEL).
    package let prevResult: CNIResult?
    /// The IPAM plugin, or nil when the network has no addresses.
    package let ipamType: String?
    /// `dns`, empty when absent.
    package let dns: DNS
    /// For GC, the attachments to keep: nil when the runtime gave none, which means "remove nothing"; an empty set
    /// means "remove all".
    package let validAttachments: Set<Attachment>?

    /// Reads the configuration in the order of the reference: JSON, name, version, the rest.
    ///
    /// `supported` are the plugin's versions. For DEL an unreadable prevResult counts as none: DEL has to work with
    /// whatever a broken ADD has left.
    package init(
        parsing bytes: [UInt8],
        verb: Verb,
        supported: [CNIVersion] = .all
    ) throws(CNIError) {
        let root = try Self.document(bytes)
        name = try Self.name(root)
        version = try Self.version(root, verb: verb, supported: supported)
        json = root.value ?? .null
        do {
            type = try root["type"].string() ?? ""
            ipamType = try root["ipam"]["type"].string().flatMap { $0.isEmpty ? nil : $0 }
            dns = try DNS(root["dns"])
            prevResult = try Self.prevResult(root["prevResult"], version: version, verb: verb)
            validAttachments = verb == .gc ? try Self.validAttachments(root, network: name) : nil
        } catch {
            throw CNIError(error)
        }
    }

    /// The document with look-ups that ignore case and name the path on error.
    package var root: JSONField { JSONField(json) }

    /// Reads plugin-specific keys: whatever the look-ups throw becomes an invalid-config error.
    package func read<Value>(_ body: (JSONField) throws(JSONError) -> Value) throws(CNIError) -> Value {
        do {
            return try body(root)
        } catch {
            throw CNIError(error)
        }
    }
}

extension NetworkConfig {
    private static func document(_ bytes: [UInt8]) throws(CNIError) -> JSONField {
        do {
            let root = JSONField(try JSON(parsing: bytes))
            try root.requireObject()
            return root
        } catch {
            throw CNIError(.decodingFailure, "network config on stdin is not valid", details: error.description)
        }
    }

    private static func name(_ root: JSONField) throws(CNIError) -> NetworkName {
        guard let text = try decoded({ () throws(JSONError) in try root["name"].string() }), !text.isEmpty else {
            throw CNIError(.invalidConfig, "missing network name")
        }
        do {
            return try NetworkName(text)
        } catch {
            throw CNIError(.invalidConfig, "invalid characters found in network name", details: text)
        }
    }

    private static func version(
        _ root: JSONField,
        verb: Verb,
        supported: [CNIVersion]
    ) throws(CNIError) -> CNIVersion {
        let text = try decoded { () throws(JSONError) in try root["cniVersion"].string() } ?? ""
        let version = text.isEmpty ? CNIVersion.whenMissing : CNIVersion(rawValue: text)
        if let version, version < verb.since {
            throw CNIError(.incompatibleVersion, "config version does not allow \(verb.rawValue)")
        }
        guard let version, supported.contains(version) else {
            let list = supported.map { "\"\($0)\"" }.joined(separator: " ")
            let details = "config is \"\(text)\", plugin supports [\(list)]"
            throw CNIError(.incompatibleVersion, "incompatible CNI versions", details: details)
        }
        return version
    }

    /// A name or version of the wrong type: the reference's decoder stops there, before it judges any value.
    private static func decoded<Value>(_ body: () throws(JSONError) -> Value) throws(CNIError) -> Value {
        do {
            return try body()
        } catch {
            throw CNIError(.decodingFailure, "network config on stdin is not valid", details: error.description)
        }
    }

    private static func prevResult(
        _ field: JSONField,
        version: CNIVersion,
        verb: Verb
    ) throws(JSONError) -> CNIResult? {
        guard field.isPresent else { return nil }
        do {
            return try CNIResult(field, configVersion: version)
        } catch {
            guard verb == .del else { throw error }
            return nil
        }
    }

    /// libcni sends both spellings; the one with a `-` is the specification's.
    private static func validAttachments(
        _ root: JSONField,
        network: NetworkName
    ) throws(JSONError) -> Set<Attachment>? {
        let current = try root["cni.dev/valid-attachments"]
        let list = current.isPresent ? current : try root["cni.dev/attachments"]
        guard let elements = try list.elements() else { return nil }
        var attachments: Set<Attachment> = []
        for element in elements {
            attachments.insert(
                Attachment(
                    network: network,
                    containerID: try element["containerID"].requiredString(as: ContainerID.init),
                    ifName: try element["ifname"].requiredString(as: InterfaceName.init)
                )
            )
        }
        return attachments
    }
}
