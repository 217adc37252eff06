import Addressing
import KubernetesClient
import Logging
import ServiceProxy
import Yams

/// The keys of podnetd.yaml.
package enum ConfigurationKey: String, Hashable, Sendable, CaseIterable {
    case servicesDir, kubeconfig, server, acceptEmpty, socket, lockFile, podCIDRs, nodeCIDR, podBridge, podLinkPrefix,
        nodePortAddresses, externalIPRanges, serviceCIDRs, masqueradeAll, sessionAffinityClients, nodeName, nodeZone,
        ownTables, healthzBindAddress, metricsBindAddress, connectionMetrics, logLevel, logFormat
}

extension Configuration {
    /// The defaults, overridden by what `yaml` says; `file` is its name in errors.
    package init(yaml: String, file: String) throws(ConfigurationError) {
        self.init()
        guard let root = try Self.compose(yaml, file) else { return }
        guard let mapping = root.mapping else {
            throw ConfigurationError(file, line: root.mark?.line, "the document is not a mapping of keys to values")
        }
        for (key, value) in mapping {
            try take(ConfigurationEntry(file, key, value))
        }
    }

    /// The one document, or nil when there is nothing in it.
    private static func compose(_ yaml: String, _ file: String) throws(ConfigurationError) -> Node? {
        do {
            let root = try Yams.compose(yaml: yaml)
            return root?.null == nil ? root : nil
        } catch let error as YamlError {
            throw ConfigurationError(file, line: error.line, error.fault)
        } catch {
            throw ConfigurationError(file, "\(error)")
        }
    }

    /// Takes one key's value; a key without a value keeps its default.
    private mutating func take(_ entry: ConfigurationEntry) throws(ConfigurationError) {
        let key = try entry.key()
        guard !entry.isEmpty else { return }
        switch key {
        case .servicesDir: servicesDirectory = try entry.path()
        case .kubeconfig: kubeconfigPath = try entry.path()
        case .server: server = try entry.serverAddress()
        case .acceptEmpty: acceptEmpty = try entry.bool()
        case .socket: socketPath = try entry.socketPath()
        case .lockFile: lockPath = try entry.path()
        case .podCIDRs: podCIDRs = try entry.cidrs()
        case .nodeCIDR: nodeCIDR = try entry.bool()
        case .podBridge: podBridge = try entry.linkName()
        case .podLinkPrefix: podLinkPrefix = try entry.linkName().text
        case .nodePortAddresses: nodePortAddresses = try entry.nodePortAddresses()
        case .externalIPRanges: externalIPRanges = try entry.cidrs()
        case .serviceCIDRs: serviceCIDRs = try entry.cidrs()
        case .masqueradeAll: masqueradeAll = try entry.bool()
        case .sessionAffinityClients: sessionAffinityClients = try entry.number(in: Configuration.affinityClientRange)
        case .nodeName: nodeName = try entry.text()
        case .nodeZone: nodeZone = try entry.text()
        case .ownTables: ownTables = try entry.bool()
        case .healthzBindAddress: health = try entry.listening()
        case .metricsBindAddress: metrics = try entry.listening()
        case .connectionMetrics: connectionMetrics = try entry.choice(ConnectionMetrics.allCases)
        case .logLevel: logLevel = try entry.choice(Logger.Level.allCases)
        case .logFormat: logFormat = try entry.choice(LogFormat.allCases)
        }
    }
}

/// One key and its value, with where they are.
private struct ConfigurationEntry {
    private let file: String
    private let name: Node
    private let value: Node

    init(_ file: String, _ name: Node, _ value: Node) {
        self.file = file
        self.name = name
        self.value = value
    }

    /// Whether there is nothing behind the colon.
    var isEmpty: Bool { value.null != nil }

    func key() throws(ConfigurationError) -> ConfigurationKey {
        if let key = name.string.flatMap(ConfigurationKey.init(rawValue:)) { return key }
        let known = ConfigurationKey.allCases.map(\.rawValue).joined(separator: ", ")
        throw ConfigurationError(file, line: name.mark?.line, "unknown key '\(shown(name))': known are \(known)")
    }

