import Glibc

/// The plugins beside the reference's: the same configuration, the same namespaces, taking turns.
struct CNIBenchmark {
    let tools: Tools
    let rounds: Int
    private let parallel = 100

    init(_ tools: Tools) {
        self.tools = tools
        rounds = tools.isQuick ? 10 : 40
    }

    /// Whether pods' packets are masqueraded, and what the reference does it with; ours takes nftables in any case.
    enum Masquerade: String {
        case off, iptables, nftables

        var description: String { self == .off ? "no masquerade" : "masquerade (\(rawValue))" }
    }

    /// One of the two sides: whose plugins, on which bridge and network.
    struct Side {
        let plugins: String
        let bridge: String
        let network: String
        let subnet: String
    }

    func run(_ report: inout Report) throws {
        try start(&report)
        try addAndDelete(&report, .off)
        try addAndDelete(&report, .nftables)
        try addAndDelete(&report, .iptables)
        try pointToPoint(&report)
        try chain(&report)
        try linkDelete(&report)
        try addManyAtOnce(&report)
        try addAmongMany(&report)
    }

    func sides(_ suffix: String, _ octet: Int) -> (ours: Side, reference: Side) {
        (
            Side(
                plugins: tools.plugins,
                bridge: "bro\(suffix)",
                network: "ours\(suffix)",
                subnet: "10.\(octet).0.0/16"
            ),
            Side(
                plugins: tools.reference,
                bridge: "brr\(suffix)",
                network: "reference\(suffix)",
                subnet: "10.\(octet + 1).0.0/16"
            )
        )
    }

    // MARK: rows

    private func start(_ report: inout Report) throws {
        let sides = sides("s", 10)
        func version(_ side: Side) throws -> Double {
            try Process([side.plugins + "/bridge"], environment: ["CNI_COMMAND": "VERSION"]).wait().cpu * 1000
        }
        let runs = try (0..<(rounds * 3)).map { _ in (try version(sides.ours), try version(sides.reference)) }
        report.add(
            Report.Row(
                name: "plugin start (VERSION), CPU",
                ours: runs.map(\.0).mean,
                reference: runs.map(\.1).mean,
                budget: 1.0,
                unit: "ms"
            )
        )
    }

    private func addAndDelete(_ report: inout Report, _ masquerade: Masquerade) throws {
        let (suffix, octet) =
            switch masquerade {
            case .off: ("p", 20)
            case .nftables: ("m", 30)
            case .iptables: ("i", 34)
            }
        try compare(
            "bridge + host-local",
            masquerade.description,
            sides(suffix, octet),
            budget: masquerade == .off ? 0.25 : 0.1,
            &report
        ) { try oneAttachment($0, $1, masquerade) }
    }

    /// Two rows, ADD and DEL, of what both sides do in turns; the first two turns warm up and do not count.
    func compare(
        _ what: String,
        _ kind: String,
        _ sides: (ours: Side, reference: Side),
        budget: Double,
        _ report: inout Report,
        _ once: (Side, _ container: String) throws -> (add: Double, delete: Double)
    ) throws {
        let times = try (0..<rounds).map { (try once(sides.ours, "r\($0)"), try once(sides.reference, "r\($0)")) }
        let counted = times.dropFirst(2)
        report.add(
            Report.Row(
                name: "\(what) ADD, \(kind)",
                ours: counted.map(\.0.add).median,
                reference: counted.map(\.1.add).median,
                budget: budget,
                unit: "ms"
            )
        )
        report.add(
            Report.Row(
                name: "\(what) DEL, \(kind)",
                ours: counted.map(\.0.delete).median,
                reference: counted.map(\.1.delete).median,
                budget: nil,
                unit: "ms"
            )
        )
    }

    /// DEL beside deleting the pair with `ip link delete`, which does nothing else.
    private func linkDelete(_ report: inout Report) throws {
        let side = sides("d", 40).ours
        var ours: [Double] = []
        var bare: [Double] = []
        for round in 0..<rounds {
            ours.append(try oneAttachment(side, "d\(round)", .nftables).delete)
            try execute(["ip", "netns", "add", "bare"])
            try execute([
                "ip", "link", "add", "bare0", "type", "veth", "peer", "name", "eth0", "netns", "bare",
            ])
            try execute(["ip", "link", "set", "bare0", "master", side.bridge, "up"])
            try execute(["ip", "-n", "bare", "link", "set", "eth0", "up"])
            bare.append(try execute(["ip", "link", "delete", "bare0"]).wall * 1000)
            try execute(["ip", "netns", "delete", "bare"])
        }
        report.add(
            Report.Row(
                name: "DEL with masquerade, beside a bare link delete",
                ours: ours.median,
                reference: bare.median,
                budget: 1.15,
                unit: "ms"
            )
        )
    }

