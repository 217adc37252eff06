import Dispatch
import Logging
import Netlink
import NetworkModel
import ServiceProxy
import Synchronization

/// Tells the reconciler of every commit to any ruleset, and what it did to our tables.
final class RulesetWatch: Sendable {
    private let events: Mutex<RulesetEvents>
    private let queue = DispatchQueue(label: "podnet.ruleset")
    private let logger: Logger

    /// Subscribes: what happens to these tables from now on is reported, but for what this socket does.
    init(_ tables: [TableID], but portID: UInt32, logger: Logger) throws(KernelError) {
        self.events = Mutex(try RulesetEvents(watching: Set(tables), but: portID))
        self.logger = logger
    }

    /// Reports until the task is cancelled.
    func run(into inbox: ReconcilerInbox<ReconcilerEvent>) async {
        let source = DispatchSource.makeReadSource(
            fileDescriptor: events.withLock { $0.fileDescriptor },
            queue: queue
        )
        source.setEventHandler { [self] in read(into: inbox) }
        source.activate()
        while (try? await Task.sleep(for: .seconds(3_600))) != nil {}
        source.cancel()
    }

    /// Whether it is to be told of events.
    func hear(_ hears: Bool) {
        do throws(KernelError) {
            try events.withLock { events throws(KernelError) in try hears ? events.resume() : events.pause() }
        } catch {
            logger.error("others' changes of the ruleset cannot be watched", error: error)
        }
    }

    private func read(into inbox: ReconcilerInbox<ReconcilerEvent>) {
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
        self.init(
            generation: event.generation,
            processID: event.processID,
            processName: event.processName,
            touched: event.touched
        )
    }
}
