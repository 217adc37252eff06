import Addressing
import BandwidthPlugin
import CNI
import FakeKernel
import FakeNode
import NetworkModel
import Testing

/// A node in memory on which `bandwidth` runs after a plugin that has made the pair `veth1` – `eth0`.
private struct BandwidthNode {
    let node = FakeNode { BandwidthPlugin($0) }
    private static let result = """
        {"cniVersion": "1.1.0", "interfaces": [{"name": "br0"}, {"name": "veth1"},
         {"name": "eth0", "sandbox": "/run/netns/pod"}]}
        """

    init() throws {
        let host = LinkID(.host, try InterfaceName("veth1"))
        let pod = LinkID(.container, try InterfaceName("eth0"))
        let inside = Link(pod, kind: .veth(peer: host))
        try node.kernel.apply(.createVethPair(Link(host, kind: .veth(peer: pod)), peer: inside))
        try node.kernel.apply(.createBridge(Link(LinkID(.host, try InterfaceName("br0")), kind: .bridge)))
    }

    private func config(_ keys: String) -> String {
        "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"bandwidth\"\(keys.isEmpty ? "" : ", ")\(keys)}"
    }

    @discardableResult
    func add(_ keys: String, result: String? = Self.result) throws -> CNIResult {
        guard let result else { return try node.add(config(keys)) }
        return try node.add("\(config(keys).dropLast()), \"prevResult\": \(result)}")
    }
    func check(_ keys: String, _ result: CNIResult) throws { try node.check(config(keys), result) }
    func del() throws { try node.del(config(""), netns: "") }
    func gc(_ valid: String) throws { try node.gc(config(""), valid: valid) }

    var shaping: [String] { node.kernel.state.shaping.sorted().map(\.description) }
    var devices: [Link] { node.kernel.state.links.values.filter { $0.kind == .ifb } }
}

struct BandwidthPluginTests {
    private static let both = """
        "ingressRate": 8000000, "ingressBurst": 800000, "egressRate": 16000000, "egressBurst": 800000
        """

