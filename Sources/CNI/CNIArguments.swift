/// `CNI_ARGS`: `KEY=VALUE;KEY=VALUE`, the old way of handing parameters to plugins.
///
/// Known to every plugin here are `IgnoreUnknown`, `IP`, `GATEWAY` and `MAC`, spelled exactly so.
package struct CNIArguments: Hashable, Sendable {
    private let values: [String: String]

    /// No arguments.
    package static let none = CNIArguments(values: [:])

    private init(values: [String: String]) {
        self.values = values
    }

    /// Reads the variable; an unknown key is an error unless `IgnoreUnknown` is true, whatever the order.
    package init(parsing text: String) throws(CNIError) {
        var values: [String: String] = [:]
        var unknown: [String] = []
        for pair in text.isEmpty ? [] : text.split(separator: ";", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw Self.fault("ARGS: invalid pair \"\(pair)\"") }
            if !Self.known.contains(parts[0]) { unknown.append("\"\(pair)\"") }
            values[parts[0]] = parts[1]
        }
        let ignoresUnknown = try Self.flag(values["IgnoreUnknown"])
        guard unknown.isEmpty || ignoresUnknown else {
            throw Self.fault("ARGS: unknown args [\(unknown.joined(separator: " "))]")
        }
        self.values = values
    }

    /// The value of a key, for example `K8S_POD_NAME`; nil when the runtime gave none or an empty one.
    package subscript(key: String) -> String? {
        values[key].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static var known: [String] { ["IgnoreUnknown", "IP", "GATEWAY", "MAC"] }

    private static func flag(_ text: String?) throws(CNIError) -> Bool {
        switch text?.lowercased() {
        case "1", "true": return true
        case nil, "0", "false": return false
        case .some:
            throw fault("ARGS: error parsing value of pair \"IgnoreUnknown=\(text ?? "")\": neither true nor false")
        }
    }

    private static func fault(_ message: String) -> CNIError {
        CNIError(.invalidEnvironment, "invalid CNI_ARGS", details: message)
    }
}
