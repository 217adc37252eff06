import Posix
import Synchronization

/// The figures of a reconciler, to be read from any thread at any time: also while it works, or waits for the kernel.
package final class SyncRecord: Sendable {
    private let figures: Mutex<SyncFigures>

    /// Begins now.
    package init() { figures = Mutex(SyncFigures(start: .now)) }

    /// What is true at this moment.
    package var current: SyncFigures { figures.withLock { $0 } }

    func change(_ body: (inout SyncFigures) -> Void) { figures.withLock { body(&$0) } }
}

extension SyncFigures.Moment {
    /// This moment.
    package static var now: Self { Self(.now, secondsSinceEpoch: WallClock.secondsSinceEpoch()) }
}
