import Addressing
import CNI
import FakeKernel
import FakeNode
import FirewallPlugin
import NetworkModel
import PodWiring
import Testing

/// A node in memory on which `firewall` runs after a bridge plugin.
private struct FirewallNode {
    let node = FakeNode { FirewallPlugin($0) }

    private static func result(_ number: Int, _ length: Int) -> String {
        """
        {"cniVersion": "1.1.0", "interfaces": [{"name": "br0"}, {"name": "veth\(number)"},
         {"name": "eth0", "sandbox": "/run/netns/pod"}],
         "ips": [{"address": "10.12.0.\(number)/\(length)", "interface": 2}]}
        """
    }

    private static func config(_ policy: String) -> String {
        "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"firewall\", \"ingressPolicy\": \"\(policy)\"}"
    }

    @discardableResult
    func add(_ policy: String, _ container: String = "c1", number: Int = 2, length: Int = 24) throws -> CNIResult {
        let result = Self.result(number, length)
        return try node.add("\(Self.config(policy).dropLast()), \"prevResult\": \(result)}", container)
    }

    func check(_ policy: String, _ result: CNIResult, _ container: String = "c1") throws {
        try node.check(Self.config(policy), result, container)
    }

    func del(_ container: String = "c1") throws { try node.del(Self.config("open"), container, netns: "") }
    func gc(valid: String) throws { try node.gc(Self.config("open"), valid: valid) }

    var sets: [String: ElementSet] { node.kernel.state.ruleset.tables[PodTable.id]?.sets ?? [:] }
    var elementCount: Int { sets.values.reduce(0) { $0 + $1.elements.count } }
}

struct FirewallPluginTests {
    @Test("CHECK passes after ADD, a second ADD changes nothing, DEL takes back all elements with nothing to go by")
    func lifecycle() throws {
        let node = FirewallNode()
        let result = try node.add("same-bridge")
        #expect(node.elementCount == 2)
        try node.check("same-bridge", result)
        let before = node.node.kernel.state
        try node.add("same-bridge")
        #expect(node.node.kernel.state == before)
        try node.del()
        try node.del()
        #expect(node.elementCount == 0)
        let error = #expect(throws: CNIError.self) { try node.check("same-bridge", result) }
        #expect(error?.details.contains("firewall-protected-ip: missing") == true)
    }

    @Test("the policy open touches nothing")
    func open() throws {
        let node = FirewallNode()
        #expect(try node.add("open").ips.count == 1)
        #expect(node.node.kernel.calls.isEmpty)
    }

    @Test("an isolated pod has no friends, and is refused where the node sees no frames between pods")
    func isolated() throws {
        let node = FirewallNode()
        let error = #expect(throws: CNIError.self) { try node.add("isolated") }
        #expect(error?.code.rawValue == 111)
        #expect(node.node.kernel.state.ruleset == Ruleset())
        try node.add("isolated", length: 32)
        #expect(node.sets.keys.sorted() == ["firewall-protected-ip"])
        node.node.kernel.state.sysctls[Sysctl(.host, "bridge/bridge-nf-call-iptables")] = "1"
        try node.add("isolated", "c2", number: 3)
    }

    @Test("DEL and GC meet their own attachments' elements only, also after an address was given to another pod")
    func ownership() throws {
        let node = FirewallNode()
        try node.add("same-bridge", "dead")
        let result = try node.add("same-bridge", "heir")
        try node.del("dead")
        try node.check("same-bridge", result, "heir")
        try node.add("same-bridge", "c2", number: 3)
        try node.gc(valid: "null")
        #expect(node.elementCount == 4)
        try node.gc(valid: #"[{"containerID": "heir", "ifname": "eth0"}]"#)
        try node.check("same-bridge", result, "heir")
        #expect(node.elementCount == 2)
    }

    @Test("CHECK changes nothing")
    func checkLooksOnly() throws {
        let node = FirewallNode()
        let result = try node.add("same-bridge")
        node.node.kernel.state.ruleset = Ruleset()
        let calls = node.node.kernel.mutatingCalls
        #expect(throws: CNIError.self) { try node.check("same-bridge", result) }
        #expect(node.node.kernel.mutatingCalls == calls)
    }
}
