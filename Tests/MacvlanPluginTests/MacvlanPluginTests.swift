import Addressing
import CNI
import FakeKernel
import FakeNode
import MacvlanPlugin
import NetworkModel
import Testing

extension PluginCase {
    static func macvlan(
        _ name: String,
        _ keys: String,
        ipam: String? = #""type": "host-local""#,
        isDualStack: Bool = false
    ) -> PluginCase {
        let ipamObject = ipam.map { ", \"ipam\": {\($0)}" } ?? ""
        let config = "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"macvlan\"\(keys)\(ipamObject)}"
        return PluginCase(name, config: config, isDualStack: isDualStack, prepare: putUplink) { MacvlanPlugin($0) }
    }

    @Sendable
    private static func putUplink(on kernel: inout FakeKernel) {
        guard let name = try? InterfaceName("uplink"), let address = CIDR("192.0.2.2/24") else { return }
        let uplink = LinkID(.host, name)
        kernel.state.links[uplink] = Link(
            uplink,
            kind: .other(""),
            mac: MACAddress("02:00:00:00:00:07"),
            mtu: 1500,
            isUp: true,
            isPromiscuous: false,
            alias: "",
            index: 7
        )
        kernel.state.addresses.insert(LinkAddress(uplink, address))
        kernel.state.routes.insert(Route(uplink, to: .everything(.v4), gateway: IPAddress("192.0.2.1")))
    }

    static let allMacvlans = [
        macvlan("layer 2 only", #", "master": "uplink""#, ipam: nil),
        macvlan("the default route's link", ""),
        macvlan(
            "private, MTU and MAC",
            #", "master": "uplink", "mode": "private", "mtu": 1400, "mac": "02:00:00:00:00:09""#
        ),
        macvlan("both families", #", "master": "uplink", "bcqueuelen": 500"#, isDualStack: true),
        macvlan("passthru", #", "master": "uplink", "mode": "passthru""#),
    ]
}

struct MacvlanPluginTests {
    @Test("CHECK passes right after ADD", arguments: PluginCase.allMacvlans)
    func checkAfterAdd(_ network: PluginCase) throws {
        let node = network.node()
        let result = try node.add(network.config)
        try node.check(network.config, result)
        #expect(result.interfaces.map(\.name) == ["eth0"])
        #expect(result.interfaces.map(\.sandbox) == ["/run/netns/pod"])
        let link = try #require(node.kernel.state.links[LinkID(.container, try InterfaceName("eth0"))])
        #expect(result.interfaces[0].mac == link.mac?.description)
        #expect(link.alias == "net/c1/eth0")
        #expect(link.isUp == true)
    }

    @Test("DEL leaves what another pod's DEL leaves, however often it runs", arguments: PluginCase.allMacvlans)
    func delete(_ network: PluginCase) throws {
        #expect(try network.leftAfterDelete() == [])
    }

    @Test("DEL needs no namespace", arguments: PluginCase.allMacvlans)
    func deleteWithoutNamespace(_ network: PluginCase) throws {
        #expect(try network.leftAfterDeleteWithoutNamespace() == [])
    }

    @Test("an ADD that fails at any step leaves nothing", arguments: PluginCase.allMacvlans)
    func rollback(_ network: PluginCase) throws {
        #expect(try network.leftAfterRefusals(least: 3) == [])
        #expect(try network.leftAfterLostAnswers(least: 3) == [])
    }

    @Test("what a DEL could not remove, the next DEL finds", arguments: PluginCase.allMacvlans)
    func refusedDelete(_ network: PluginCase) throws {
        #expect(try network.leftAfterRefusedDeletes(least: 1) == [])
    }

    @Test("after a crash at any step of ADD, DEL leaves nothing", arguments: PluginCase.allMacvlans, [true, false])
    func crash(_ network: PluginCase, isNamespaceThere: Bool) throws {
        #expect(try network.leftAfterCrashes(isNamespaceThere: isNamespaceThere, least: 2) == [])
    }

    @Test("GC gives addresses back", arguments: PluginCase.allMacvlans)
    func garbage(_ network: PluginCase) throws {
        #expect(try network.wrongAfterGarbageCollection() == [])
    }

    @Test("DEL needs no master, and takes no interface that is not the attachment's")
    func foreign() throws {
        let network = PluginCase.macvlan("foreign", #", "master": "uplink""#)
        let node = network.node()
        try node.add(network.config)
        let all = node.kernel.state
        try node.del(network.config, "another")
        #expect(node.kernel.state.differences(from: all) == [])
        try node.del(#"{"cniVersion": "1.1.0", "name": "net", "type": "macvlan", "master": "gone"}"#)
        #expect(node.kernel.state.links.keys.filter { $0.place == .container }.map(\.name.text) == ["lo"])
    }

    @Test("CHECK sees another mode, and a master that is another link")
    func otherMode() throws {
        let network = PluginCase.macvlan("mode", #", "master": "uplink", "mode": "vepa""#)
        let node = network.node()
        let result = try node.add(network.config)
        let eth0 = LinkID(.container, try InterfaceName("eth0"))
        let uplink = LinkID(.host, try InterfaceName("uplink"))
        node.kernel.state.links[eth0]?.kind = .macvlan(.init(parent: uplink, mode: .bridge))
        let mode = #expect(throws: CNIError.self) { try node.check(network.config, result) }
        #expect(mode?.details == "link eth0 (container): want macvlan mode vepa, have macvlan mode bridge")
        node.kernel.state.links[eth0]?.kind = .macvlan(.init(parent: nil, mode: .vepa))
        let parent = #expect(throws: CNIError.self) { try node.check(network.config, result) }
        #expect(parent?.details == "link eth0 (container): want macvlan of uplink, have macvlan of a link elsewhere")
    }

    @Test(
        "what cannot be done is refused, and the address is given back",
        arguments: [
            (#", "master": "uplink", "mtu": 1600"#, "invalid MTU 1600, must be [0, master MTU(1500)]"),
            (#", "master": "none""#, #"failed to lookup master "none": Link not found"#),
            (#", "master": "uplink", "mode": "tunnel""#, "mode: 'tunnel' is not a macvlan mode: known are bridge"),
            (#", "master": "uplink", "mac": "01:00:5e:00:00:01""#, "mac: 01:00:5e:00:00:01 is a group address"),
            (#", "linkInContainer": true"#, "master: linkInContainer needs the master's name"),
        ]
    )
    func badConfig(_ keys: String, _ words: String) throws {
        let network = PluginCase.macvlan("bad", keys)
        let node = network.node()
        let before = node.kernel.state
        let error = #expect(throws: CNIError.self) { try node.add(network.config) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(node.left(beside: before) == [])
    }

    @Test("STATUS says that there is no master")
    func status() throws {
        let network = PluginCase.macvlan("status", #", "master": "none""#)
        let error = #expect(throws: CNIError.self) { try network.node().status(network.config) }
        #expect(error?.code == .notAvailable)
        try network.node().status(PluginCase.macvlan("status", #", "master": "uplink""#).config)
    }
}
