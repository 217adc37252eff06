import Addressing
import CNI
import FakeKernel
import NetworkModel
import PodWiring
import PortMapPlugin
import Testing

private let web = #"[{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]"#
private let dns = #"[{"hostPort": 53, "containerPort": 53, "protocol": "udp"}]"#

struct PortMapPluginTests {
    @Test(
        "CHECK passes right after ADD, and DEL leaves no element, however often it runs",
        arguments: [
            (web, ""), (dns, ""), (web, "\"snat\": false"), (web, "\"masqAll\": true"),
            (#"[{"hostPort": 8080, "containerPort": 80, "protocol": "TCP", "hostIP": "192.0.2.1"}]"#, ""),
            (#"[{"hostPort": 8080, "containerPort": 80, "protocol": "sctp", "hostIP": "::"}]"#, ""),
            (#"[{"hostPort": 8080, "containerPort": 80, "hostIP": "127.0.0.1"}]"#, ""),
            (#"[{"hostPort": 1, "containerPort": 80}, {"hostPort": 2, "containerPort": 80, "hostIP": "0.0.0.0"}]"#, ""),
        ]
    )
    func checkAfterAdd(_ mappings: String, _ keys: String) throws {
        let node = PortMapNode()
        let result = try node.add(mappings, keys: keys)
        #expect(result.ips.count == 2 && result.interfaces.count == 3)
        #expect(node.elementCount > 0)
        try node.check(mappings, keys: keys)
        let published = node.kernel.state
        try node.add(mappings, keys: keys)
        #expect(node.kernel.state == published)
        try node.del()
        try node.del()
        #expect(node.elementCount == 0)
    }

    @Test("without a port nothing is looked at or changed")
    func nothingToDo() throws {
        let node = PortMapNode()
        #expect(try node.add("[]").ips.count == 2)
        try node.check("[]")
        #expect(node.kernel.calls.isEmpty)
    }

    @Test("the second owner of a port is refused by the first one's name, and nothing changes")
    func conflict() throws {
        let node = PortMapNode()
        try node.add(web)
        let before = node.kernel.state
        let error = #expect(throws: CNIError.self) { try node.add(web, "c2", number: 3) }
        #expect(error?.code.rawValue == 110)
        #expect(error?.message == "host port 8080/tcp is taken by net/c1/eth0")
        #expect(node.kernel.state == before)
        try node.add(dns, "c2", number: 3)
        try node.check(web)
    }

    @Test("an address's own port and another address's are two ports")
    func portsOfAddresses() throws {
        let node = PortMapNode()
        func on(_ address: String) -> String { #"[{"hostPort": 80, "containerPort": 80, "hostIP": "\#(address)"}]"# }
        try node.add(on("192.0.2.1"))
        try node.add(on("192.0.2.2"), "c2", number: 3)
        try node.add(on("127.0.0.1"), "c3", number: 4)
        // The loopback address is every address's, too.
        let error = #expect(throws: CNIError.self) { try node.add(on("0.0.0.0"), "c4", number: 5) }
        #expect(error?.message == "host port 80/tcp is taken by net/c3/eth0")
    }

    @Test("a port that leads to the pod's own address is a dead pod's")
    func reusedAddress() throws {
        let node = PortMapNode()
        try node.add(
            #"[{"hostPort": 8080, "containerPort": 81, "hostIP": "192.0.2.1"}]"#,
            "dead",
            keys: "\"snat\": false"
        )
        let mapping = #"[{"hostPort": 8080, "containerPort": 80, "hostIP": "192.0.2.1"}]"#
        try node.add(mapping, keys: "\"snat\": false")
        try node.check(mapping, keys: "\"snat\": false")
        try node.del("dead")
        #expect(node.elementCount == 1)
    }

    @Test("only the attachment's own elements go")
    func otherNetworks() throws {
        let node = PortMapNode()
        try node.add(web)
        try node.add(dns, "c2", number: 3)
        try node.del("c1", network: "other")
        try node.check(web)
        try node.del("c1")
        try node.check(dns, "c2", number: 3)
    }

    @Test("GC keeps what is listed; without a list, everything")
    func garbage() throws {
        let node = PortMapNode()
        try node.add(web)
        try node.add(dns, "c2", number: 3)
        try node.gc(valid: "null")
        try node.check(web)
        try node.gc(valid: #"[{"containerID": "c2", "ifname": "eth0"}]"#)
        try node.check(dns, "c2", number: 3)
        #expect(!node.ruleset.contains("net/c1/eth0"))
        try node.gc(valid: "[]")
        #expect(node.elementCount == 0)
    }

    @Test("CHECK names what is missing")
    func checkFindsFaults() throws {
        let node = PortMapNode()
        try node.add(web)
        node.kernel.changeBehindTheBack { ruleset in
            ruleset.tables[PodTable.id]?.sets["hostports-any-ip"]?.elements = [:]
            ruleset.tables[PodTable.id]?.chains["hostports-prerouting"]?.rules = []
        }
        let error = #expect(throws: CNIError.self) { try node.check(web) }
        #expect(error?.details.contains("element tcp . 8080 of inet podnet-cni hostports-any-ip: missing") == true)
        #expect(error?.details.contains("rules of chain inet podnet-cni hostports-prerouting") == true)
    }

    @Test("a transaction that the kernel refuses leaves nothing, and the error says what it was")
    func refusedTransaction() throws {
        let node = PortMapNode()
        node.kernel.fault = .failOnce(
            at: 1,
            KernelError("commit", "ruleset", reason: .exhausted, errno: 12, text: "Cannot allocate memory")
        )
        let error = #expect(throws: CNIError.self) { try node.add(web) }
        #expect(error?.code == .tryAgainLater)
        #expect(node.kernel.state.ruleset == Ruleset())
    }
}

/// Flows that were translated before, or not at all.
struct PortMapFlowTests {
    private func flow(
        _ destination: String,
        _ port: Int,
        answeredBy answerer: String,
        _ answeringPort: Int
    ) throws -> Flow {
        let client = FlowEnd(try IPAddress(parsing: "198.51.100.7"), try Port(40000))
        return Flow(
            .udp,
            from: client,
            to: FlowEnd(try IPAddress(parsing: destination), try Port(port)),
            answeredBy: FlowEnd(try IPAddress(parsing: answerer), try Port(answeringPort)),
            to: client
        )
    }

    private func node() throws -> PortMapNode {
        let node = PortMapNode()
        let uplink = LinkID(.host, try InterfaceName("uplink"))
        node.kernel.state.addresses.insert(LinkAddress(uplink, try CIDR(parsing: "192.0.2.2/24")))
        return node
    }

    @Test("ADD forgets flows to the node's port, and no other DNS")
    func add() throws {
        let node = try node()
        let untranslated = try flow("192.0.2.2", 53, answeredBy: "192.0.2.2", 53)
        let former = try flow("192.0.2.2", 53, answeredBy: "10.12.0.9", 53)
        let own = try flow("192.0.2.2", 53, answeredBy: "10.12.0.2", 53)
        let outside = try flow("8.8.8.8", 53, answeredBy: "8.8.8.8", 53)
        let service = try flow("10.96.0.10", 53, answeredBy: "10.12.0.7", 53)
        node.kernel.flows = [untranslated, former, own, outside, service]
        try node.add(dns)
        #expect(node.kernel.flows == [own, outside, service])
    }

    @Test("DEL forgets the flows that came by the port to the pod, and no other")
    func del() throws {
        let node = try node()
        try node.add(dns)
        let own = try flow("192.0.2.2", 53, answeredBy: "10.12.0.2", 53)
        let direct = try flow("10.12.0.2", 5353, answeredBy: "10.12.0.2", 5353)
        let other = try flow("192.0.2.2", 53, answeredBy: "10.12.0.3", 53)
        node.kernel.flows = [own, direct, other]
        try node.del()
        #expect(node.kernel.flows == [direct, other])
    }
}
