import Logging
import Posix
import ServiceProxy
import Synchronization
import UnixSignals

/// Reads the configuration again at every SIGHUP.
struct Reload: Sendable {
    /// What the flags say: they go on overriding the file.
    let load: @Sendable () throws -> Configuration
    /// What the process runs with as far as only a new process can change it.
    let running: Configuration
    /// Whether the kernel protects tables (`TableFlags`).
    let protectingFlags: UInt32
    /// The level of every logger.
    let log: LineLogHandler.Sink
    /// Where new settings go.
    let inbox: ReconcilerInbox<ReconcilerEvent>
    /// The source, to be looked at again as a whole.
    let source: ServiceSource
    /// What is true of the node, which node ports go by.
    let node: NodeWatch
    /// Told of the reload.
    let manager: ServiceManager
    /// Told that the next settled state ends the reload.
    let announcer: Announcer
    /// For the outcome.
    let logger: Logger

    /// Waits for signals until the task is cancelled.
    func run() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup) { reload() }
    }

    private func reload() {
        manager.send(.reloading(microseconds: MonotonicClock.nanoseconds() / 1_000))
        announcer.expectReady()
        do {
            use(try load())
        } catch {
            logger.error("the new configuration is not used", error: error)
            // Settings that change nothing still lead to a settled state, which ends the reload.
            inbox.put(.tick)
        }
        source.look()
    }

    private func use(_ configuration: Configuration) {
        for key in running.needsRestart(for: configuration) {
            logger.warning("a changed key is for the next start", metadata: ["key": "\(key.rawValue)"])
        }
        log.level.withLock { $0 = configuration.logLevel }
        var settings = ProxySettings(configuration, protectingFlags: protectingFlags)
        let former = ProxySettings(running, protectingFlags: protectingFlags)
        settings.nodeName = former.nodeName
        settings.asksNodeForPodCIDRs = former.asksNodeForPodCIDRs
        settings.tableFlags = former.tableFlags
        inbox.put(.settings(settings))
        node.use(configuration.nodePortAddresses)
        logger.notice("read the configuration again")
    }
}

extension ProxySettings {
    /// What a configuration says of the rules.
    init(_ configuration: Configuration, protectingFlags: UInt32) {
        self.init(
            podCIDRs: configuration.podCIDRs,
            asksNodeForPodCIDRs: configuration.nodeCIDR,
            podLinks: configuration.podBridge.map(PodLinks.bridge) ?? configuration.podLinkPrefix.map(PodLinks.prefix),
            externalIPRanges: configuration.externalIPRanges,
            serviceCIDRs: configuration.serviceCIDRs,
            masqueradeAll: configuration.masqueradeAll,
            affinityClients: configuration.sessionAffinityClients,
            nodeName: configuration.nodeName,
            tableFlags: configuration.ownTables ? protectingFlags : 0
        )
    }
}
