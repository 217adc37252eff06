import Synchronization

/// How long to wait for a server that says nothing, or too little.
package struct Patience: Hashable, Sendable {
    /// For a connection.
    package var connect: Duration = .seconds(10)
    /// For the next bytes of a list.
    package var list: Duration = .seconds(30)
    /// For a whole page of a list, or all initial events.
    package var wholeList: Duration = .seconds(180)
    /// For the next bytes of a watch. A server says something about once a minute, if only a bookmark.
    package var stream: Duration = .seconds(150)
    /// For the end of a stream, beyond the time that was asked for.
    package var grace: Duration = .seconds(30)

    /// What is right for a cluster.
    package init() {}
}

/// Ends what takes too long.
final class Watchdog: Sendable {
    private let end: Mutex<ContinuousClock.Instant>

    /// Runs out of patience at `end`, unless that is put off.
    init(_ end: ContinuousClock.Instant) {
        self.end = Mutex(end)
    }

    /// Puts off the end.
    func putOff(to end: ContinuousClock.Instant) {
        self.end.withLock { $0 = end }
    }

    /// Runs `body`, and cancels it at the end.
    func watch<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body() }
            group.addTask { try await self.wait() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    private func wait<Value: Sendable>() async throws -> Value {
        while true {
            let end = end.withLock { $0 }
            guard end > .now else { throw ListWatchFailure.silent }
            try await Task.sleep(until: end)
        }
    }
}
