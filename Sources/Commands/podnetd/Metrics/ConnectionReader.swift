import Addressing
import Control
import Logging
import Netlink
import NetworkModel
import ServiceProxy
import Synchronization

/// New connections of services and endpoints, as the kernel's elements count them.
///
/// Reads with a socket of its own, so that no change waits for it, and not more often than every few seconds.
final class ConnectionReader: Sendable {
    private struct State: Sendable {
        var tally = ConnectionTally()
        var readAt: ContinuousClock.Instant?
    }

    private static let interval = Duration.seconds(5)

    private let kernel: ReconcilerKernel<LinuxKernel>
    private let state = Mutex(State())
    private let logger: Logger

    /// Reads in this network namespace.
    init(logger: Logger) throws(KernelError) {
        kernel = ReconcilerKernel(try LinuxKernel())
        self.logger = logger
    }

    /// What was counted so far.
    func tally() async -> ConnectionTally {
        let isDue = state.withLock { state in
            let isDue = state.readAt.map { .now - $0 >= Self.interval } ?? true
            if isDue { state.readAt = .now }
            return isDue
        }
        if isDue { await read() }
        return state.withLock { $0.tally }
    }

    private func read() async {
        do throws(KernelError) {
            let ruleset = try await kernel.run { kernel throws(KernelError) in
                var scope = Scope()
                for table in KernelView.tableIDs { scope.tables[table] = .all }
                return try kernel.observe(scope).ruleset
            }
            let view = KernelView(ruleset.tables)
            state.withLock { $0.tally.take(view) }
        } catch {
            logger.warning("connections cannot be counted", error: error)
        }
    }
}

extension PodnetMetrics {
    /// So many values of one metric at most: what comes after that is left out, and counted.
    private static let seriesLimit = 10_000

    /// New connections, of endpoints too where wanted.
    static func connections(_ tally: ConnectionTally, _ detail: ConnectionMetrics) -> [MetricFamily] {
        var leftOut = 0
        var services = MetricFamily(
            "podnet_service_connections_total",
            .counter,
            "New connections of a service's port, by all of its addresses"
        )
        for (port, count) in limited(tally.services, &leftOut) {
            services.add(
                Double(count),
                ("namespace", port.namespace),
                ("service", port.service),
                ("port", port.portName),
                ("protocol", port.transport.rawValue)
            )
        }
        guard detail == .endpoints else { return [services, leftOutFamily(leftOut)] }
        var endpoints = MetricFamily("podnet_endpoint_connections_total", .counter, "New connections to an endpoint")
        for (endpoint, count) in limited(tally.endpoints, &leftOut) {
            endpoints.add(
                Double(count),
                ("namespace", endpoint.port.namespace),
                ("service", endpoint.port.service),
                ("port", endpoint.port.portName),
                ("protocol", endpoint.port.transport.rawValue),
                ("endpoint", endpoint.address)
            )
        }
        return [services, endpoints, leftOutFamily(leftOut)]
    }

    private static func limited<Key: Comparable>(
        _ counts: [Key: UInt64],
        _ leftOut: inout Int
    ) -> ArraySlice<(key: Key, value: UInt64)> {
        leftOut += max(0, counts.count - seriesLimit)
        return counts.sorted { $0.key < $1.key }.prefix(seriesLimit)
    }

    private static func leftOutFamily(_ count: Int) -> MetricFamily {
        .init("podnet_connection_series_left_out", .gauge, "Counts that are too many to be shown", Double(count))
    }
}
