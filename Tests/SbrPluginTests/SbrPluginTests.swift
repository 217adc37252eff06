import Addressing
import CNI
import FakeKernel
import FakeNode
import NetworkModel
import Testing

struct SbrPluginTests {
    private static let ofOneAddress = [
        "10.1.0.0/24 dev eth0 (container) src 10.1.0.2 table 100 proto 2",
        "default via 10.1.0.1 dev eth0 (container) table 100",
    ]

    @Test("each address gets a table with what main had for it, and main keeps what neighbour discovery needs")
    func tables() throws {
        let node = try SbrNode()
        try node.add()
        #expect(
            node.rules == [
                "from 10.1.0.2/32 table 100 (container)", "from 10.2.0.2/32 table 101 (container)",
                "from fd00:1::2/128 table 102 (container)",
            ]
        )
        #expect(node.table(100) == Self.ofOneAddress)
        #expect(
            node.table(101) == [
                "10.2.0.0/24 dev eth0 (container) src 10.2.0.2 table 101 proto 2",
                "default via 10.2.0.1 dev eth0 (container) table 101",
                "10.99.0.0/16 via 10.2.0.1 dev eth0 (container) table 101",
            ]
        )
        #expect(
            node.table(102) == [
                "fd00:1::/64 dev eth0 (container) table 102 metric 256 proto 2",
                "fe80::/64 dev eth0 (container) table 102 metric 256 proto 2",
                "default via fd00:1::1 dev eth0 (container) table 102",
            ]
        )
        #expect(node.table(254) == ["fe80::/64 dev eth0 (container) metric 256 proto 2"])
        try node.check()
    }

    @Test(
        "a second ADD changes nothing, and DEL leaves neither rule nor table",
        arguments: ["", #""table": 5001"#, #""addSourceHints": true"#]
    )
    func lifecycle(_ keys: String) throws {
        let node = try SbrNode()
        try node.add(keys)
        let state = node.node.kernel.state
        let calls = node.node.kernel.mutatingCalls
        try node.add(keys)
        #expect(node.node.kernel.state == state)
        #expect(node.node.kernel.mutatingCalls == calls)
        try node.del(keys)
        try node.del(keys)
        #expect(node.rules == [])
        #expect(Set(node.node.kernel.state.routes.map(\.table)).isSubset(of: [Route.mainTable]))
        try node.del(keys, netns: "")
    }

    @Test("tables that rules lead to or that have routes are not taken, and stay as they are")
    func foreignTables() throws {
        let node = try SbrNode()
        let foreign = RoutingRule(.container, from: CIDR("10.9.0.1/32"), table: 100)
        let other = RoutingRule(.container, from: nil, table: 102)
        let route = try SbrNode.route("10.8.0.0/24", table: 101)
        node.node.kernel.state.rules = [foreign, other]
        node.node.kernel.state.routes.insert(route)
        try node.add()
        #expect(node.table(103).first == "10.1.0.0/24 dev eth0 (container) src 10.1.0.2 table 103 proto 2")
        try node.del()
        #expect(node.node.kernel.state.rules == [foreign, other])
        #expect(node.table(101) == [route.description])
    }

    @Test("a table of somebody else's gets rules only, and keeps its routes")
    func namedTable() throws {
        let node = try SbrNode()
        let routes = node.node.kernel.state.routes
        let route = try SbrNode.route("10.8.0.0/24", table: 5001)
        node.node.kernel.state.routes.insert(route)
        try node.add(#""table": 5001"#)
        #expect(
            node.rules == [
                "from 10.1.0.2/32 table 5001 (container)", "from 10.2.0.2/32 table 5001 (container)",
                "from fd00:1::2/128 table 5001 (container)",
            ]
        )
        #expect(node.node.kernel.state.routes == routes.union([route]))
        try node.check(#""table": 5001"#)
        try node.del(#""table": 5001"#)
        #expect(node.rules == [])
        #expect(node.node.kernel.state.routes == routes.union([route]))
    }

    @Test("a configured gateway takes the place of a family's others")
    func gateways() throws {
        let node = try SbrNode()
        try node.add(#""gateways": ["10.1.0.254"]"#)
        #expect(node.table(100).last == "default via 10.1.0.254 dev eth0 (container) table 100")
        #expect(node.table(100).count == 2)
        #expect(node.table(102).last == "default via fd00:1::1 dev eth0 (container) table 102")
    }

    @Test("with hints, packets without a source reach the networks on the link")
    func hints() throws {
        let node = try SbrNode()
        try node.add(#""addSourceHints": true"#)
        #expect(node.table(100) == Self.ofOneAddress)
        #expect(
            node.table(254) == [
                "10.1.0.0/24 dev eth0 (container) src 10.1.0.2 proto 2",
                "10.2.0.0/24 dev eth0 (container) src 10.2.0.2 proto 2",
                "fd00:1::/64 dev eth0 (container) src fd00:1::2",
                "fe80::/64 dev eth0 (container) metric 256 proto 2",
            ]
        )
        try node.check(#""addSourceHints": true"#)
    }

    @Test("a default route comes with the address's gateway where main has none, also to a /32 by a link route")
    func hostAddress() throws {
        let node = try SbrNode()
        let link = try SbrNode.link()
        let address = try #require(CIDR("10.7.0.2/32"))
        node.node.kernel.state.addresses = [LinkAddress(link, address)]
        node.node.kernel.state.routes = [
            try SbrNode.route("10.7.0.1/32"), try SbrNode.route("10.0.0.0/8", by: "10.7.0.1"),
        ]
        let ips = #"{"address": "10.7.0.2/32", "gateway": "10.7.0.1", "interface": 1}"#
        try node.node.add(SbrNode.config("", ips: ips))
        #expect(
            node.table(100) == [
                "10.7.0.1/32 dev eth0 (container) table 100", "default via 10.7.0.1 dev eth0 (container) table 100",
                "10.0.0.0/8 via 10.7.0.1 dev eth0 (container) table 100",
            ]
        )
        #expect(node.table(254) == [])
    }

    @Test("CHECK names what is missing and changes nothing")
    func drift() throws {
        let node = try SbrNode()
        try node.add()
        let calls = node.node.kernel.mutatingCalls
        node.node.kernel.state.rules = node.node.kernel.state.rules.filter { $0.table != 101 }
        node.node.kernel.state.routes = node.node.kernel.state.routes.filter {
            $0.table != 100 && ($0.table != 102 || $0.destination.prefixLength > 0)
        }
        let error = #expect(throws: CNIError.self) { try node.check() }
        #expect(error?.details.contains("rule from 10.2.0.2/32") == true)
        #expect(
            error?.details.contains("10.1.0.0/24 dev eth0 (container) src 10.1.0.2 table 100 proto 2: missing") == true
        )
        #expect(error?.details.contains("default via 10.1.0.1 dev eth0 (container) table 100: missing") == true)
        #expect(error?.details.contains("default via fd00:1::1 dev eth0 (container) table 102: missing") == true)
        #expect(node.node.kernel.mutatingCalls == calls)
    }

    @Test("an ADD that the kernel refuses at any step leaves everything as it was")
    func rollback() throws {
        let refusal = KernelError("apply", "it", reason: .other, errno: 5, text: "Input/output error")
        var step = 1
        while true {
            let node = try SbrNode()
            let before = node.node.kernel.state
            node.node.kernel.fault = .failOnce(at: step, refusal)
            guard (try? node.add()) == nil else { break }
            #expect(node.node.kernel.state == before, "refused at step \(step)")
            step += 1
        }
        #expect(step > 15)
    }

    @Test("after a crash at any step of ADD, DEL leaves neither rule nor table", arguments: 0...18)
    func crash(_ step: Int) throws {
        let node = try SbrNode()
        node.node.kernel.fault = .kill(after: step)
        _ = try? node.add()
        node.node.kernel.fault = nil
        try node.del()
        #expect(node.rules == [])
        // What no rule leads to any more goes with the link.
        let inTables = node.node.kernel.state.routes.filter { $0.table != Route.mainTable }
        #expect(inTables.allSatisfy { $0.link.place == .container })
    }

    @Test(
        "what is wrong is named, and nothing happens",
        arguments: [
            (#""table": 0"#, "table: 0 is not between 1 and 4294967295"), (#""table": "main""#, "table: "),
            (#""gateways": ["10.1.0.1", "10.1.0.2"]"#, "multiple IPv4 addresses: 10.1.0.1 and 10.1.0.2"),
            (#""gateways": ["10.1.0"]"#, "gateways[0]: '10.1.0'"),
            (#""gateway": ["10.1.0.1"]"#, "did you mean 'gateways'"),
            (#""addSourceHints": "yes""#, "addSourceHints: "),
        ]
    )
    func badKeys(_ keys: String, _ words: String) throws {
        let node = try SbrNode()
        let before = node.node.kernel.state
        let error = #expect(throws: CNIError.self) { try node.add(keys) }
        #expect(error?.code == .invalidConfig)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(node.node.kernel.state == before)
        #expect(throws: CNIError.self) { try node.node.status(SbrNode.config(keys)) }
    }

    @Test("a result without addresses of the interface, and a pod without the interface, are refused")
    func badResult() throws {
        let node = try SbrNode()
        #expect(throws: CNIError.self) { try node.node.add(SbrNode.config("", ips: "")) }
        let elsewhere = #"{"address": "10.3.0.1/24", "interface": 0}"#
        #expect(throws: CNIError.self) { try node.node.add(SbrNode.config("", ips: elsewhere)) }
        node.node.kernel.state.links[try SbrNode.link()] = nil
        let error = #expect(throws: CNIError.self) { try node.add() }
        #expect(error?.message == "Cannot find network interface eth0")
        let alone = #"{"cniVersion": "1.1.0", "name": "net", "type": "sbr"}"#
        let refusal = #expect(throws: CNIError.self) { try node.node.add(alone) }
        #expect(refusal?.message == "This plugin must be called as chained plugin")
        try node.node.gc(alone, valid: "[]")
        try node.node.status(alone)
    }
}
