import Addressing
import BridgePlugin
import CNI
import FakeKernel
import JSON
import NetworkModel
import PodWiring

/// A node in memory: one kernel that outlives the calls of plugins, as the real one does, and an IPAM plugin.
final class FakeNode {
    var kernel = FakeKernel()
    let ipam = FakeIPAM()

    /// One open handle on the node's kernel.
    struct Handle: Kernel {
        let node: FakeNode

        mutating func observe(_ scope: Scope) throws(KernelError) -> NetworkState { try node.kernel.observe(scope) }
        mutating func apply(_ step: Step) throws(KernelError) { try node.kernel.apply(step) }
        mutating func hostLinks() throws(KernelError) -> [Link] { try node.kernel.hostLinks() }
        mutating func commit(_ changes: [RulesetChange], generation: UInt32?) throws(KernelError) {
            try node.kernel.commit(changes, generation: generation)
        }
        mutating func generation() throws(KernelError) -> UInt32 { try node.kernel.generation() }
    }

    var plugin: BridgePlugin<Handle> {
        BridgePlugin(
            Surroundings(
                openKernel: { [self] netns throws(KernelError) in
                    kernel.hasContainer = !netns.isEmpty
                    return Handle(node: self)
                },
                delegate: ipam,
                node: "node-1",
                exclusively: { body throws(CNIError) in try body() }
            )
        )
    }

    /// Runs ADD, as a runtime would.
    @discardableResult
    func add(_ config: String, _ container: String = "c1") throws -> CNIResult {
        try plugin.add(request("ADD", config, container))
    }

    func del(_ config: String, _ container: String = "c1", netns: String = "/run/netns/pod") throws {
        try plugin.del(request("DEL", config, container, netns: netns))
    }

    func check(_ config: String, _ result: CNIResult, _ container: String = "c1") throws {
        let previous = try result.json(as: .v110).text
        let withResult = config.dropLast() + ", \"prevResult\": \(previous)}"
        try plugin.check(request("CHECK", String(withResult), container))
    }

    func gc(_ config: String, valid: String) throws {
        let withList = config.dropLast() + ", \"cni.dev/valid-attachments\": \(valid)}"
        let environment = ["CNI_COMMAND": "GC", "CNI_PATH": "/opt/cni/bin"]
        let invocation = try Invocation(environment: environment)
        try plugin.gc(
            NetworkRequest(invocation, try NetworkConfig(parsing: Array(String(withList).utf8), verb: .gc))
        )
    }

    /// What the pod's end of the pair leaves when its namespace goes: nothing, on either side.
    func removeNamespace() throws {
        let pod = kernel.state.links.values.filter { $0.id.place == .container && $0.kind != .loopback }
        kernel.hasContainer = true
        for link in pod { try kernel.apply(.deleteLink(link)) }
    }

    private func request(
        _ verb: String,
        _ config: String,
        _ container: String,
        netns: String = "/run/netns/pod"
    ) throws -> Request {
        let invocation = try Invocation(environment: [
            "CNI_COMMAND": verb, "CNI_CONTAINERID": container, "CNI_NETNS": netns, "CNI_IFNAME": "eth0",
            "CNI_PATH": "/opt/cni/bin",
        ])
        return try Request(invocation, try NetworkConfig(parsing: Array(config.utf8), verb: invocation.verb))
    }
}

/// Gives every attachment the next address of 10.11.23.0/24 and, when asked, of fd00:11:23::/64.
final class FakeIPAM: Delegate {
    var leases: [Attachment: Int] = [:]
    var error: CNIError?
    var isDualStack = false
    var checks = 0

    func add(_ type: String, _ request: Request) throws(CNIError) -> CNIResult {
        if let error { throw error }
        let number = leases.count + 2
        leases[request.attachment] = number
        var texts = [("10.11.23.\(number)/24", "10.11.23.1")]
        if isDualStack { texts.append(("fd00:11:23::\(number)/64", "fd00:11:23::1")) }
        return CNIResult(
            ips: texts.compactMap { text in CIDR(text.0).map { CNIResult.IP($0, gateway: IPAddress(text.1)) } }
        )
    }

    func del(_ type: String, _ request: Request) throws(CNIError) { leases[request.attachment] = nil }
    func check(_ type: String, _ request: Request) throws(CNIError) { checks += 1 }
    func gc(_ type: String, _ request: NetworkRequest) throws(CNIError) {
        let valid = request.config.validAttachments ?? Set(leases.keys)
        leases = leases.filter { valid.contains($0.key) }
    }
    func status(_ type: String, _ request: NetworkRequest) throws(CNIError) {
        if let error { throw error }
    }
}