    @Test("both directions are shaped, CHECK passes, a second ADD changes nothing, DEL removes the device")
    func lifecycle() throws {
        let node = try BandwidthNode()
        let result = try node.add(Self.both)
        let device = try #require(node.devices.first)
        #expect(device.isUp == true)
        #expect(device.alias == "net/c1/eth0")
        #expect(
            node.shaping == [
                "rate 2000000 B/s buffer 781250 limit 150000 dev \(device.id)",
                "rate 1000000 B/s buffer 1562500 limit 125000 dev veth1",
                "to \(device.id) dev veth1",
            ]
        )
        #expect(result.interfaces.map(\.name) == ["br0", "veth1", "eth0", device.id.name.text])
        try node.check(Self.both, result)
        let before = node.node.kernel.state
        #expect(try node.add(Self.both) == result)
        #expect(node.node.kernel.state == before)
        try node.del()
        try node.del()
        #expect(node.devices.isEmpty)
        let error = #expect(throws: CNIError.self) { try node.check(Self.both, result) }
        #expect(error?.details.contains("link \(device.id): missing") == true)
    }

    @Test("another rate replaces the first, a direction without a limit is left as it is")
    func change() throws {
        let node = try BandwidthNode()
        try node.add(#""ingressRate": 8000000, "ingressBurst": 800000"#)
        #expect(node.devices.isEmpty)
        try node.add(#""egressRate": 8000000, "egressBurst": 800000"#)
        try node.add(#""ingressRate": 80000, "ingressBurst": 800000"#)
        #expect(node.shaping.filter { $0.hasSuffix("veth1") }.count == 2)
        #expect(node.shaping.contains { $0.hasPrefix("rate 10000 B/s") })
    }

    @Test("the runtime's limits count where the configuration has none of its own")
    func precedence() throws {
        let runtime = #""runtimeConfig": {"bandwidth": {"ingressRate": 80000, "ingressBurst": 80000}}"#
        let node = try BandwidthNode()
        try node.add(runtime)
        #expect(node.shaping.first?.hasPrefix("rate 10000 B/s") == true)
        let other = try BandwidthNode()
        try other.add(#""egressRate": 8000, "egressBurst": 80000, \#(runtime)"#)
        #expect(other.shaping.count == 2)
    }

    @Test("without limits nothing is looked at, with and without a result", arguments: [true, false])
    func unlimited(_ hasResult: Bool) throws {
        let node = try BandwidthNode()
        let calls = node.node.kernel.calls.count
        let keys = #""runtimeConfig": {"bandwidth": {"ingressRate": 0, "ingressBurst": 0}}"#
        let result = hasResult ? try node.add(keys) : try node.add(keys, result: nil)
        #expect(result.interfaces.count == (hasResult ? 3 : 0))
        #expect(node.node.kernel.calls.count == calls)
    }

    @Test("an ADD that the kernel refuses at any step leaves nothing")
    func rollback() throws {
        for step in 1...5 {
            let node = try BandwidthNode()
            let before = node.node.kernel.state
            let refusal = KernelError("apply", "it", reason: .other, errno: 5, text: "Input/output error")
            node.node.kernel.fault = .failOnce(at: node.node.kernel.mutatingCalls + step, refusal)
            #expect(throws: CNIError.self, "step \(step)") { try node.add(Self.both) }
            #expect(node.node.kernel.state == before)
        }
    }

    @Test("after a crash at any step of ADD, DEL leaves no device", arguments: 0...6)
    func crash(_ step: Int) throws {
        let node = try BandwidthNode()
        node.node.kernel.fault = .kill(after: node.node.kernel.mutatingCalls + step)
        _ = try? node.add(Self.both)
        node.node.kernel.fault = nil
        try node.del()
        #expect(node.devices.isEmpty)
    }

    @Test("an ADD after a DEL that has left the pair finds the way that leads nowhere, and makes it anew")
    func again() throws {
        let node = try BandwidthNode()
        try node.add(Self.both)
        let before = node.shaping
        try node.del()
        try node.check(Self.both, try node.add(Self.both))
        #expect(node.shaping == before)
    }

    @Test("GC removes devices of attachments that are not listed; without a list, nothing")
    func garbage() throws {
        let node = try BandwidthNode()
        try node.add(Self.both)
        try node.gc("null")
        try node.gc(#"[{"containerID": "c1", "ifname": "eth0"}]"#)
        #expect(node.devices.count == 1)
        try node.gc("[]")
        #expect(node.devices.isEmpty)
    }

    @Test("GC removes a device that a crash has left without an alias, and no other that has none")
    func garbageWithoutAlias() throws {
        let node = try BandwidthNode()
        try node.add(Self.both)
        let ours = try #require(node.devices.first?.id)
        node.node.kernel.state.links[ours]?.alias = ""
        let reference = LinkID(.host, try InterfaceName("bwpa1b2c3d4e5f6"))
        node.node.kernel.state.links[reference] = Link(reference, kind: .ifb, isUp: false)
        try node.gc("[]")
        #expect(node.devices.count == 2)
        node.node.kernel.state.links[ours]?.isUp = false
        try node.gc("[]")
        #expect(node.devices.map(\.id) == [reference])
    }

    @Test("CHECK names what differs, and changes nothing")
    func drift() throws {
        let node = try BandwidthNode()
        let result = try node.add(Self.both)
        node.node.kernel.state.shaping = node.node.kernel.state.shaping.filter { $0.link.name.text != "veth1" }
        let calls = node.node.kernel.mutatingCalls
        let error = #expect(throws: CNIError.self) { try node.check(Self.both, result) }
        #expect(error?.details.contains("shaping rate 1000000 B/s") == true)
        #expect(node.node.kernel.mutatingCalls == calls)
    }

    @Test(
        "what cannot be kept is refused, and nothing changes",
        arguments: [
            (#""ingressRate": 8000"#, "if rate is set, burst must also be set"),
            (#""egressBurst": 8000"#, "if burst is set, rate must also be set"),
            (#""egressRate": -1, "egressBurst": 8000"#, "rate and burst must be a positive integer"),
            (#""egressRate": 8000, "egressBurst": 34359738360"#, "burst cannot be more than 4GB"),
            (#""ingresRate": 8000"#, "did you mean 'ingressRate'?"),
        ]
    )
    func badConfig(_ keys: String, _ words: String) throws {
        let node = try BandwidthNode()
        let before = node.node.kernel.state
        let error = #expect(throws: CNIError.self) { try node.add(keys) }
        #expect(error?.code == .invalidConfig)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(node.node.kernel.state == before)
    }

    @Test("without a result, or a veth in it, there is nothing to shape")
    func noVeth() throws {
        let node = try BandwidthNode()
        let missing = #expect(throws: CNIError.self) { try node.add(Self.both, result: nil) }
        #expect(missing?.message == "must be called as chained plugin")
        let foreign = #expect(throws: CNIError.self) {
            try node.add(Self.both, result: #"{"cniVersion": "1.1.0", "interfaces": [{"name": "br0"}]}"#)
        }
        #expect(foreign?.message == "no host interface found")
    }

    @Test(
        "a bucket is in the kernel's numbers, and lasts 4.29 s at most",
        arguments: [
            (1_000_000, 50_000, TokenBucket(rate: 1_000_000, buffer: 781_250, limit: 75_000)),
            (1_000_000, 536_870_911, TokenBucket(rate: 1_000_000, buffer: 67_108_863, limit: 4_319_967)),
            (10_000_000_000, 4_000_000_000, TokenBucket(rate: 10_000_000_000, buffer: 6_250_000, limit: 4_250_000_000)),
        ] as [(UInt64, UInt64, TokenBucket)]
    )
    func bucket(_ rate: UInt64, _ burst: UInt64, _ bucket: TokenBucket) {
        #expect(TokenBucket(rate: rate, burst: burst) == bucket)
    }
}
