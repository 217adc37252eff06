import Glibc

/// The service proxy: loading, changing, memory.
///
/// kube-proxy itself is not at hand where this runs. What can be measured here is the layout that it gives its rules, a
/// chain and a map for each service, loaded by `nft -f`: what it cannot be faster than. Where DESIGN's budgets are
/// against kube-proxy 1.36 measured with an API server, those figures stand in as the reference.
struct ProxyBenchmark {
    let tools: Tools
    /// kube-proxy 1.36, nftables mode, 10,000 services × 5 endpoints, on a machine of two cores.
    private enum KubeProxy {
        static let coldSync = 37.0
        static let oneChange = 4.0
        static let residentMegabytes = 395.0
    }

    init(_ tools: Tools) {
        self.tools = tools
    }

    /// What was seen at one size, in seconds and megabytes.
    private struct Sample {
        var coldSync = 0.0
        var coldSyncYAML = 0.0
        var change = 0.0
        var add = 0.0
        var remove = 0.0
        var resident = 0.0
        var peak = 0.0
    }

    func run(_ report: inout Report) throws {
        let sizes = tools.isQuick ? [100, 1000] : [100, 1000, 10_000, 50_000]
        var samples: [Int: Sample] = [:]
        for size in sizes { samples[size] = try sample(size) }
        for size in sizes.dropFirst() {
            guard let sample = samples[size] else { continue }
            try compare(sample, at: size, in: &report)
        }
        guard let first = samples[100], let last = sizes.last, let sample = samples[last] else { return }
        report.add(
            Report.Row(
                name: "one endpoint changed, \(last) services beside 100, file to commit",
                ours: sample.change * 1000,
                reference: first.change * 1000,
                budget: 1.5,
                unit: "ms"
            )
        )
        for size in sizes.suffix(2) {
            let (data, verdict) = try ElementBenchmark(size: size).run(rounds: tools.isQuick ? 11 : 101)
            report.add(
                Report.Row(
                    name: "one element of frontends replaced, \(size) services: a number beside a verdict",
                    ours: data * 1000,
                    reference: verdict * 1000,
                    budget: nil,
                    unit: "ms"
                )
            )
        }
    }

    private func compare(_ sample: Sample, at size: Int, in report: inout Report) throws {
        let chains = size <= 10_000 ? try chainPerService(size) : nil
        let name = "\(size) × \(ServiceManifests.endpointsPerService)"
        func add(_ what: String, _ ours: Double, _ reference: Double?, _ budget: Double?, _ unit: String) {
            report.add(
                Report.Row(name: what, ours: ours, reference: reference, budget: budget, unit: unit)
            )
        }
        add("cold sync \(name) from JSON, beside chain per service by nft", sample.coldSync, chains?.load, nil, "s")
        add("cold sync \(name) from YAML, beside chain per service by nft", sample.coldSyncYAML, chains?.load, nil, "s")
        add(
            "one endpoint changed at \(name), file to commit, beside chain per service by nft",
            sample.change * 1000,
            chains.map { $0.change * 1000 },
            nil,
            "ms"
        )
        add("service added at \(name)", sample.add * 1000, nil, nil, "ms")
        add("service removed at \(name)", sample.remove * 1000, nil, nil, "ms")
        add("podnetd resident at \(name)", sample.resident, nil, nil, "MB")
        add("podnetd peak at \(name)", sample.peak, nil, nil, "MB")
        if size == 50_000 { add("cold sync \(name) from JSON, beside 4 s", sample.coldSync, 4, 1, "s") }
        guard size == 10_000 else { return }
        for (format, seconds) in [("JSON", sample.coldSync), ("YAML", sample.coldSyncYAML)] {
            add("cold sync \(name) from \(format), beside kube-proxy 1.36", seconds, KubeProxy.coldSync, 1.0 / 30, "s")
        }
        add("one endpoint changed at \(name) beside kube-proxy 1.36", sample.change, KubeProxy.oneChange, 0.001, "s")
        add(
            "podnetd resident at \(name) beside kube-proxy 1.36",
            sample.resident,
            KubeProxy.residentMegabytes,
            0.2,
            "MB"
        )
    }

    /// Process start to commit, from YAML.
    private func coldSyncFromYAML(_ size: Int) throws -> Double {
        let services = "\(tools.work)/services-\(size)-yaml"
        guard mkdir(services, 0o755) == 0 else { throw BenchmarkError("mkdir \(services)") }
        try ServiceManifests(count: size, format: .yaml).write(to: services)
        let daemon = try Daemon(tools, services: services)
        daemon.stop()
        try execute([tools.bin + "/podnetd", "--cleanup"])
        return daemon.coldSync
    }

    private func sample(_ size: Int) throws -> Sample {
        let services = "\(tools.work)/services-\(size)"
        guard mkdir(services, 0o755) == 0 else { throw BenchmarkError("mkdir \(services)") }
        try ServiceManifests(count: size).write(to: services)
        var sample = Sample()
        sample.coldSyncYAML = try coldSyncFromYAML(size)
        let daemon = try Daemon(tools, services: services)
        defer { daemon.stop() }
        sample.coldSync = daemon.coldSync
        sample.resident = daemon.process.residentMegabytes
        sample.peak = daemon.process.peakMegabytes
        var changes: [Double] = []
        var adds: [Double] = []
        var removes: [Double] = []
        let all = ServiceManifests.endpointsPerService
        for round in 0..<(tools.isQuick ? 10 : 31) {
            changes.append(
                try daemon.latency {
                    try ServiceManifests.writeOne(0, endpoints: 0..<(all - 1 + round % 2), to: services)
                }
            )
            adds.append(try daemon.latency { try ServiceManifests.writeOne(size, endpoints: 0..<all, to: services) })
            removes.append(try daemon.latency { unlink("\(services)/one-\(size).json") })
        }
        sample.change = changes.median
        sample.add = adds.median
        sample.remove = removes.median
        daemon.stop()
        try execute([tools.bin + "/podnetd", "--cleanup"])
        return sample
    }

    private func chainPerService(_ size: Int) throws -> (load: Double, change: Double) {
        let file = "\(tools.work)/chains.nft"
        try write(ServiceManifests(count: size).chainPerService(table: "bench"), to: file)
        let load = try execute(["nft", "-f", file]).wall
        let all = ServiceManifests.endpointsPerService
        let changes = try (0..<7).map { round in
            try write(ServiceManifests.changeOne(table: "bench", endpoints: all - 1 + round % 2), to: file)
            return try execute(["nft", "-f", file]).wall
        }
        try execute(["nft", "delete", "table", "ip", "bench"])
        return (load, changes.median)
    }
}
