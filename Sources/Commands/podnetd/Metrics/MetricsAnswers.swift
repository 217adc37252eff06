import Control
import Hummingbird
import Netlink
import ServiceProxy

/// What is told of the daemon in numbers, to programs of this machine: `/metrics`, and what kube-proxy has beside it.
struct MetricsAnswers: Sendable {
    let reconciler: Reconciler<LinuxKernel>
    let source: ServiceSource
    let health: HealthAnswers
    let healthChecks: HealthCheckServers
    /// Nil when connections are not counted.
    let connections: ConnectionReader?
    /// Whose connections are shown.
    let detail: ConnectionMetrics

    /// Answers a path.
    func answer(_ path: String) async -> Response {
        switch path {
        case "/metrics": Response(.ok, MetricsText.contentType, MetricsText.of(await families()))
        case "/healthz": Response(.ok, "text/plain; charset=utf-8", "ok")
        case "/proxyMode": Response(.ok, "text/plain; charset=utf-8", "nftables")
        default: .notFound
        }
    }

    private func families() async -> [MetricFamily] {
        let numbers = await reconciler.numbers()
        let figures = reconciler.record.current
        var families = KubeProxyMetrics.families(figures, numbers.census, at: .now)
        families += KubeProxyMetrics.healthFamilies(health.counts)
        families += PodnetMetrics.families(numbers, figures)
        families += [PodnetMetrics.watches(source.watches ?? []), PodnetMetrics.healthChecks(healthChecks.summary)]
        families += PodnetMetrics.surroundings(.read(), .read(), figures.start)
        if let connections { families += PodnetMetrics.connections(await connections.tally(), detail) }
        return families
    }
}
