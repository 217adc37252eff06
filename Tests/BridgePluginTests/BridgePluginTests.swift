import Addressing
import BridgePlugin
import CNI
import FakeKernel
import FakeNode
import NetworkModel
import PodWiring
import Testing

/// A network to try everything on.
struct Network: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let config: String
    var isDualStack = false
    /// What else the node looks like at first.
    var hasAddresses = true

    init(_ name: String, _ keys: String, ipam: String? = #""type": "host-local""#, isDualStack: Bool = false) {
        testDescription = name
        let ipamObject = ipam.map { ", \"ipam\": {\($0)}" } ?? ""
        config = "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"bridge\"\(keys)\(ipamObject)}"
        self.isDualStack = isDualStack
        hasAddresses = ipam != nil
    }

    static let hostMode = #""type": "host-local", "addressMode": "host", "subnet": "10.11.23.0/24""#
    static let all = [
        Network("layer 2 only", "", ipam: nil),
        Network("classic", ""),
        Network("classic gateway with masquerade", #", "isDefaultGateway": true, "ipMasq": true"#),
        Network("classic, hairpin, MTU", #", "isGateway": true, "hairpinMode": true, "mtu": 1400"#),
        Network("classic, both families", #", "isDefaultGateway": true"#, isDualStack: true),
        Network("layer 2, hardware addresses checked", #", "macspoofchk": true"#, ipam: nil),
        Network("classic, all addresses checked", #", "isGateway": true, "macspoofchk": true"#, isDualStack: true),
        Network("layer 2, VLAN 100", #", "vlan": 100"#, ipam: nil),
        Network("layer 2, trunk", #", "vlanTrunk": [{"id": 101}, {"minID": 200, "maxID": 210}]"#, ipam: nil),
        Network("layer 2, the pod's end left down", #", "disableContainerInterface": true"#, ipam: nil),
        Network("classic gateway on VLAN 100", #", "isDefaultGateway": true, "ipMasq": true, "vlan": 100"#),
        Network("classic, isolated, with duplicate detection", #", "enabledad": true, "portIsolation": true"#),
        Network("host address mode", "", ipam: hostMode),
        Network(
            "host address mode, VLAN 100 with a trunk",
            #", "vlan": 100, "vlanTrunk": [{"id": 7}]"#,
            ipam: hostMode
        ),
        Network("host address mode, nothing checked", #", "macspoofchk": false"#, ipam: hostMode),
        Network("host address mode with masquerade", #", "ipMasq": true"#, ipam: hostMode),
        Network("host address mode, both families", #", "ipMasq": true"#, ipam: hostMode, isDualStack: true),
    ]

    var pluginCase: PluginCase {
        PluginCase(testDescription, config: config, isDualStack: isDualStack) { BridgePlugin($0) }
    }

    func node() -> FakeNode { pluginCase.node() }
}

struct BridgePluginTests {
    @Test("CHECK passes right after ADD", arguments: Network.all)
    func checkAfterAdd(_ network: Network) throws {
        let node = network.node()
        let result = try node.add(network.config)
        try node.check(network.config, result)
        #expect(result.interfaces.map(\.name).first == "cni0")
        #expect(result.interfaces.dropFirst(2).first?.sandbox == "/run/netns/pod")
        #expect(node.ipam.checks == (network.hasAddresses ? 1 : 0))
    }

    @Test("DEL leaves what another pod's DEL leaves, however often it runs", arguments: Network.all)
    func delete(_ network: Network) throws {
        #expect(try network.pluginCase.leftAfterDelete() == [])
    }

    @Test("DEL needs no namespace", arguments: Network.all)
    func deleteWithoutNamespace(_ network: Network) throws {
        #expect(try network.pluginCase.leftAfterDeleteWithoutNamespace() == [])
    }

    @Test("another attachment's DEL that is given the pod's namespace leaves the pod as it is", arguments: Network.all)
    func anothersNamespace(_ network: Network) throws {
        #expect(try network.pluginCase.changedByAnothersDelete() == [])
    }

    @Test("DEL needs no unchanged configuration")
    func deleteAfterConfigurationChanged() throws {
        let network = try #require(Network.all.first { $0.testDescription == "host address mode with masquerade" })
        let node = try network.pluginCase.usedNode()
        let shared = node.kernel.state
        try node.add(network.config)
        try node.del(#"{"cniVersion": "1.1.0", "name": "net", "type": "bridge", "bridge": "other0"}"#)
        #expect(node.kernel.state.differences(from: shared) == [])
    }

    @Test("an ADD that fails at any step leaves nothing", arguments: Network.all)
    func rollback(_ network: Network) throws {
        #expect(try network.pluginCase.leftAfterRefusals(least: 5) == [])
        #expect(try network.pluginCase.leftAfterLostAnswers(least: 5) == [])
    }

    @Test("after a crash at any step of ADD, DEL leaves nothing", arguments: Network.all, [true, false])
    func crash(_ network: Network, isNamespaceThere: Bool) throws {
        #expect(try network.pluginCase.leftAfterCrashes(isNamespaceThere: isNamespaceThere, least: 2) == [])
    }

    @Test("what a DEL could not remove, the next DEL finds", arguments: Network.all)
    func refusedDelete(_ network: Network) throws {
        #expect(try network.pluginCase.leftAfterRefusedDeletes(least: 1) == [])
    }

    @Test("without the machine's ID there is no ADD: a bridge would get another hardware address")
    func unreadableMachineID() throws {
        let network = try #require(Network.all.first { $0.testDescription == "host address mode with masquerade" })
        let node = try network.pluginCase.usedNode()
        let shared = node.kernel.state
        node.identity = .failure(CNIError(.ioFailure, "read the machine's ID"))
        let error = #expect(throws: CNIError.self) { try node.add(network.config) }
        #expect(error?.code == .ioFailure)
        #expect(node.left(beside: shared) == [])
    }

    @Test("GC removes attachments that are not listed, and what nobody shares any more", arguments: Network.all)
    func garbage(_ network: Network) throws {
        #expect(try network.pluginCase.wrongAfterGarbageCollection() == [])
    }

    @Test("promiscuity is set where the configuration names it, and stays as it is where not")
    func promiscuity() throws {
        let network = Network("layer 2", #", "promiscMode": true"#, ipam: nil)
        let node = network.node()
        let bridge = LinkID(.host, try InterfaceName("cni0"))
        for (number, step) in [("true", true), ("", true), ("false", false), ("", false)].enumerated() {
            let keys = step.0.isEmpty ? "" : ", \"promiscMode\": \(step.0)"
            try node.add(Network("", keys, ipam: nil).config, "c\(number)", ifName: "eth\(number)")
            #expect(node.kernel.state.links[bridge]?.isPromiscuous == step.1)
        }
    }

    @Test("an interface that is there is an error, and nothing is touched")
    func taken() throws {
        let network = Network.all[1]
        let node = network.node()
        try node.add(network.config)
        let before = node.kernel.state
        #expect(throws: CNIError.self) { try node.add(network.config) }
        #expect(node.kernel.state.differences(from: before) == [])
        #expect(node.ipam.leases.count == 1)
    }
}
