import Glibc
import Netlink
import NetworkModel

/// How long what others delete from our tables is gone, where nothing keeps them from it; and what podnetd costs when
/// nothing happens.
struct HealBenchmark {
    let tools: Tools
    /// The most that a deletion may last, in milliseconds.
    private static let limit = 50.0
    private static let table = TableID(.ip, "podnet")

    init(_ tools: Tools) {
        self.tools = tools
    }

    /// What somebody deletes.
    private enum Deletion: String, CaseIterable {
        case element, rules, chain, table

        var changes: [RulesetChange] {
            let table = HealBenchmark.table
            return switch self {
            case .element: [.deleteElements(table, set: "cluster-ips", [[10, 96, 0, 0]])]
            case .rules: [.flushChain(table, "unserved")]
            case .chain: [.deleteChain(table, "nat-output")]
            case .table: [.deleteTable(table)]
            }
        }

        /// Whether it is there.
        func isBack(_ nftables: inout NftablesSocket) throws -> Bool {
            let key = Scope.ElementKey("cluster-ips", [10, 96, 0, 0])
            let found = try nftables.table(HealBenchmark.table, elements: .keys([key]))
            guard let found else { return false }
            return found.chains["nat-output"] != nil && found.sets["cluster-ips"]?.elements.isEmpty == false
                && found.chains["unserved"]?.rules.isEmpty == false
        }
    }

    func run(_ report: inout Report) throws {
        for size in tools.isQuick ? [100, 1000] : [100, 10_000] { try run(size, &report) }
    }

    private func run(_ size: Int, _ report: inout Report) throws {
        let services = "\(tools.work)/services-heal-\(size)"
        guard mkdir(services, 0o755) == 0 else { throw BenchmarkError("mkdir \(services)") }
        try ServiceManifests(count: size).write(to: services)
        let daemon = try Daemon(tools, source: ["--services-dir", services, "--no-own-tables"])
        defer { daemon.stop() }
        for deletion in Deletion.allCases {
            let seconds = try repairs(of: deletion, rounds: tools.isQuick ? 5 : 21)
            report.add(
                Report.Row(
                    name: "deleted \(deletion.rawValue) is back, \(size) services, beside \(Int(Self.limit)) ms",
                    ours: seconds.median * 1000,
                    reference: Self.limit,
                    budget: 1,
                    unit: "ms"
                )
            )
        }
        try addIdle(daemon, size, &report)
        daemon.stop()
        try execute([tools.bin + "/podnetd", "--cleanup"])
    }

    /// Seconds from the kernel's answer to a deletion until what makes up for it is there.
    ///
    /// By asking for the ruleset's number: whoever listens to events makes the kernel announce every element.
    private func repairs(of deletion: Deletion, rounds: Int) throws -> [Double] {
        var nftables = try NftablesSocket()
        return try (0..<rounds).map { _ in
            // Who deletes again and again is made up for less often.
            usleep(1_000_000)
            let before = try nftables.generation()
            try nftables.commit(deletion.changes)
            let started = now()
            while now() - started < 10 {
                usleep(100)
                // One more for the deletion, one more for what makes up for it.
                guard try nftables.generation() != before + 1 else { continue }
                let took = now() - started
                if try deletion.isBack(&nftables) { return took }
            }
            let log = read("\(tools.work)/podnetd.log")
            throw BenchmarkError("a deleted \(deletion.rawValue) is not back after 10 s:\n" + log)
        }
    }

    /// Processor time while nothing happens.
    private func addIdle(_ daemon: Daemon, _ size: Int, _ report: inout Report) throws {
        let seconds = tools.isQuick ? 5 : 30
        let before = daemon.process.processorSeconds
        usleep(UInt32(seconds) * 1_000_000)
        let used = daemon.process.processorSeconds - before
        report.add(
            Report.Row(
                name: "podnetd's processor time in \(seconds) idle s, \(size) services, beside 0.1 %",
                ours: used * 1000,
                reference: Double(seconds),
                budget: 1,
                unit: "ms"
            )
        )
    }
}
