import Control
import Dispatch
import Logging
import Manifests
import ServiceProxy
import Synchronization

/// The directory of manifests, looked at on a queue of its own whenever something happens in it.
final class SourceWatch: Sendable {
    /// The directory.
    let path: String
    private let watcher: Mutex<ManifestWatcher>
    private let reported = Mutex<Set<String>>([])
    private let isToLookAgain = Mutex(false)
    private let queue = DispatchQueue(label: "podnet.source")
    private let inbox: ReconcilerInbox<ReconcilerEvent>
    private let logger: Logger

    /// Watches `path`; what it finds goes into `inbox`.
    init(_ path: String, inbox: ReconcilerInbox<ReconcilerEvent>, logger: Logger) {
        self.path = path
        self.watcher = Mutex(ManifestWatcher(path))
        self.inbox = inbox
        self.logger = logger
    }

    /// Looks now, and again when told by the kernel, until the task is cancelled.
    ///
    /// From time to time it looks without being told: a network file system tells nothing. Where there is nobody to tell, it
    /// looks every second.
    func run() async {
        look()
        let events = watcher.withLock { $0.rawDescriptor }.map { raw in
            DispatchSource.makeReadSource(fileDescriptor: raw, queue: queue)
        }
        events?.setEventHandler { [self] in lookHere() }
        events?.activate()
        while (try? await Task.sleep(for: .seconds(30))) != nil { look() }
        events?.cancel()
    }

    /// Looks at everything.
    func look() {
        queue.async { [self] in lookHere() }
    }

    /// Where the objects in force are written down.
    func origins() async -> [ObjectID: ServiceItem.Origin] {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                let origins = watcher.withLock { $0.directory.origins }
                continuation.resume(returning: origins.mapValues { $0.item(in: path) })
            }
        }
    }

    /// On the queue: takes what is queued, or looks at everything when nothing is, and passes on what is new.
    private func lookHere() {
        let noticed = ContinuousClock.now
        let (update, isBlind) = watcher.withLock { watcher in
            watcher.wait(for: .zero)
            return (watcher.scan(), watcher.isBlind)
        }
        if isBlind { lookAgain() }
        guard let update else { return }
        report(update.problems)
        inbox.put(.source(SourceUpdate(update, in: path, noticed: noticed)))
    }

    /// Looks in a second; one that was asked for already is enough.
    private func lookAgain() {
        let isAsked = isToLookAgain.withLock { isToLookAgain in
            defer { isToLookAgain = true }
            return isToLookAgain
        }
        guard !isAsked else { return }
        queue.asyncAfter(deadline: .now() + .seconds(1)) { [self] in
            isToLookAgain.withLock { $0 = false }
            lookHere()
        }
    }

    /// Logs what is newly wrong.
    private func report(_ problems: [ManifestProblem]) {
        let texts = Set(problems.map(\.description))
        let known = reported.withLock { reported in
            defer { reported = texts }
            return reported
        }
        for problem in problems where !known.contains(problem.description) {
            let level: Logger.Level = problem.severity == .error ? .error : .warning
            logger.log(level: level, "a manifest has a problem", metadata: ["problem": "\(problem)"])
        }
        if problems.isEmpty, !known.isEmpty { logger.info("the manifests have no problems any more") }
    }
}

extension SourceUpdate {
    /// What a scan of `path` found, in the reconciler's words.
    init(_ update: ManifestWatcher.Update, in path: String, noticed: ContinuousClock.Instant) {
        let whole = update.problems.first { $0.origin == nil && $0.object == nil }
        self.init(
            update.changes,
            !update.hasBeenRead ? .waiting : update.isComplete ? .complete : .partial,
            problem: whole.map { "\(path): \($0)" },
            problems: update.problems.map { $0.item(in: path) },
            noticed: noticed
        )
    }
}

extension ManifestProblem {
    /// As the status shows it.
    fileprivate func item(in path: String) -> Status.Problem {
        let file = origin.map { "\(path)/\($0)" } ?? path
        let end = keepsFormer ? " (the last good version stays in force)" : ""
        return Status.Problem(object: file, reason: text + end)
    }
}

extension ManifestOrigin {
    /// As a service's row shows it.
    fileprivate func item(in path: String) -> ServiceItem.Origin {
        if case .line(let line) = place { return ServiceItem.Origin(file: "\(path)/\(file)", line: line) }
        return ServiceItem.Origin(file: "\(path)/\(file)")
    }
}
