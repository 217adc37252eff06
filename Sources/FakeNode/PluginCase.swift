package import CNI
package import FakeKernel
package import NetworkModel
package import PodWiring

/// A plugin and a configuration of it, to try on a node in memory what every plugin has to do.
///
/// Each trial answers what is wrong, a line a thing, and nothing when all is well.
package struct PluginCase: CustomStringConvertible, Sendable {
    /// What the case is about.
    package let description: String
    /// The network's configuration.
    package let config: String
    private let isDualStack: Bool
    private let makePlugin: @Sendable (Surroundings<FakeNode.Handle>) -> any Plugin
    private let prepare: @Sendable (inout FakeKernel) -> Void

    /// Describes a case; `prepare` puts on the node what must be there before any ADD.
    package init(
        _ description: String,
        config: String,
        isDualStack: Bool = false,
        prepare: @escaping @Sendable (inout FakeKernel) -> Void = { _ in },
        _ makePlugin: @escaping @Sendable (Surroundings<FakeNode.Handle>) -> any Plugin
    ) {
        self.description = description
        self.config = config
        self.isDualStack = isDualStack
        self.prepare = prepare
        self.makePlugin = makePlugin
    }

    /// A node on which nothing has happened yet.
    package func node() -> FakeNode {
        let node = FakeNode(makePlugin)
        node.ipam.isDualStack = isDualStack
        prepare(&node.kernel)
        return node
    }

    /// A node that has had a pod already, so that what all pods share is there.
    package func usedNode() throws -> FakeNode {
        let node = node()
        try node.add(config, "first")
        try node.del(config, "first")
        return node
    }
}

extension PluginCase {
    /// DEL leaves what another pod's DEL leaves, however often it runs.
    package func leftAfterDelete() throws -> [String] {
        let node = try usedNode()
        let shared = node.kernel.state
        try node.add(config)
        guard node.kernel.state.differences(from: shared) != [] else { return ["ADD did nothing"] }
        try node.del(config)
        try node.del(config)
        return node.left(beside: shared)
    }

    /// DEL needs no namespace.
    package func leftAfterDeleteWithoutNamespace() throws -> [String] {
        let node = try usedNode()
        let shared = node.kernel.state
        try node.add(config)
        try node.removeNamespace()
        try node.del(config, netns: "")
        return node.left(beside: shared)
    }

    /// Another attachment's DEL that is given this pod's namespace leaves the pod as it is.
    package func changedByAnothersDelete() throws -> [String] {
        let node = node()
        try node.add(config)
        let before = node.kernel.state
        try node.del(config, "other")
        return node.kernel.state.differences(from: before)
    }

    /// An ADD that the kernel refuses at any step leaves nothing. Answers also when there were fewer than `least` steps.
    package func leftAfterRefusals(least: Int) throws -> [String] {
        let refusal = KernelError("apply", "it", reason: .other, errno: 5, text: "Input/output error")
        return try leftAfterFailures(least: least) { .failOnce(at: $0, refusal) }
    }

    /// The same for an ADD of which one step happens, but the kernel's answer is lost.
    package func leftAfterLostAnswers(least: Int) throws -> [String] {
        try leftAfterFailures(least: least) { .loseAnswer(at: $0) }
    }

    private func leftAfterFailures(least: Int, _ fault: (_ step: Int) -> Fault) throws -> [String] {
        // Throws where an ADD fails that nothing hinders: it would fail at every step without end.
        try node().add(config)
        var left: [String] = []
        var step = 1
        while true {
            let node = node()
            let before = node.kernel.state
            node.kernel.fault = fault(step)
            guard (try? node.add(config)) == nil else { break }
            left += node.left(beside: before).map { "failed at step \(step): \($0)" }
            step += 1
        }
        return left + (step > least ? [] : ["only \(step) steps"])
    }

    /// After a crash at any step of ADD, DEL leaves nothing. Answers also when there were fewer than `least` steps.
    package func leftAfterCrashes(isNamespaceThere: Bool, least: Int) throws -> [String] {
        try node().add(config)
        var left: [String] = []
        var step = 0
        while true {
            let node = try usedNode()
            let shared = node.kernel.state
            node.kernel.fault = .kill(after: node.kernel.mutatingCalls + step)
            let isComplete = (try? node.add(config)) != nil
            node.kernel.fault = nil
            if !isNamespaceThere { try node.removeNamespace() }
            try node.del(config, netns: isNamespaceThere ? "/run/netns/pod" : "")
            left += node.left(beside: shared).map { "killed after step \(step): \($0)" }
            if isComplete { break }
            step += 1
        }
        return left + (step > least ? [] : ["only \(step) steps"])
    }

    /// After a DEL in which any step was refused, another DEL leaves nothing; one that answers no error leaves nothing
    /// itself. Answers also when there were fewer than `least` steps.
    package func leftAfterRefusedDeletes(least: Int) throws -> [String] {
        let refusal = KernelError("apply", "it", reason: .exhausted, errno: 105, text: "No buffer space available")
        var left: [String] = []
        var step = 1
        while true {
            let node = try usedNode()
            let shared = node.kernel.state
            try node.add(config)
            let last = node.kernel.mutatingCalls + step
            node.kernel.fault = .failOnce(at: last, refusal)
            if (try? node.del(config)) == nil { try node.del(config) }
            left += node.left(beside: shared).map { "refused at step \(step): \($0)" }
            if node.kernel.mutatingCalls < last { break }
            step += 1
        }
        return left + (step > least ? [] : ["only \(step) steps"])
    }

    /// GC removes attachments that are not listed, and what nobody shares any more; without a list, nothing.
    package func wrongAfterGarbageCollection() throws -> [String] {
        let node = node()
        let before = node.kernel.state
        try node.add(config)
        let all = node.kernel.state
        try node.gc(config, valid: "null")
        let wrong = node.kernel.state.differences(from: all)
        try node.gc(config, valid: #"[{"containerID": "c1", "ifname": "eth0"}]"#)
        let wrongWithList = node.kernel.state.differences(from: all)
        try node.removeNamespace()
        try node.gc(config, valid: "[]")
        return wrong + wrongWithList + node.left(beside: before)
    }
}

extension FakeNode {
    /// What is otherwise than in `state`, and every lease.
    package func left(beside state: NetworkState) -> [String] {
        kernel.state.differences(from: state) + ipam.leases.keys.map { "lease of \($0)" }
    }
}

extension NetworkState {
    /// What there is, a line a thing. Values of sysctls are left out: forwarding stays on once it is on.
    private var traces: [String] {
        let tables = ruleset.tables.flatMap { id, table in
            table.chains.map { "chain \(id) \($0.key): \($0.value.rules.count) rules" }
                + table.sets.flatMap { name, set in
                    ["set \(id) \(name)"] + set.elements.map { "element \(name) \($0.key) \($0.value.comment ?? "")" }
                }
        }
        let linkTraces = links.values.map { "link \($0.id) \($0.kind) \($0.alias ?? "")" }
        return
            (linkTraces + addresses.map { "address \($0)" } + routes.map { "route \($0)" }
            + rules.map { "rule \($0)" } + neighbors.map { "neighbour \($0)" } + shaping.map { "shaping \($0)" }
            + sysctls.keys.map { "sysctl \($0)" } + tables).sorted()
    }

    /// What is only in one of two states.
    package func differences(from other: NetworkState) -> [String] {
        Set(traces).symmetricDifference(other.traces).sorted()
    }
}
