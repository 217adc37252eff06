import Addressing
package import CNI
package import FakeKernel
import JSON
package import NetworkModel
package import PodWiring

/// A node in memory, for tests: one kernel that outlives the calls of plugins, as the real one does, and an IPAM plugin.
package final class FakeNode {
    /// The node's kernel, with the one pod's namespace.
    package var kernel = FakeKernel()
    /// Who gives addresses.
    package let ipam = FakeIPAM()
    /// What the node's machine ID is, or why nobody knows.
    package var identity: Result<String, CNIError> = .success("node-1")
    private let makePlugin: (Surroundings<Handle>) -> any Plugin

    /// A node that runs one plugin.
    package init(_ makePlugin: @escaping (Surroundings<Handle>) -> any Plugin) {
        self.makePlugin = makePlugin
    }

    /// One open handle on the node's kernel.
    package struct Handle: Kernel {
        let node: FakeNode

        package mutating func observe(_ scope: Scope) throws(KernelError) -> NetworkState {
            try node.kernel.observe(scope)
        }
        package mutating func apply(_ step: Step) throws(KernelError) { try node.kernel.apply(step) }
        package mutating func hostLinks() throws(KernelError) -> [Link] { try node.kernel.hostLinks() }
        package mutating func commit(_ changes: [RulesetChange], generation: UInt32?) throws(KernelError) {
            try node.kernel.commit(changes, generation: generation)
        }
        package mutating func rules(of table: TableID, chain: String) throws(KernelError) -> [StandingRule] {
            try node.kernel.rules(of: table, chain: chain)
        }
        package mutating func generation() throws(KernelError) -> UInt32 { try node.kernel.generation() }
        package mutating func flows(_ filter: FlowFilter) throws(KernelError) -> [Flow] {
            try node.kernel.flows(filter)
        }
        package mutating func forget(_ flows: [Flow]) throws(KernelError) -> Int { try node.kernel.forget(flows) }
    }

    /// The plugin, as a new process has it.
    package var plugin: any Plugin {
        makePlugin(
            Surroundings(
                openKernel: { [self] netns throws(KernelError) in
                    kernel.hasContainer = !netns.isEmpty
                    return Handle(node: self)
                },
                delegate: ipam,
                node: try self.identity.get(),
                exclusively: { body throws(CNIError) in try body() }
            )
        )
    }

    /// Runs ADD, as a runtime would.
    @discardableResult
    package func add(
        _ config: String,
        _ container: String = "c1",
        ifName: String = "eth0"
    ) throws -> CNIResult {
        try plugin.add(request("ADD", config, container, ifName: ifName))
    }

    /// Runs DEL.
    package func del(_ config: String, _ container: String = "c1", netns: String = "/run/netns/pod") throws {
        try plugin.del(request("DEL", config, container, netns: netns))
    }

    /// Runs CHECK with the result of an ADD.
    package func check(_ config: String, _ result: CNIResult, _ container: String = "c1") throws {
        let previous = try result.json(as: .v110).text
        let withResult = config.dropLast() + ", \"prevResult\": \(previous)}"
        try plugin.check(request("CHECK", String(withResult), container))
    }

    /// Runs GC with this list of valid attachments.
    package func gc(_ config: String, valid: String) throws {
        let withList = config.dropLast() + ", \"cni.dev/valid-attachments\": \(valid)}"
        let environment = ["CNI_COMMAND": "GC", "CNI_PATH": "/opt/cni/bin"]
        let invocation = try Invocation(environment: environment)
        try plugin.gc(
            NetworkRequest(invocation, try NetworkConfig(parsing: Array(String(withList).utf8), verb: .gc))
        )
    }

    /// Runs STATUS.
    package func status(_ config: String) throws {
        let invocation = try Invocation(environment: ["CNI_COMMAND": "STATUS", "CNI_PATH": "/opt/cni/bin"])
        try plugin.status(
            NetworkRequest(invocation, try NetworkConfig(parsing: Array(config.utf8), verb: .status))
        )
    }

    /// What the pod's end of the pair leaves when its namespace goes: nothing, on either side.
    package func removeNamespace() throws {
        let pod = kernel.state.links.values.filter { $0.id.place == .container && $0.kind != .loopback }
        kernel.hasContainer = true
        for link in pod {
            // A device that nobody made comes home under the name that it has (net/core/dev.c, default_device_exit_net).
            if link.kind == .other("") {
                try kernel.apply(.moveLink(link, to: LinkID(.host, link.id.name)))
            } else {
                try kernel.apply(.deleteLink(link))
            }
        }
    }

    private func request(
        _ verb: String,
        _ config: String,
        _ container: String,
        netns: String = "/run/netns/pod",
        ifName: String = "eth0"
    ) throws -> Request {
        let invocation = try Invocation(environment: [
            "CNI_COMMAND": verb, "CNI_CONTAINERID": container, "CNI_NETNS": netns, "CNI_IFNAME": ifName,
            "CNI_PATH": "/opt/cni/bin",
        ])
        return try Request(invocation, try NetworkConfig(parsing: Array(config.utf8), verb: invocation.verb))
    }
}
