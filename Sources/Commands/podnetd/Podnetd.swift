import ArgumentParser
import FoundationEssentials
import Glibc
import KubernetesClient
import Logging
import Netlink
import NetworkModel
import Posix
import ServiceProxy

/// The program.
package enum Program {
    /// Runs it until it is told to end; its arguments are the process's.
    package static func main() async {
        // Before there is a second thread.
        Memory.useOneHeap()
        await Podnetd.main(nil)
    }
}

/// The service proxy daemon.
struct Podnetd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "podnetd",
        abstract: "Turns virtual IPs into pod endpoints with nftables.",
        version: Version.text
    )

    @OptionGroup var options: Options

    @Flag(help: "Remove podnetd's tables from the kernel and exit.")
    var cleanup = false

    @Flag(help: "Remove kube-proxy's tables in the transaction that makes podnetd's own complete.")
    var takeOver = false

    @Flag(help: "Read the configuration, say what is wrong with it, and exit.")
    var checkConfig = false

    func run() async throws {
        StandardStreams.prepare()
        let configuration = try options.load()
        let access = try configuration.clusterAccess(StandardStreams.environment)
        if checkConfig {
            print("the configuration is good")
            return
        }
        let instance = try Instance(configuration)
        // What we make from now on is for root alone: bind(2) makes the socket with these permissions, 0600.
        umask(0o177)
        if cleanup { try Self.cleanUp() } else { try await serve(configuration, access) }
        try instance.leave()
    }

    private static func cleanUp() throws {
        var kernel = try LinuxKernel()
        for table in try kernel.removeServiceTables() { print("removed table \(table)") }
    }

    private func serve(_ configuration: Configuration, _ access: ClusterAccess?) async throws {
        let sink = LineLogHandler.Sink(configuration.logFormat, level: configuration.logLevel)
        LoggingSystem.bootstrap { _ in LineLogHandler(sink) }
        let logger = Logger(label: "podnetd")
        let libraryLogger = Logger(label: "podnetd") { _ in LineLogHandler(sink, forLibraries: true) }
        let address = ServiceManagerAddress(
            environment: StandardStreams.environment,
            processID: ProcessInfo.processInfo.processIdentifier
        )
        let daemon = Daemon(
            configuration: configuration,
            access: access,
            takesOver: takeOver,
            load: { [options] in try options.load() },
            log: sink,
            manager: ServiceManager(address: address, logger: logger),
            logger: logger,
            libraryLogger: libraryLogger
        )
        do {
            try await daemon.run()
        } catch let error as KernelError where error.reason == .denied {
            logger.critical("podnetd ends: it needs CAP_NET_ADMIN", error: error)
            throw ExitCode.failure
        } catch {
            logger.critical("podnetd ends", error: error)
            throw ExitCode.failure
        }
    }
}

extension Options {
    /// The configuration: defaults, file, flags, and the host's name where none of them names the node.
    func load() throws -> Configuration {
        var configuration = overriding(try file())
        if configuration.nodeName == nil {
            let name = try FileSystem.read("/proc/sys/kernel/hostname")
            configuration.nodeName = String(decoding: name, as: UTF8.self).trimmed
        }
        return configuration
    }

    /// What the file says; only the default one may be missing.
    private func file() throws -> Configuration {
        let path = configPath ?? Configuration.defaultPath
        if configPath == nil, try FileSystem.statusIfPresent(path, followLinks: true) == nil { return Configuration() }
        let bytes = try FileSystem.read(path, followLinks: true)
        return try Configuration(yaml: String(decoding: bytes, as: UTF8.self), file: path)
    }
}

extension String {
    /// Without the end of line that files of /proc have.
    fileprivate var trimmed: String { String(prefix { !$0.isNewline }) }
}
