import Addressing
import ArgumentParser
import Logging

/// The flags that override the configuration's file.
struct Options: ParsableArguments {
    @Option(name: .customLong("config"), help: "The configuration file (default: \(Configuration.defaultPath)).")
    var configPath: String?

    @Option(help: "The directory of Kubernetes manifests.")
    var servicesDir: String?

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

    @Flag(inversion: .prefixedNo, help: "Masquerade all traffic to services.")
    var masqueradeAll: Bool?

    @Option(help: "The node's name in EndpointSlices (default: the host name).")
    var nodeName: String?

    @Flag(inversion: .prefixedNo, help: "Have the kernel keep others from changing podnetd's tables.")
    var ownTables: Bool?

    @Option(help: "trace, debug, info, notice, warning, error or critical.", transform: Self.level)
    var logLevel: Logger.Level?

    @Option(help: "text or json.")
    var logFormat: LogFormat?

    private static func cidr(_ text: String) throws -> CIDR { try CIDR(parsing: text) }

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
        result.socketPath = socket ?? result.socketPath
        result.lockPath = lockFile ?? result.lockPath
        result.podCIDRs = podCIDRs.isEmpty ? result.podCIDRs : podCIDRs
        result.masqueradeAll = masqueradeAll ?? result.masqueradeAll
        result.nodeName = nodeName ?? result.nodeName
        result.ownTables = ownTables ?? result.ownTables
        result.logLevel = logLevel ?? result.logLevel
        result.logFormat = logFormat ?? result.logFormat
        return result
    }
}

extension LogFormat: ExpressibleByArgument {}
