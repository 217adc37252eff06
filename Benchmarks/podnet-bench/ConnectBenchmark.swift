import Glibc

/// New TCP connections a second from a pod to a pod: by a virtual IP among 10,000 services, by one bare `dnat` rule, and
/// directly, the three taking turns.
struct ConnectBenchmark {
    let tools: Tools

    init(_ tools: Tools) {
        self.tools = tools
    }

    func run(_ report: inout Report) throws {
        let server = try pods()
        defer { server.signal(SIGKILL) }
        let services = "\(tools.work)/services-connect"
        guard mkdir(services, 0o755) == 0 else { throw BenchmarkError("mkdir \(services)") }
        let count = tools.isQuick ? 1000 : 10_000
        try ServiceManifests(count: count).write(to: services)
        try write(Self.service, to: "\(services)/connect.json")
        try write(Self.bareRule, to: "\(tools.work)/bare.nft")
        try execute(["nft", "-f", "\(tools.work)/bare.nft"])
        let daemon = try Daemon(tools, services: services)
        defer { daemon.stop() }
        try report.addRates(rates(), services: count)
    }

    /// Connections a second by each of the three ways, one value a round.
    struct Rates {
        var virtual: [Double] = []
        var bare: [Double] = []
        var direct: [Double] = []
    }

    private func rates() throws -> Rates {
        var rates = Rates()
        // Short turns, many rounds: what else the machine does then hits all three alike.
        for round in 0..<(tools.isQuick ? 12 : 60) {
            // Who comes first in a round changes, so that none always has the warmer machine.
            for way in 0..<3 {
                switch (way + round) % 3 {
                case 0: rates.virtual.append(try rate("10.111.0.1"))
                case 1: rates.bare.append(try rate("10.111.0.2"))
                default: rates.direct.append(try rate("10.200.0.2"))
                }
            }
        }
        return rates
    }

    private func rate(_ address: String) throws -> Double {
        let output = "\(tools.work)/rate"
        try execute(
            ["ip", "netns", "exec", "client", tools.bin + "/podnet-bench", "connect-loop", address, "8080", "0.25"],
            output: output
        )
        return Double(read(output).split(separator: "\n").first ?? "") ?? .nan
    }

    /// Two pods that are routed to each other by the node, and the server in one of them.
    private func pods() throws -> Process {
        for (name, host, pod) in [("server", "10.200.0.1", "10.200.0.2"), ("client", "10.200.1.1", "10.200.1.2")] {
            try execute(["ip", "netns", "add", name])
            try execute(["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name])
            try execute(["ip", "address", "add", host + "/24", "dev", name])
            try execute(["ip", "link", "set", name, "up"])
            try execute(["ip", "-n", name, "address", "add", pod + "/24", "dev", "eth0"])
            try execute(["ip", "-n", name, "link", "set", "eth0", "up"])
            try execute(["ip", "-n", name, "route", "add", "default", "via", host])
        }
        try write("1", to: "/proc/sys/net/ipv4/ip_forward")
        let server = try Process(
            ["ip", "netns", "exec", "server", tools.bin + "/podnet-bench", "serve", "8080"],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        )
        usleep(300_000)
        return server
    }

    private static let service = """
        {"apiVersion":"v1","kind":"List","items":[
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"connect","namespace":"bench"},
         "spec":{"clusterIP":"10.111.0.1","ports":[{"name":"http","port":8080}]}},
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4",
         "metadata":{"name":"connect-1","namespace":"bench","labels":{"kubernetes.io/service-name":"connect"}},
         "ports":[{"name":"http","port":8080}],"endpoints":[{"addresses":["10.200.0.2"]}]}]}
        """

    private static let bareRule = """
        table ip bare {
            chain prerouting {
                type nat hook prerouting priority -100;
                ip daddr 10.111.0.2 tcp dport 8080 dnat to 10.200.0.2:8080
            }
        }
        """
}

extension Report {
    fileprivate mutating func addRates(_ rates: ConnectBenchmark.Rates, services: Int) throws {
        add(
            Row(
                name: "new connections by a VIP among \(services) services, beside one bare dnat rule",
                ours: rates.virtual.median,
                reference: rates.bare.median,
                budget: 0.97,
                unit: "1/s",
                isRate: true
            )
        )
        add(
            Row(
                name: "new connections by a VIP, beside the pod's address directly",
                ours: rates.virtual.median,
                reference: rates.direct.median,
                budget: nil,
                unit: "1/s",
                isRate: true
            )
        )
    }
}
