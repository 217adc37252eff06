import Glibc

/// An ADD on a full node beside one on an almost empty node.
extension CNIBenchmark {
    private static let manyPods = 5_000

    /// Both medians are ours; what other pods leave on the node must not make an ADD slower.
    func addAmongMany(_ report: inout Report) throws {
        let side = sides("n", 60).ours
        for pod in 0..<10 { try addForGood(side, "few\(pod)") }
        let few = try addTimes(side, "few")
        try fill(side)
        let many = try addTimes(side, "many")
        try empty()
        report.add(
            Report.Row(
                name: "ADD with 5,000 pods beside 10",
                ours: many.median,
                reference: few.median,
                budget: 1.3,
                unit: "ms"
            )
        )
    }

    private func addForGood(_ side: Side, _ container: String) throws {
        try execute(["ip", "netns", "add", container])
        try call(side, "ADD", container, try configuration(side, .nftables))
    }

    private func addTimes(_ side: Side, _ name: String) throws -> [Double] {
        let times = try (0..<rounds).map { try oneAttachment(side, "\(name)-r\($0)", .nftables).add }
        return Array(times.dropFirst(2))
    }

    /// What 5,000 pods leave on the host, without the pods: links, set elements, leases and their index.
    private func fill(_ side: Side) throws {
        let pods = (0..<Self.manyPods).map { (name: "full\($0)", address: "10.60.\(64 + $0 / 250).\($0 % 250 + 1)") }
        let pairs = (0..<Self.manyPods / 2).map { "link add full\($0) group 60 type veth peer name peer\($0)" }
        try run(["ip", "-batch"], pairs)
        let elements = pods.map { "\($0.address) comment \"\(side.network)/\($0.name)/eth0\"" }
        let set = "masquerade-10.60.0.0/16"
        try run(["nft", "-f"], ["add element inet podnet-cni \(set) { \(elements.joined(separator: ", ")) }"])
        let leases = "\(tools.work)/leases/\(side.network)"
        let index = "\(leases)/.podnet/" + read("/proc/sys/kernel/random/boot_id").filter { !$0.isWhitespace }
        for pod in pods {
            try write("\(pod.name)\r\neth0", to: "\(leases)/\(pod.address)")
            guard symlink("\(pod.address) 0 ", "\(index)/\(pod.name):eth0") == 0 else {
                throw BenchmarkError("\(index)/\(pod.name): \(String(cString: strerror(errno)))")
            }
        }
    }

    private func empty() throws {
        for pod in 0..<10 { try execute(["ip", "netns", "delete", "few\(pod)"]) }
        try execute(["ip", "link", "delete", "group", "60"])
        try execute(["nft", "delete", "table", "inet", "podnet-cni"])
    }

    /// Runs a command with a file of these lines as its last argument.
    private func run(_ command: [String], _ lines: [String]) throws {
        let path = "\(tools.work)/batch"
        try write(lines.joined(separator: "\n") + "\n", to: path)
        try execute(command + [path])
    }
}
