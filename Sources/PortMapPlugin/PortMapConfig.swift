import Addressing
package import CNI
import JSON

/// The `portmap` plugin's configuration, checked.
package struct PortMapConfig: Hashable, Sendable {
    /// `runtimeConfig.portMappings`, each once.
    package let mappings: [PortMapping]
    /// `snat`: what could not be answered otherwise is masqueraded, and the loopback address works.
    package let snat: Bool
    /// `masqAll`: everything is masqueraded; the pod sees the node as every client.
    package let masqAll: Bool

    /// Reads the plugin's object and what the runtime adds to it.
    package init(_ config: NetworkConfig) throws(CNIError) {
        try Self.refuseMarks(config.root)
        try Self.refuseMixture(config.root)
        mappings = try Self.mappings(config)
        (snat, masqAll) = try config.read { (root) throws(JSONError) in
            (try root["snat"].bool() ?? true, try root["masqAll"].bool() ?? false)
        }
    }

    private static func mappings(_ config: NetworkConfig) throws(CNIError) -> [PortMapping] {
        let entries = try config.read { (root) throws(JSONError) in
            try root["runtimeConfig"]["portMappings"].elements() ?? []
        }
        var mappings: [PortMapping] = []
        for entry in entries {
            try PortMapping.refuseBadPorts(entry)
            let mapping = try config.read { (_) throws(JSONError) in try PortMapping(entry) }
            if let rival = mappings.first(where: { mapping.claims(what: $0) }) {
                throw CNIError(
                    .invalidConfig,
                    "invalid config",
                    details: "\(entry.path): \(mapping) is published twice, to \(rival.containerPort), too"
                )
            }
            if !mappings.contains(mapping) { mappings.append(mapping) }
        }
        return mappings
    }
}

/// The keys that only name the means. Ours are neither marks nor chains; what they may be is checked, since a runtime
/// that gets them wrong here gets them wrong with the reference, too.
extension PortMapConfig {
    private static func refuseMarks(_ root: JSONField) throws(CNIError) {
        do {
            let bit = try root["markMasqBit"].int()
            let chain = try root["externalSetMarkChain"].string()
            if bit != nil, chain != nil {
                throw CNIError(.invalidConfig, "Cannot specify externalSetMarkChain and markMasqBit")
            }
            if let bit, !(0...31).contains(bit) {
                throw CNIError(.invalidConfig, "MasqMarkBit must be between 0 and 31")
            }
        } catch let error as JSONError {
            throw CNIError(error)
        } catch let error as CNIError {
            throw error
        } catch {
            throw CNIError(.invalidConfig, "invalid config", details: "\(error)")
        }
    }

    /// Keys of one backend with the other one asked for are refused in the reference's words.
    private static func refuseMixture(_ root: JSONField) throws(CNIError) {
        let options: Options
        do {
            options = try Options(root)
        } catch {
            throw CNIError(error)
        }
        if let wrong = options.wrong {
            throw CNIError(
                .invalidConfig,
                "\(options.backend) backend was requested but configuration contains \(wrong.backend)-specific options "
                    + "[\(wrong.keys.joined(separator: " "))]"
            )
        }
        if let condition = options.condition {
            throw CNIError(.unsupportedField, "\(condition.path) is not supported: \(condition.value?.text ?? "")")
        }
    }

    private struct Options {
        let backend: String
        /// Keys by the backend that they are written for.
        var keys: [String: [String]] = [:]
        /// The first condition that is not empty.
        var condition: JSONField?

        init(_ root: JSONField) throws(JSONError) {
            let asked = try root["backend"].string().flatMap { $0.isEmpty ? nil : $0 }
            guard asked == nil || ["iptables", "nftables"].contains(asked) else {
                throw try root["backend"].fault(
                    "'\(asked ?? "")' is not a backend; known are 'iptables' and 'nftables'"
                )
            }
            if try root["externalSetMarkChain"].string() != nil {
                keys["iptables", default: []].append("externalSetMarkChain")
            }
            for key in ["conditionsV4", "conditionsV6"] {
                let field = try root[key]
                guard let first = try field.strings()?.first, !first.isEmpty else { continue }
                let isIptables = first.hasPrefix("-") || first.hasPrefix("!")
                keys[isIptables ? "iptables" : "nftables", default: []].append(key)
                condition = condition ?? field
            }
            // Without a wish, whatever the keys say; both at once is a mixture whichever is meant.
            backend = asked ?? (keys["iptables"] == nil ? "nftables" : "iptables")
        }

        var wrong: (backend: String, keys: [String])? {
            let other = backend == "iptables" ? "nftables" : "iptables"
            return keys[other].map { (other, $0) }
        }
    }
}

extension PortMapping {
    /// Whether both mean the same port of the node, and not the same port of the pod.
    fileprivate func claims(what other: PortMapping) -> Bool {
        hostIP == other.hostIP && transport == other.transport && hostPort == other.hostPort
            && containerPort != other.containerPort && !Set(families).isDisjoint(with: other.families)
    }
}
