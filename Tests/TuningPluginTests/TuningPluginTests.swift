import Addressing
import CNI
import FakeKernel
import FakeNode
import NetworkModel
import Testing
import TuningPlugin

struct TuningPluginTests {
    private static let everything = """
        "mac": "02:00:00:00:00:77", "mtu": 1400, "promisc": true, "allmulti": true, "txQLen": 500,
        "sysctl": {"net.ipv4.conf.IFNAME.arp_ignore": "1", "net/ipv4/ip_forward": "1"}
        """

    @Test("all is as the configuration says, CHECK passes, a second ADD changes nothing, DEL puts everything back")
    func lifecycle() throws {
        let node = try TuningNode()
        let before = node.node.kernel.state
        let result = try node.add(Self.everything)
        #expect(node.link?.mac == MACAddress("02:00:00:00:00:77"))
        #expect(node.link?.mtu == 1400)
        #expect(node.link?.isPromiscuous == true)
        #expect(node.link?.isAllMulticast == true)
        #expect(node.link?.transmitQueueLength == 500)
        #expect(node.value("ipv4/conf/eth0/arp_ignore") == "1")
        #expect(node.value("ipv4/ip_forward") == "1")
        #expect(node.node.kernel.state.neighbors == before.neighbors)
        #expect(result.interfaces.map(\.mac) == ["02:00:00:00:00:01", "02:00:00:00:00:77"])
        #expect(result.interfaces.map(\.mtu) == [nil, 1400])
        try node.check(Self.everything, result)
        let tuned = node.node.kernel.state
        try node.add(Self.everything)
        #expect(node.node.kernel.state == tuned)
        try node.del()
        try node.del()
        #expect(node.node.kernel.state == before)
        #expect(try node.backup == nil)
    }

    @Test("nothing to do costs nothing: no file, no look at the kernel")
    func empty() throws {
        let node = try TuningNode()
        let calls = node.node.kernel.calls.count
        #expect(try node.add("").interfaces.count == 2)
        #expect(node.node.kernel.calls.count == calls)
        #expect(try node.backup == nil)
    }

