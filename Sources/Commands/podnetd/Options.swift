import Addressing
import ArgumentParser
import KubernetesClient
import Logging
import ServiceProxy

/// The flags that override the configuration's file.
struct Options: ParsableArguments {
    @Option(name: .customLong("config"), help: "The configuration file (default: \(Configuration.defaultPath)).")
    var configPath: String?

    @Option(help: "The directory of Kubernetes manifests.")
    var servicesDir: String?

    @Option(help: "Take services from the cluster of this kubeconfig instead of the directory.")
    var kubeconfig: String?

    @Option(
        name: [.long, .customLong("master")],
        help: "The API server's own address; without a kubeconfig, with the pod's service account.",
        transform: Self.server
    )
    var server: ServerAddress?

    @Flag(inversion: .prefixedNo, help: "Believe a cluster that lists no service at all.")
    var acceptEmpty: Bool?

    @Option(help: "The control socket.")
    var socket: String?

    @Option(help: "The lock that keeps a second podnetd from running.")
    var lockFile: String?

    @Option(
        name: .customLong("pod-cidr"),
        help: "Where this node's pods have their addresses; may be repeated.",
        transform: Self.cidr
    )
    var podCIDRs: [CIDR] = []

    @Flag(inversion: .prefixedNo, help: "Ask the cluster's Node where this node's pods have their addresses.")
    var nodeCIDR: Bool?

    @Option(help: "The bridge that pods' packets come in by, instead of their addresses.", transform: Self.link)
    var podBridge: InterfaceName?

    @Option(help: "What links' names begin with that pods' packets come in by.", transform: Self.link)
    var podLinkPrefix: InterfaceName?

    @Option(
        name: .customLong("nodeport-addresses"),
        help: "Where node ports are open: 'primary' or a CIDR; may be repeated.",
        transform: Self.nodePortAddresses
    )
    var nodePortAddresses: [NodePortSelection.Item] = []

    @Option(
        name: .customLong("external-ip-range"),
        help: "Where services' external IPs may lie; may be repeated (default: anywhere).",
        transform: Self.cidr
    )
    var externalIPRanges: [CIDR] = []

    @Option(
        name: .customLong("service-cidr"),
        help: "Where virtual addresses are given from; may be repeated.",
        transform: Self.cidr
    )
    var serviceCIDRs: [CIDR] = []

    @Flag(inversion: .prefixedNo, help: "Masquerade all traffic to services.")
    var masqueradeAll: Bool?

    @Option(
        help: "How many clients are remembered at most for each timeout of session affinity.",
        transform: Self.affinityClients
    )
    var sessionAffinityClients: UInt32?

    @Option(
        name: [.long, .customLong("hostname-override")],
        help: "The node's name in EndpointSlices (default: the host name)."
    )
    var nodeName: String?

    @Option(help: "The node's zone in hints of EndpointSlices, where no cluster's Node says it.")
    var nodeZone: String?

    @Flag(inversion: .prefixedNo, help: "Have the kernel keep others from changing podnetd's tables.")
    var ownTables: Bool?

    @Option(
        help: "Where health is told: an address and a port, or 'off' (default: 0.0.0.0:10256).",
        transform: Self.listening
    )
    var healthzBindAddress: Listening?

    @Option(
        help: "Where metrics are told: an address and a port, or 'off' (default: 127.0.0.1:10249).",
        transform: Self.listening
    )
    var metricsBindAddress: Listening?

    @Option(help: "Whose connections metrics count: none, services or endpoints.")
    var connectionMetrics: ConnectionMetrics?

    @Option(help: "trace, debug, info, notice, warning, error or critical.", transform: Self.level)
    var logLevel: Logger.Level?

    @Option(help: "text or json.")
    var logFormat: LogFormat?

    private static func cidr(_ text: String) throws -> CIDR { try CIDR(parsing: text) }

    private static func affinityClients(_ text: String) throws -> UInt32 {
        let range = Configuration.affinityClientRange
        guard let number = UInt32(text), range.contains(number) else {
            throw ValidationError("'\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func link(_ text: String) throws -> InterfaceName { try InterfaceName(text) }

    private static func nodePortAddresses(_ text: String) throws -> NodePortSelection.Item {
        try NodePortSelection.Item(parsing: text)
    }

    private static func listening(_ text: String) throws -> Listening { try Listening(parsing: text) }

    private static func server(_ text: String) throws -> ServerAddress { try ServerAddress(parsing: text) }

    private static func level(_ text: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: text) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("'\(text)' is not one of \(known)")
        }
        return level
    }
}

extension Options {
    /// `configuration` with everything that a flag names taken from the flags.
    func overriding(_ configuration: Configuration) -> Configuration {
        var result = configuration
        result.servicesDirectory = servicesDir ?? result.servicesDirectory
        result.kubeconfigPath = kubeconfig ?? result.kubeconfigPath
        result.server = server ?? result.server
        result.acceptEmpty = acceptEmpty ?? result.acceptEmpty
        result.socketPath = socket ?? result.socketPath
        result.lockPath = lockFile ?? result.lockPath
        result.podCIDRs = podCIDRs.isEmpty ? result.podCIDRs : podCIDRs
        result.nodeCIDR = nodeCIDR ?? result.nodeCIDR
        result.podBridge = podBridge ?? result.podBridge
        result.podLinkPrefix = podLinkPrefix?.text ?? result.podLinkPrefix
        if !nodePortAddresses.isEmpty { result.nodePortAddresses = NodePortSelection(nodePortAddresses) }
        result.externalIPRanges = externalIPRanges.isEmpty ? result.externalIPRanges : externalIPRanges
        result.serviceCIDRs = serviceCIDRs.isEmpty ? result.serviceCIDRs : serviceCIDRs
        result.masqueradeAll = masqueradeAll ?? result.masqueradeAll
        result.sessionAffinityClients = sessionAffinityClients ?? result.sessionAffinityClients
        result.nodeName = nodeName ?? result.nodeName
        result.nodeZone = nodeZone ?? result.nodeZone
        result.ownTables = ownTables ?? result.ownTables
        result.health = healthzBindAddress ?? result.health
        result.metrics = metricsBindAddress ?? result.metrics
        result.connectionMetrics = connectionMetrics ?? result.connectionMetrics
        result.logLevel = logLevel ?? result.logLevel
        result.logFormat = logFormat ?? result.logFormat
        return result
    }
}

extension LogFormat: ExpressibleByArgument {}
extension ConnectionMetrics: ExpressibleByArgument {}
