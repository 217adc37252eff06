package import Addressing
package import KubernetesClient
package import Logging
package import ServiceProxy

/// How podnetd runs: the defaults, overridden by the file, overridden by the flags.
///
/// Every value here is valid. `conf/podnetd.yaml` says what each means.
package struct Configuration: Hashable, Sendable {
    /// Where the file is looked for unless `--config` names another.
    package static let defaultPath = "/etc/podnet/podnetd.yaml"

    /// The directory of manifests.
    package var servicesDirectory = "/etc/podnet/services.d"
    /// The kubeconfig of the cluster that services come from, instead of the directory.
    package var kubeconfigPath: String?
    /// The API server's own address, instead of that in the kubeconfig or with the pod's service account.
    package var server: ServerAddress?
    /// Whether a cluster that lists no service at all is believed at once.
    package var acceptEmpty = false
    /// The control socket.
    package var socketPath = "/run/podnet/podnetd.sock"
    /// The file whose lock says that a podnetd runs.
    package var lockPath = "/run/podnet/podnetd.lock"
    /// Where the node's pods have their addresses; traffic to a service from elsewhere is masqueraded.
    package var podCIDRs: [CIDR] = []
    /// Whether the cluster's Node of this name says where pods have their addresses (`spec.podCIDRs`).
    package var nodeCIDR = false
    /// The bridge that pods' packets come in by, where that tells them and not their addresses.
    package var podBridge: InterfaceName?
    /// What the names of links begin with that pods' packets come in by.
    package var podLinkPrefix: String?
    /// The node's addresses that node ports are open at.
    package var nodePortAddresses = NodePortSelection.primary
    /// Where external IPs may lie; nil is anywhere.
    package var externalIPRanges: [CIDR]?
    /// Where virtual addresses are given from: one that no service has is dropped.
    package var serviceCIDRs: [CIDR] = []
    /// Masquerade traffic to services wherever it comes from.
    package var masqueradeAll = false
    /// How many clients are remembered at most for each timeout of session affinity.
    package var sessionAffinityClients: UInt32 = 262_144
    /// The kernel makes room for all of them at once: 2^24 take 256 MiB.
    package static let affinityClientRange: ClosedRange<UInt32> = 1...16_777_216
    /// The node's name in EndpointSlices; nil is the host name.
    package var nodeName: String?
    /// The node's zone in hints of EndpointSlices, where no cluster's Node says it.
    package var nodeZone: String?
    /// Whether the kernel keeps others from changing our tables, where it can.
    package var ownTables = true
    /// Where health is told.
    package var health = Listening.at(ListenAddress(.unspecified(.v4), 10_256))
    /// Where numbers are told.
    package var metrics = Listening.at(ListenAddress(.v4(0x7f00_0001), 10_249))
    /// Whose connections are among them.
    package var connectionMetrics = ConnectionMetrics.none
    /// The least level that is logged.
    package var logLevel: Logger.Level = .info
    /// The form of a log line.
    package var logFormat: LogFormat = .text

    /// The defaults.
    package init() {}

    /// The keys whose values differ and which only a new process reads.
    package func needsRestart(for other: Configuration) -> [ConfigurationKey] {
        var keys: [ConfigurationKey] = []
        if servicesDirectory != other.servicesDirectory { keys.append(.servicesDir) }
        if kubeconfigPath != other.kubeconfigPath { keys.append(.kubeconfig) }
        if server != other.server { keys.append(.server) }
        if acceptEmpty != other.acceptEmpty { keys.append(.acceptEmpty) }
        if socketPath != other.socketPath { keys.append(.socket) }
        if lockPath != other.lockPath { keys.append(.lockFile) }
        if nodeCIDR != other.nodeCIDR { keys.append(.nodeCIDR) }
        if nodeName != other.nodeName { keys.append(.nodeName) }
        if nodeZone != other.nodeZone { keys.append(.nodeZone) }
        if ownTables != other.ownTables { keys.append(.ownTables) }
        if health != other.health { keys.append(.healthzBindAddress) }
        if metrics != other.metrics { keys.append(.metricsBindAddress) }
        if connectionMetrics != other.connectionMetrics { keys.append(.connectionMetrics) }
        if logFormat != other.logFormat { keys.append(.logFormat) }
        return keys
    }
}

/// The form of a log line.
package enum LogFormat: String, Hashable, Sendable, CaseIterable {
    /// `time level event key=value …`
    case text
    /// One JSON object a line.
    case json
}

/// Whose new connections are told one by one.
package enum ConnectionMetrics: String, Hashable, Sendable, CaseIterable {
    /// Nobody's.
    case none
    /// Every service port's.
    case services
    /// Every endpoint's, too.
    case endpoints
}

/// A configuration that cannot be used: where, what, why.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For example `/etc/podnet/podnetd.yaml:3: podCIDRs[0]: '10.0.0.0/33' is not a CIDR`.
    package let description: String

    /// Says what is wrong in `file`, in `line` when that is known.
    init(_ file: String, line: Int? = nil, _ fault: String) {
        description = "\(file)\(line.map { ":\($0)" } ?? ""): \(fault)"
    }
}
