import Synchronization

/// What has happened and not been acted on yet.
///
/// Everybody may put events in, from any thread, at the price of a lock; one loop takes them out, all that are there at
/// once. So a burst that comes while the kernel works becomes one transaction.
package final class ReconcilerInbox<Event: Sendable>: Sendable {
    private let events = Mutex<[Event]>([])
    /// One element as soon as there is something to take; ends with `close`.
    package let arrivals: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    /// An empty one.
    package init() {
        (arrivals, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Puts in an event.
    package func put(_ event: Event) {
        events.withLock { $0.append(event) }
        bell.yield()
    }

    /// Takes all events out, the oldest first.
    package func takeAll() -> [Event] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }

    /// Ends `arrivals`.
    package func close() {
        bell.finish()
    }
}