    private func addManyAtOnce(_ report: inout Report) throws {
        let sides = sides("x", 50)
        let times = try (0..<(tools.isQuick ? 1 : 3)).map { _ in
            (try manyAtOnce(sides.ours), try manyAtOnce(sides.reference))
        }
        report.add(
            Report.Row(
                name: "\(parallel) ADDs at once, \(Masquerade.iptables.description)",
                ours: times.map(\.0).median,
                reference: times.map(\.1).median,
                budget: 1.0 / 8,
                unit: "ms"
            )
        )
    }

    // MARK: one measurement

    func oneAttachment(
        _ side: Side,
        _ container: String,
        _ masquerade: Masquerade
    ) throws -> (add: Double, delete: Double) {
        let config = try configuration(side, masquerade)
        try execute(["ip", "netns", "add", container])
        let add = try call(side, "ADD", container, config)
        let delete = try call(side, "DEL", container, config)
        try execute(["ip", "netns", "delete", container])
        return (add, delete)
    }

    private func manyAtOnce(_ side: Side) throws -> Double {
        let config = try configuration(side, .iptables)
        let containers = (0..<parallel).map { "x\($0)" }
        for container in containers { try execute(["ip", "netns", "add", container]) }
        let started = now()
        let calls = try containers.map { try start(side, "ADD", $0, config) }
        let failed = calls.map { $0.wait().status }.filter { $0 != 0 }.count
        let elapsed = (now() - started) * 1000
        for container in containers {
            try call(side, "DEL", container, config)
            try execute(["ip", "netns", "delete", container])
        }
        guard failed == 0 else { throw BenchmarkError("\(failed) of \(parallel) ADDs of \(side.network) failed") }
        return elapsed
    }

    @discardableResult
    func call(
        _ side: Side,
        _ verb: String,
        _ container: String,
        _ config: String,
        plugin: String = "bridge"
    ) throws -> Double {
        let usage = try start(side, verb, container, config, plugin).wait()
        // The reference's DEL fails where nftables masquerades: it does not understand iptables 1.8.9's "no such chain".
        let mayFail = verb == "DEL" && side.plugins == tools.reference
        guard usage.status == 0 || mayFail else {
            throw BenchmarkError("\(verb) of \(side.network), \(plugin): \(answer(container))")
        }
        return usage.wall * 1000
    }

    /// What the last call for the container wrote.
    func answer(_ container: String) -> String { read("\(tools.work)/\(container).out") }

    private func start(
        _ side: Side,
        _ verb: String,
        _ container: String,
        _ config: String,
        _ plugin: String = "bridge"
    ) throws -> Process {
        try Process(
            [side.plugins + "/" + plugin],
            environment: [
                "CNI_COMMAND": verb, "CNI_CONTAINERID": container, "CNI_NETNS": "/run/netns/\(container)",
                "CNI_IFNAME": "eth0", "CNI_PATH": side.plugins, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            ],
            input: config,
            output: "\(tools.work)/\(container).out"
        )
    }

    func configuration(_ side: Side, _ masquerade: Masquerade) throws -> String {
        let path = "\(tools.work)/\(side.network).conf"
        try write(
            """
            {"cniVersion":"1.0.0","name":"\(side.network)","type":"bridge","bridge":"\(side.bridge)",
             "isDefaultGateway":true,"ipMasq":\(masquerade != .off),"ipMasqBackend":"\(masquerade == .iptables ? "iptables" : "nftables")",
             "ipam":{"type":"host-local","dataDir":"\(tools.work)/leases","subnet":"\(side.subnet)"}}
            """,
            to: path
        )
        return path
    }
}

extension [Double] {
    fileprivate var mean: Double { isEmpty ? .nan : reduce(0, +) / Double(count) }
}
