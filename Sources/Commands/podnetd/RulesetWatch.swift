import Dispatch
import Logging
import Netlink
import NetworkModel
import ServiceProxy
import Synchronization

/// Tells the reconciler of every commit to any ruleset.
final class RulesetWatch: Sendable {
    private let events: Mutex<RulesetEvents>
    private let queue = DispatchQueue(label: "podnet.ruleset")
    private let inbox: ReconcilerInbox<ReconcilerEvent>
    private let logger: Logger

    /// Subscribes: what happens from now on is reported.
    init(inbox: ReconcilerInbox<ReconcilerEvent>, logger: Logger) throws(KernelError) {
        self.events = Mutex(try RulesetEvents())
        self.inbox = inbox
        self.logger = logger
    }

    /// Reports until the task is cancelled.
    func run() async {
        let source = DispatchSource.makeReadSource(
            fileDescriptor: events.withLock { $0.fileDescriptor },
            queue: queue
        )
        source.setEventHandler { [self] in read() }
        source.activate()
        while (try? await Task.sleep(for: .seconds(3_600))) != nil {}
        source.cancel()
    }

    private func read() {
        do throws(KernelError) {
            let batch = try events.withLock { events throws(KernelError) in try events.readQueued() }
            guard batch.missed || !batch.events.isEmpty else { return }
            inbox.put(.ruleset(batch.events.map(RulesetWriter.init), missed: batch.missed))
        } catch {
            logger.warning("changes of the ruleset cannot be read", error: error)
            inbox.put(.ruleset([], missed: true))
        }
    }
}

extension RulesetWriter {
    fileprivate init(_ event: RulesetEvent) {
        self.init(generation: event.generation, processID: event.processID, processName: event.processName)
    }
}
