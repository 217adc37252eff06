import Control
import FoundationEssentials
import KubernetesClient
import Logging
import Netlink
import NetworkModel
import ServiceLifecycle
import ServiceProxy
import UnixSignals

/// The parts of podnetd, put together.
struct Daemon: Sendable {
    /// What it runs with; every value that has a default from elsewhere is filled in.
    let configuration: Configuration
    /// How to reach the cluster that services come from; nil when they come from the directory.
    let access: ClusterAccess?
    /// Whether kube-proxy's tables go when ours are complete.
    let takesOver: Bool
    /// Reads the configuration again.
    let load: @Sendable () throws -> Configuration
    /// The level of every logger.
    let log: LineLogHandler.Sink
    /// Who started us.
    let manager: ServiceManager
    /// For everything that happens.
    let logger: Logger
    /// For libraries, which talk more than we do.
    let libraryLogger: Logger

    /// Runs until SIGTERM or SIGINT. The rules stay.
    func run() async throws {
        let protectingFlags = try Self.protectingTableFlags()
        let settings = ProxySettings(configuration, protectingFlags: protectingFlags)
        let gate = GenerationGate()
        let announcer = Announcer(manager, gate, logger: logger)
        let servers = NodeServers(logger: logger, libraryLogger: libraryLogger)
        var kernel = try LinuxKernel()
        let bridges = try Self.bridgesFlushes(&kernel, settings, logger)
        let watch = try Self.rulesetWatch(&kernel, settings, logger)
        let reconciler = Reconciler(
            settings,
            kernel: kernel,
            flows: try LinuxKernel(),
            bridging: bridges,
            hears: { watch?.hear($0) },
            takingOver: takesOver
        ) { notice in
            if case .healthChecks(let checks) = notice { servers.healthChecks.use(checks) }
            announcer.take(notice)
        }
        let node = try NodeWatch(
            configuration.nodePortAddresses,
            zone: configuration.nodeZone,
            inbox: reconciler.inbox,
            listen: { servers.healthChecks.use($0) },
            logger: logger
        )
        let source = ServiceSource(configuration, access, inbox: reconciler.inbox, node: node, logger: logger)
        let reload = Reload(
            load: load,
            running: configuration,
            protectingFlags: protectingFlags,
            log: log,
            inbox: reconciler.inbox,
            source: source,
            node: node,
            manager: manager,
            announcer: announcer,
            logger: logger
        )
        let process = process(source.place)
        let control = ControlServer(
            path: configuration.socketPath,
            answers: answers(of: reconciler, source, process, servers),
            gate: gate,
            // In a container every run has the same process ID.
            runID: "\(process.id)-\(String(UInt32.random(in: .min ... .max), radix: 16))",
            logger: libraryLogger
        )
        let parts: [any ServiceLifecycle.Service] = [
            control,
            Loop(name: "reconciler") { await reconciler.run() },
            Loop(name: "node") { await node.run() },
            Loop(name: "source") { await source.run() },
            Loop(name: "reload") { await reload.run() },
            Loop(name: "servers") { await servers.run(configuration, reconciler, source, node) },
            Loop(name: "rivals") { await RivalWatch(areToGo: takesOver, logger: logger).run() },
        ]
        let watching = watch.map { watch in Loop(name: "ruleset") { await watch.run(into: reconciler.inbox) } }
        logger.info("services come from", metadata: ["\(source.place.kind)": "\(source.place.location)"])
        logger.info("started", metadata: ["version": "\(Version.text)", "ownsTables": "\(settings.tableFlags != 0)"])
        try await run([watching].compactMap(\.self) + parts)
    }

    private static func protectingTableFlags() throws(KernelError) -> UInt32 {
        var kernel = try LinuxKernel()
        return try kernel.protectingTableFlags()
    }

    /// Whether there is, and has to be, something that others' flushes leave.
    private static func bridgesFlushes(
        _ kernel: inout LinuxKernel,
        _ settings: ProxySettings,
        _ logger: Logger
    ) throws(KernelError) -> Bool {
        guard settings.tableFlags & TableFlags.owner == 0 else { return false }
        let bridges = try kernel.bridgeFlushes(for: settings)
        if !bridges {
            logger.notice("whoever removes our tables interrupts open connections, too: the kernel is too old")
        }
        return bridges
    }

    /// Where the kernel keeps others away nothing needs watching, and the kernel need not announce each element of ours,
    /// which costs it more than adding it.
    private static func rulesetWatch(
        _ kernel: inout LinuxKernel,
        _ settings: ProxySettings,
        _ logger: Logger
    ) throws(KernelError) -> RulesetWatch? {
        guard settings.tableFlags & TableFlags.owner == 0 else { return nil }
        return try RulesetWatch(ProxyCore(settings).tableIDs, but: try kernel.rulesetPortID(), logger: logger)
    }

    private func run(_ parts: [any ServiceLifecycle.Service]) async throws {
        var group = ServiceGroupConfiguration(
            services: parts,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: libraryLogger
        )
        group.maximumGracefulShutdownDuration = .seconds(8)
        try await ServiceGroup(configuration: group).run()
        manager.send(.stopping)
        logger.info("stopped; the rules stay")
    }

    private func process(_ place: Status.Source.Place) -> ReconcilerProcess {
        ReconcilerProcess(
            version: Version.text,
            id: Int(ProcessInfo.processInfo.processIdentifier),
            startedAt: .now,
            source: place
        )
    }

    private func answers(
        of reconciler: Reconciler<LinuxKernel>,
        _ source: ServiceSource,
        _ process: ReconcilerProcess,
        _ servers: NodeServers
    ) -> ControlServer.Answers {
        let node = configuration.nodeName ?? ""
        return ControlServer.Answers(
            endpoints: { await reconciler.endpoints(at: .now, on: node) },
            services: { await reconciler.services(at: .now, on: node, origins: source.origins()) },
            status: {
                var list = await reconciler.status(at: .now, on: node, of: process, source.watches)
                list.items.indices.forEach { list.items[$0].problems += servers.healthChecks.problems }
                return list
            },
            health: { Health(lastUpdated: await reconciler.lastSettled(.now), currentTime: .now) }
        )
    }
}

/// A part of the daemon that runs until it is cancelled.
private struct Loop: ServiceLifecycle.Service, CustomStringConvertible {
    let name: String
    let body: @Sendable () async -> Void

    var description: String { name }

    func run() async throws {
        await cancelWhenGracefulShutdown { await body() }
    }
}

extension Control.Timestamp {
    /// The wall clock's time.
    static var now: Self { Self(secondsSinceEpoch: Int64(Date().timeIntervalSince1970)) }
}
