import Control
import ServiceProxy

/// What only podnet measures.
enum PodnetMetrics {
    /// The metrics of the reconciler.
    static func families(_ numbers: ReconcilerNumbers, _ figures: SyncFigures) -> [MetricFamily] {
        var programming = MetricFamily(
            "podnet_programming_duration_seconds",
            .histogram,
            "From an event's arrival to the kernel's answer"
        )
        programming.add(figures.programming)
        return [
            programming,
            .init("podnet_changed_elements_total", .counter, "Elements changed", Double(figures.changedObjects)),
            .init("podnet_generation", .gauge, "States that were wanted so far", Double(numbers.generation)),
            .init("podnet_drift_repairs_total", .counter, "Others' changes taken back", Double(numbers.driftRepaired)),
            .init("podnet_source_complete", .gauge, "Whether all of the source is known", numbers.isComplete ? 1 : 0),
            objects(numbers),
            endpoints(numbers.census),
            faults(numbers),
        ]
    }

    /// The state of a cluster's watches.
    static func watches(_ watches: [Status.Source.Watch]) -> MetricFamily {
        var family = MetricFamily("podnet_watch_up", .gauge, "Whether changes of a resource are heard of")
        for watch in watches { family.add(watch.isWatching ? 1 : 0, ("resource", watch.resource)) }
        return family
    }

    /// The servers that load balancers ask.
    static func healthChecks(_ summary: (wanted: Int, failures: [HealthCheckServers.Key: some Error])) -> MetricFamily {
        var family = MetricFamily("podnet_health_check_servers", .gauge, "Servers of healthCheckNodePorts")
        family.add(Double(summary.wanted - summary.failures.count), ("state", "listening"))
        family.add(Double(summary.failures.count), ("state", "failed"))
        return family
    }

    /// Connection tracking, the process, the program.
    static func surroundings(
        _ fill: ConntrackFill?,
        _ usage: ProcessUsage?,
        _ start: SyncFigures.Moment
    ) -> [MetricFamily] {
        var build = MetricFamily("podnet_build_info", .gauge, "Which podnetd this is")
        build.add(1, ("version", Version.text))
        let conntrack = fill.map { fill in
            [
                MetricFamily("podnet_conntrack_entries", .gauge, "Tracked connections", Double(fill.entries)),
                MetricFamily("podnet_conntrack_limit", .gauge, "How many can be tracked", Double(fill.limit)),
            ]
        }
        return [build] + (conntrack ?? []) + (usage.map(process) ?? [])
            + [.init("process_start_time_seconds", .gauge, "When it started", start.secondsSinceEpoch)]
    }

    private static func process(_ usage: ProcessUsage) -> [MetricFamily] {
        let descriptors = [
            usage.openDescriptors.map { MetricFamily("process_open_fds", .gauge, "Open descriptors", Double($0)) },
            usage.descriptorLimit.map { MetricFamily("process_max_fds", .gauge, "Limit of them", Double($0)) },
        ]
        return [
            .init("process_cpu_seconds_total", .counter, "Processor time", usage.processorSeconds),
            .init("process_resident_memory_bytes", .gauge, "Memory in RAM", usage.residentMemory),
            .init("process_virtual_memory_bytes", .gauge, "Memory mapped", usage.virtualMemory),
        ] + descriptors.compactMap(\.self)
    }

    private static func objects(_ numbers: ReconcilerNumbers) -> MetricFamily {
        var family = MetricFamily("podnet_objects", .gauge, "Objects of the source that are in force")
        family.add(Double(numbers.census.services), ("kind", "Service"))
        family.add(Double(numbers.slices), ("kind", "EndpointSlice"))
        return family
    }

    private static func endpoints(_ census: ServiceCount) -> MetricFamily {
        var family = MetricFamily("podnet_endpoints", .gauge, "Endpoints of service ports by state")
        for state in [EndpointStatus.State.ready, .notReady, .terminating] {
            family.add(Double(census.endpoints[state] ?? 0), ("state", state.rawValue))
        }
        return family
    }

    private static func faults(_ numbers: ReconcilerNumbers) -> MetricFamily {
        var family = MetricFamily("podnet_faults", .gauge, "What is not served as it was meant to be")
        family.add(Double(numbers.census.withoutEndpoints), ("reason", "no-endpoints"))
        family.add(Double(numbers.quarantined), ("reason", "quarantined"))
        family.add(Double(numbers.clashes), ("reason", "clash"))
        family.add(Double(numbers.problems), ("reason", "rejected"))
        return family
    }
}