    @Test("what an earlier ADD has kept is what DEL puts back")
    func firstBackupStays() throws {
        let node = try TuningNode()
        let before = node.node.kernel.state
        try node.add(#""mtu": 1400"#)
        try node.add(#""mtu": 1300, "allmulti": true"#)
        try node.del()
        #expect(node.node.kernel.state == before)
    }

    @Test("a value that the kernel writes with tabs is the one with spaces")
    func whiteSpace() throws {
        let node = try TuningNode()
        node.node.kernel.state.sysctls[Sysctl(.container, "ipv4/ip_local_port_range")] = "1024\t65000"
        let keys = #""sysctl": {"net.ipv4.ip_local_port_range": "1024 65000"}"#
        let calls = node.node.kernel.mutatingCalls
        try node.check(keys, try node.add(keys))
        #expect(node.node.kernel.mutatingCalls == calls)
    }

    @Test("args.cni comes before the keys, runtimeConfig before args, a false promisc is no wish")
    func precedence() throws {
        let node = try TuningNode()
        try node.add(
            """
            "mac": "02:00:00:00:00:01", "mtu": 1400, "promisc": false, "runtimeConfig": {"mac": "02:00:00:00:00:03"},
            "args": {"cni": {"mac": "02:00:00:00:00:02", "mtu": 1300, "sysctl": {"net.ipv4.ip_forward": "1"}}}
            """
        )
        #expect(node.link?.mac == MACAddress("02:00:00:00:00:03"))
        #expect(node.link?.mtu == 1300)
        #expect(node.value("ipv4/ip_forward") == "1")
        #expect(try node.backup?.contains("promisc") == false)
    }

    @Test("an ADD that the kernel refuses at any step leaves everything as it was, and no file")
    func rollback() throws {
        for step in 1...3 {
            let node = try TuningNode()
            let before = node.node.kernel.state
            let refusal = KernelError("apply", "it", reason: .other, errno: 5, text: "Input/output error")
            node.node.kernel.fault = .failOnce(at: node.node.kernel.mutatingCalls + step, refusal)
            #expect(throws: CNIError.self) { try node.add(Self.everything) }
            #expect(node.node.kernel.state == before)
            #expect(try node.backup == nil)
        }
    }

    @Test("after a crash at any step of ADD, DEL puts back what was there", arguments: 0...3)
    func crash(_ step: Int) throws {
        let node = try TuningNode()
        let before = node.node.kernel.state
        node.node.kernel.fault = .kill(after: node.node.kernel.mutatingCalls + step)
        _ = try? node.add(Self.everything)
        node.node.kernel.fault = nil
        try node.del()
        // The neighbours go with the address, and are made again by steps that a crash keeps from coming.
        #expect(node.node.kernel.state.links == before.links)
        #expect(node.node.kernel.state.sysctls == before.sysctls)
    }

    @Test("CHECK names what has changed, and changes nothing")
    func drift() throws {
        let node = try TuningNode()
        let result = try node.add(Self.everything)
        node.node.kernel.state.sysctls[Sysctl(.container, "ipv4/ip_forward")] = "0"
        node.node.kernel.state.links[try TuningNode.link()]?.mtu = 1500
        let calls = node.node.kernel.mutatingCalls
        let error = #expect(throws: CNIError.self) { try node.check(Self.everything, result) }
        #expect(error?.details.contains("ipv4/ip_forward") == true)
        #expect(error?.details.contains("mtu") == true)
        #expect(node.node.kernel.mutatingCalls == calls)
    }

    @Test("DEL without a namespace removes the file and needs nothing else")
    func deleteWithoutNamespace() throws {
        let node = try TuningNode()
        try node.add(Self.everything)
        #expect(try node.backup != nil)
        try node.del(netns: "")
        #expect(try node.backup == nil)
    }

    @Test("GC removes the files of its network's attachments that are not listed, and no others")
    func garbage() throws {
        let node = try TuningNode()
        try node.gc(valid: "[]")
        try node.add(Self.everything)
        try node.gc(valid: "null")
        try node.gc(valid: #"[{"containerID": "c1", "ifname": "eth0"}]"#)
        try node.gc(network: "other", valid: "[]")
        #expect(try node.backup != nil)
        try node.gc(valid: "[]")
        #expect(try node.backup == nil)
        try node.keep(#"{"mtu": 1500}"#)
        try node.gc(valid: "[]")
        #expect(try node.backup != nil)
    }

    @Test(
        "what is no sysctl of the network, or could become another, is refused",
        arguments: [
            #"{"kernel.shm_rmid_forced": "1"}"#, #"{"net.ipv4.conf.eth0/../../../kernel.x": "1"}"#,
            #"{"net/../kernel/panic": "1"}"#, #"{"/net/ipv4/ip_forward": "1"}"#, #"{"net.ipv4.ip_forward=1+x": "1"}"#,
            #"{"net": "1"}"#, #"{"net..ip_forward": "1"}"#, #"{"net.ipv4.ip_forward ": "1"}"#,
            #"{"net.ipv4.ip_forward": "1\nx"}"#, #"{"net.ipv4.ip_forward": "1", "net/ipv4/ip_forward": "0"}"#,
            #"{"net.ipv4.conf.IFNAME.arp_ignore": "1", "net.ipv4.conf.eth0.arp_ignore": "0"}"#,
            #"{"net.ipv4.no_such": "1"}"#, #"{"net.ipv4.ip_forward": 1}"#,
        ]
    )
    func badSysctl(_ sysctl: String) throws {
        let node = try TuningNode()
        let before = node.node.kernel.state
        let error = #expect(throws: CNIError.self) { try node.add("\"sysctl\": \(sysctl)") }
        #expect(error?.code == .invalidConfig)
        #expect(node.node.kernel.state == before)
    }

    @Test("a dot in an interface's name is no separator where slashes are, and the other way round")
    func namesWithDots() throws {
        let name = try InterfaceName("eth0.5")
        let path = "ipv4/conf/eth0.5/arp_ignore"
        for key in [
            "net.ipv4.conf.IFNAME.arp_ignore", "net/ipv4/conf/eth0.5/arp_ignore", "net.ipv4.conf.eth0/5.arp_ignore",
        ] {
            #expect(Sysctl(inContainer: key, ifName: name)?.path == path)
        }
    }

    @Test("where there is an allowlist, only what one of its lines describes may be set")
    func allowlist() throws {
        let node = try TuningNode()
        try node.allow("^net\\.ipv4\\.conf\\.IFNAME\\.[a-z_]*$\n\n  forward\n")
        try node.add(#""sysctl": {"net.ipv4.conf.IFNAME.arp_ignore": "1", "net.ipv4.ip_forward": "1"}"#)
        let error = #expect(throws: CNIError.self) {
            try node.add(#""sysctl": {"net.ipv4.ip_nonlocal_bind": "1"}"#)
        }
        #expect(error?.description.contains("net.ipv4.ip_nonlocal_bind is not allowed") == true)
        #expect(node.value("ipv4/ip_nonlocal_bind") == "0")
    }

    @Test("an allowlist that is none allows nothing")
    func brokenAllowlist() throws {
        let node = try TuningNode()
        try node.allow("net.(")
        let error = #expect(throws: CNIError.self) { try node.add(#""sysctl": {"net.ipv4.ip_forward": "1"}"#) }
        #expect(error?.details.contains("'net.(' is no regular expression") == true)
    }

    @Test(
        "bad values are refused before anything is looked at",
        arguments: [
            #""mac": "01:00:00:00:00:01""#, #""mac": "x""#, #""mtu": 70000"#, #""txQLen": -1"#, #""promisc": "yes""#,
        ]
    )
    func badValue(_ keys: String) throws {
        let node = try TuningNode()
        let calls = node.node.kernel.calls.count
        let error = #expect(throws: CNIError.self) { try node.add(keys) }
        #expect(error?.code == .invalidConfig)
        #expect(node.node.kernel.calls.count == calls)
    }
}
