import Addressing
import Hummingbird
import Logging
import Netlink
import NetworkModel
import Posix
import ServiceLifecycle
import ServiceProxy
import Synchronization

/// Everything of the daemon that answers over TCP: health, metrics, health check node ports.
struct NodeServers: Sendable {
    /// Those that load balancers ask for single services.
    let healthChecks: HealthCheckServers
    private let logger: Logger
    private let libraryLogger: Logger

    /// No server listens before `run`.
    init(logger: Logger, libraryLogger: Logger) {
        healthChecks = HealthCheckServers(logger: logger, libraryLogger: libraryLogger)
        self.logger = logger
        self.libraryLogger = libraryLogger
    }

    /// Answers until the task is cancelled.
    func run(
        _ configuration: Configuration,
        _ reconciler: Reconciler<LinuxKernel>,
        _ source: ServiceSource,
        _ node: NodeWatch
    ) async {
        let isCluster = source.watches != nil
        let health = HealthAnswers(reconciler.record) {
            // Where there is no cluster nobody says anything against the node.
            !isCluster || node.facts?.isEligible ?? false
        }
        let metrics = MetricsAnswers(
            reconciler: reconciler,
            source: source,
            health: health,
            healthChecks: healthChecks,
            connections: connectionReader(configuration.connectionMetrics),
            detail: configuration.connectionMetrics
        )
        await withDiscardingTaskGroup { group in
            group.addTask { await healthChecks.run { health.isHealthy } }
            group.addTask { await serve("health", configuration.health) { health.answer($0) } }
            group.addTask { await serve("metrics", configuration.metrics) { await metrics.answer($0) } }
        }
    }

    private func connectionReader(_ detail: ConnectionMetrics) -> ConnectionReader? {
        guard detail != .none else { return nil }
        do throws(KernelError) {
            return try ConnectionReader(logger: logger)
        } catch {
            logger.warning("connections cannot be counted", error: error)
            return nil
        }
    }

    private func serve(
        _ name: String,
        _ listening: Listening,
        _ answer: @escaping @Sendable (String) async -> Response
    ) async {
        guard case .at(let address) = listening else { return }
        let said = LastWord()
        await HTTPListener(
            address: address,
            logger: libraryLogger,
            note: { [logger] error in
                guard said.isNews(error) else { return }
                if let error {
                    logger.error("a server has no port", error: error, metadata: ["server": "\(name)"])
                } else {
                    logger.info("listening", metadata: ["server": "\(name)", "address": "\(address)"])
                }
            },
            answer: { await answer($0.path) }
        ).run()
    }
}

/// What was said last, so that the same trouble is told once.
private final class LastWord: Sendable {
    private let word = Mutex<PosixError??>(nil)

    func isNews(_ error: PosixError?) -> Bool {
        word.withLock { word in
            defer { word = .some(error) }
            return word != .some(error)
        }
    }
}