    func text() throws(ConfigurationError) -> String {
        guard let text = value.scalar?.string else { throw fault("is not a text") }
        return text
    }

    /// A text that is to be an absolute path: the daemon's working directory is /.
    func path() throws(ConfigurationError) -> String {
        let path = try text()
        guard path.hasPrefix("/") else { throw fault("is not an absolute path") }
        return path
    }

    /// A path that fits into `sockaddr_un` with its NUL (unix(7)).
    func socketPath() throws(ConfigurationError) -> String {
        let path = try path()
        guard path.utf8.count <= 107 else { throw fault("is longer than 107 bytes, the most a socket's path may have") }
        return path
    }

    func bool() throws(ConfigurationError) -> Bool {
        guard let bool = value.bool else { throw fault("is neither true nor false") }
        return bool
    }

    func number(in range: ClosedRange<UInt32>) throws(ConfigurationError) -> UInt32 {
        guard let number = value.int.flatMap(UInt32.init(exactly:)), range.contains(number) else {
            throw fault("is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func cidrs() throws(ConfigurationError) -> [CIDR] {
        try list { text throws(InvalidValue) in try CIDR(parsing: text) }
    }

    func nodePortAddresses() throws(ConfigurationError) -> NodePortSelection {
        NodePortSelection(try list { text throws(InvalidValue) in try NodePortSelection.Item(parsing: text) })
    }

    func linkName() throws(ConfigurationError) -> InterfaceName {
        try parsed { text throws(InvalidValue) in try InterfaceName(text) }
    }

    private func parsed<Item>(_ read: (String) throws(InvalidValue) -> Item) throws(ConfigurationError) -> Item {
        let text = try text()
        do throws(InvalidValue) {
            return try read(text)
        } catch {
            throw ConfigurationError(file, line: value.mark?.line, "\(shown(name)): \(error)")
        }
    }

    private func list<Item>(_ read: (String) throws(InvalidValue) -> Item) throws(ConfigurationError) -> [Item] {
        guard let nodes = value.sequence else { throw fault("is not a list") }
        var items: [Item] = []
        for (index, node) in nodes.enumerated() {
            do throws(InvalidValue) {
                items.append(try read(node.scalar?.string ?? ""))
            } catch {
                throw ConfigurationError(file, line: node.mark?.line, "\(shown(name))[\(index)]: \(error)")
            }
        }
        return items
    }

    func serverAddress() throws(ConfigurationError) -> ServerAddress {
        try parsed { text throws(InvalidValue) in try ServerAddress(parsing: text) }
    }

    func listening() throws(ConfigurationError) -> Listening {
        try parsed { text throws(InvalidValue) in try Listening(parsing: text) }
    }

    func choice<Choice: RawRepresentable<String>>(_ all: [Choice]) throws(ConfigurationError) -> Choice {
        let text = try text()
        if let choice = Choice(rawValue: text) { return choice }
        throw fault("is not one of " + all.map(\.rawValue).joined(separator: ", "))
    }

    private func fault(_ what: String) -> ConfigurationError {
        ConfigurationError(file, line: value.mark?.line, "\(shown(name)): '\(shown(value))' \(what)")
    }

    /// A scalar as it is written; anything else by what it is.
    private func shown(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): scalar.string
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}

extension YamlError {
    /// Where the parser stopped.
    fileprivate var line: Int? {
        switch self {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        case .duplicatedKeysInMapping(_, let context): context.mark.line
        default: nil
        }
    }

    /// The problem in one line.
    fileprivate var fault: String {
        switch self {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _):
            "not YAML: \(problem)"
        case .duplicatedKeysInMapping(let keys, _):
            "key '\(keys.joined(separator: "', '"))' is there twice"
        default:
            "not YAML: \(self)"
        }
    }
}
