import Addressing
import Logging
import NetworkModel
import Posix
import ServiceProxy
import Synchronization

/// Tells log, service manager and waiting requests what the reconciler does.
final class Announcer: Sendable {
    private struct Told {
        var owesReady = true
        var hasSynced = false
        /// Whether much memory was used and freed since it was last given back.
        var hasGarbage = true
        var summary: ReconcilerSummary?
        var stuck: (error: KernelError, at: ContinuousClock.Instant)?
        var fed = ContinuousClock.now
    }

    private let memory = Mutex(Told())
    private let manager: ServiceManager
    private let gate: GenerationGate
    private let logger: Logger

    /// Tells these.
    init(_ manager: ServiceManager, _ gate: GenerationGate, logger: Logger) {
        self.manager = manager
        self.gate = gate
        self.logger = logger
    }

    /// The next settled state ends a reload.
    func expectReady() {
        memory.withLock { $0.owesReady = true }
    }

    /// Passes on one notice.
    func take(_ notice: ReconcilerNotice) {
        switch notice {
        case .alive: feedWatchdog()
        case .adopted(let frontends, let took):
            if frontends >= 1_000 { memory.withLock { $0.hasGarbage = true } }
            logger.info("read our tables", metadata: ["frontends": "\(frontends)", "took": "\(took.milliseconds)"])
        case .unreadable(let error):
            logger.error("our tables cannot be read", error: error)
        case .committed(let commit): announce(commit)
        case .refused(let error, let changes): announce(error, changes)
        case .quarantined(let service, let error):
            logger.error("a service is left out", error: error, metadata: ["service": "\(service)"])
        case .stuck(let error): announceStuck(error, "the kernel takes nothing; trying again")
        case .tookOver(let tables):
            let names = tables.map(\.description).joined(separator: ", ")
            logger.notice("took over from kube-proxy", metadata: ["removed": "\(names)"])
        case .forgot(let count, let took):
            logger.info(
                "forgot connections to endpoints that are gone",
                metadata: ["flows": "\(count)", "took": "\(took.milliseconds)"]
            )
        case .unbridged(let error):
            announceStuck(error, "what stays when others flush all rulesets cannot be changed; trying again")
        case .flowsKept(let error): announceStuck(error, "connections cannot be looked at; trying again")
        case .repaired(let writers, let changes):
            let names = writers.map(\.description).joined(separator: " ")
            let by = names.isEmpty ? "unknown" : names
            logger.warning(
                "took back what others changed in our tables",
                metadata: ["by": "\(by)", "changes": "\(changes)"]
            )
        case .healthChecks: break
        case .settled(let summary): announce(summary)
        }
    }
}

extension Announcer {
    /// At most as often as the service manager wants it.
    private func feedWatchdog() {
        guard let interval = manager.address?.watchdogInterval else { return }
        let isHungry = memory.withLock { memory in
            let now = ContinuousClock.now
            // The loop's next turn may come a little later than this one did.
            guard now - memory.fed >= interval - .seconds(2) else { return false }
            memory.fed = now
            return true
        }
        if isHungry { manager.send(.watchdog) }
    }

    private func announce(_ commit: ReconcilerCommit) {
        let isFirst = memory.withLock { memory in
            defer { memory.hasSynced = true }
            memory.stuck = nil
            memory.hasGarbage = memory.hasGarbage || commit.changes >= 5_000
            return !memory.hasSynced
        }
        var metadata: Logger.Metadata = [
            "generation": "\(commit.generation)", "services": "\(commit.services)", "changes": "\(commit.changes)",
            "took": "\(commit.took.milliseconds)",
        ]
        if let latency = commit.latency { metadata["latency"] = "\(latency.milliseconds)" }
        logger.log(level: isFirst ? .info : .debug, "synced", metadata: metadata)
    }

    private func announce(_ error: KernelError, _ changes: [RulesetChange]) {
        logger.warning("the kernel refused a transaction", error: error, metadata: ["reason": "\(error.reason)"])
        guard logger.logLevel <= .debug else { return }
        // Enough to see what it was; the beginning holds the rules, whose errors are ours.
        let commands = NftSyntax.text(of: changes, to: .ourTables).split(separator: "\n")
        for command in commands.prefix(500) {
            logger.debug("refused", metadata: ["nft": "\(command)"])
        }
    }

    /// The same trouble is worth a line a minute.
    private func announceStuck(_ error: KernelError, _ text: Logger.Message) {
        let isNews = memory.withLock { memory in
            let now = ContinuousClock.now
            if let stuck = memory.stuck, stuck.error == error, now - stuck.at < .seconds(60) { return false }
            memory.stuck = (error, now)
            return true
        }
        if isNews { logger.error(text, error: error) }
    }

    private func announce(_ summary: ReconcilerSummary) {
        let (owesReady, isNews, hasGarbage) = memory.withLock { memory in
            defer { (memory.owesReady, memory.summary, memory.hasGarbage) = (false, summary, false) }
            return (memory.owesReady, memory.summary != summary, memory.hasGarbage)
        }
        if owesReady {
            manager.send(.ready(status: summary.text))
        } else if isNews {
            manager.send(.status(summary.text))
        }
        gate.pass(summary.generation)
        if hasGarbage { Memory.returnUnused() }
    }
}

extension ReconcilerSummary {
    /// For `systemctl status`.
    fileprivate var text: String {
        let refused = quarantined == 0 ? nil : "\(quarantined) refused by the kernel"
        let state = isSettled ? nil : "the kernel's rules stay as they are"
        return ["generation \(generation)", "\(services) services", refused, state, problem].compactMap(\.self)
            .joined(separator: ", ")
    }
}

extension Ruleset {
    /// The sets of our tables, for printing their elements.
    fileprivate static var ourTables: Ruleset {
        Ruleset(
            Dictionary(
                uniqueKeysWithValues: [ServiceRuleset(.v4), ServiceRuleset(.v6)].map {
                    ($0.table, $0.skeleton(ProxySettings()))
                }
            )
        )
    }
}

extension Duration {
    /// `1.234ms`
    var milliseconds: String {
        let microseconds = Int64(self / .microseconds(1))
        let fraction = String(microseconds % 1_000)
        return "\(microseconds / 1_000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)ms"
    }
}
