import Addressing
import ServiceProxy

/// What kube-proxy measures, too, under its names and with its buckets.
enum KubeProxyMetrics {
    /// The metrics of the reconciler.
    static func families(_ figures: SyncFigures, _ census: ServiceCount, at now: SyncFigures.Moment) -> [MetricFamily] {
        durations(figures) + [
            timestamp(
                "last_timestamp",
                "When the rules were last known to be as they should be",
                figures.lastSettled,
                figures,
                now
            ),
            timestamp(
                "last_queued_timestamp",
                "When the source last had something to say",
                figures.lastQueued,
                figures,
                now
            ),
        ] + changes(figures) + [
            noLocalEndpoints(census),
            counter(
                "sync_proxy_rules_nftables_sync_failures_total",
                "Transactions that the kernel refused",
                figures,
                \.refused
            ),
            counter(
                "conntrack_reconciler_deleted_entries_total",
                "Connections to endpoints that are gone, forgotten",
                figures,
                \.forgottenFlows
            ),
        ]
    }

    /// How often health was asked for, by answer.
    static func healthFamilies(_ counts: [HealthAnswers.Count: Int]) -> [MetricFamily] {
        [HealthAnswers.Kind.healthz, .livez].map { kind in
            var family = MetricFamily("kubeproxy_proxy_\(kind)_total", .counter, "Answers to /\(kind) by HTTP status")
            for status in [200, 503] {
                family.add(Double(counts[.init(kind: kind, status: status)] ?? 0), ("code", "\(status)"))
            }
            return family
        }
    }

    private static func durations(_ figures: SyncFigures) -> [MetricFamily] {
        [
            histogram("sync_proxy_rules", "How long transactions took", figures, \.syncs),
            histogram("sync_full_proxy_rules", "Those with all services, or the rules", figures, \.fullSyncs),
            histogram("sync_partial_proxy_rules", "Those with some services", figures, \.partialSyncs),
            histogram(
                "network_programming",
                "From the change of a pod, by the annotation of its EndpointSlice, to the kernel's answer",
                figures,
                \.networkProgramming
            ),
            histogram("conntrack_reconciler_sync", "How long looks at connections took", figures, \.flowLooks),
        ]
    }

    private static func histogram(
        _ name: String,
        _ help: String,
        _ figures: SyncFigures,
        _ path: KeyPath<SyncFigures.OfFamily, Histogram>
    ) -> MetricFamily {
        var family = MetricFamily("kubeproxy_\(name)_duration_seconds", .histogram, help)
        for (key, value) in figures.families.sorted(by: { $0.key < $1.key }) {
            family.add(value[keyPath: path], ("ip_family", key.name))
        }
        return family
    }

    private static func timestamp(
        _ name: String,
        _ help: String,
        _ instant: ContinuousClock.Instant?,
        _ figures: SyncFigures,
        _ now: SyncFigures.Moment
    ) -> MetricFamily {
        var family = MetricFamily("kubeproxy_sync_proxy_rules_\(name)_seconds", .gauge, help)
        guard let instant else { return family }
        let seconds = figures.secondsSinceEpoch(of: instant, at: now)
        for key in IPAddress.Family.allCases { family.add(seconds, ("ip_family", key.name)) }
        return family
    }

    private static func changes(_ figures: SyncFigures) -> [MetricFamily] {
        let name = "kubeproxy_sync_proxy_rules"
        let (pending, total) = (figures.pending, figures.total)
        return [
            .init("\(name)_endpoint_changes_pending", .gauge, "EndpointSlices to come", Double(pending.endpoints)),
            .init("\(name)_endpoint_changes_total", .counter, "Changes of EndpointSlices", Double(total.endpoints)),
            .init("\(name)_service_changes_pending", .gauge, "Services to come", Double(pending.services)),
            .init("\(name)_service_changes_total", .counter, "Changes of Services", Double(total.services)),
        ]
    }

    private static func noLocalEndpoints(_ census: ServiceCount) -> MetricFamily {
        var family = MetricFamily(
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
            .gauge,
            "Ports of services with the traffic policy Local that have endpoints, but none here"
        )
        for isExternal in [false, true] {
            for key in IPAddress.Family.allCases {
                let count = census.withoutLocalEndpoints[.init(isExternal: isExternal, key)] ?? 0
                family.add(
                    Double(count),
                    ("ip_family", key.name),
                    ("traffic_policy", isExternal ? "external" : "internal")
                )
            }
        }
        return family
    }

    private static func counter(
        _ name: String,
        _ help: String,
        _ figures: SyncFigures,
        _ path: KeyPath<SyncFigures.OfFamily, Int>
    ) -> MetricFamily {
        var family = MetricFamily("kubeproxy_\(name)", .counter, help)
        for key in IPAddress.Family.allCases {
            family.add(Double(figures.families[key]?[keyPath: path] ?? 0), ("ip_family", key.name))
        }
        return family
    }
}

extension IPAddress.Family {
    /// As Kubernetes calls it.
    fileprivate var name: String { self == .v4 ? "IPv4" : "IPv6" }
}
