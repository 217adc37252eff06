import Addressing
import CNI
import FakeKernel
import FakeNode
import NetworkModel
import PtpPlugin
import Testing

extension PluginCase {
    static func ptp(
        _ name: String,
        _ keys: String,
        ipam: String? = #""type": "host-local""#,
        isDualStack: Bool = false
    ) -> PluginCase {
        let ipamObject = ipam.map { ", \"ipam\": {\($0)}" } ?? ""
        let config = "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"ptp\"\(keys)\(ipamObject)}"
        return PluginCase(name, config: config, isDualStack: isDualStack) { PtpPlugin($0) }
    }

    static let hostMode = #""type": "host-local", "addressMode": "host", "subnet": "10.11.23.0/24""#
    static let allPtp = [
        ptp("a pair without addresses", "", ipam: nil),
        ptp("classic", ""),
        ptp("classic with masquerade and MTU", #", "ipMasq": true, "mtu": 1400"#),
        ptp("classic, both families", #", "ipMasq": true"#, isDualStack: true),
        ptp("host address mode", "", ipam: hostMode),
        ptp(
            "host address mode with masquerade, both families",
            #", "ipMasq": true"#,
            ipam: hostMode,
            isDualStack: true
        ),
    ]
}

struct PtpPluginTests {
    @Test("CHECK passes right after ADD", arguments: PluginCase.allPtp)
    func checkAfterAdd(_ network: PluginCase) throws {
        let node = network.node()
        let result = try node.add(network.config)
        try node.check(network.config, result)
        #expect(result.interfaces.map(\.name).last == "eth0")
        #expect(result.interfaces.map(\.sandbox) == [nil, "/run/netns/pod"])
        #expect(result.ips.allSatisfy { $0.interface == 1 && $0.gateway != nil })
    }

    @Test("DEL leaves what another pod's DEL leaves, however often it runs", arguments: PluginCase.allPtp)
    func delete(_ network: PluginCase) throws {
        #expect(try network.leftAfterDelete() == [])
    }

    @Test("DEL needs no namespace", arguments: PluginCase.allPtp)
    func deleteWithoutNamespace(_ network: PluginCase) throws {
        #expect(try network.leftAfterDeleteWithoutNamespace() == [])
    }

    @Test(
        "another attachment's DEL that is given the pod's namespace leaves the pod as it is",
        arguments: PluginCase.allPtp
    )
    func anothersNamespace(_ network: PluginCase) throws {
        #expect(try network.changedByAnothersDelete() == [])
    }

    @Test("an ADD that fails at any step leaves nothing", arguments: PluginCase.allPtp)
    func rollback(_ network: PluginCase) throws {
        #expect(try network.leftAfterRefusals(least: 4) == [])
        #expect(try network.leftAfterLostAnswers(least: 4) == [])
    }

    @Test("what a DEL could not remove, the next DEL finds", arguments: PluginCase.allPtp)
    func refusedDelete(_ network: PluginCase) throws {
        #expect(try network.leftAfterRefusedDeletes(least: 1) == [])
    }

    @Test("after a crash at any step of ADD, DEL leaves nothing", arguments: PluginCase.allPtp, [true, false])
    func crash(_ network: PluginCase, isNamespaceThere: Bool) throws {
        #expect(try network.leftAfterCrashes(isNamespaceThere: isNamespaceThere, least: 2) == [])
    }

    @Test("GC removes attachments that are not listed, and what nobody shares any more", arguments: PluginCase.allPtp)
    func garbage(_ network: PluginCase) throws {
        #expect(try network.wrongAfterGarbageCollection() == [])
    }

    @Test("a classic pod reaches its network and all else by its gateway, which is the host's end alone")
    func classicRoutes() throws {
        let network = PluginCase.ptp("routes", "", ipam: #""type": "host-local""#)
        let node = network.node()
        let result = try node.add(network.config)
        let host = result.interfaces[0].name
        #expect(
            node.kernel.state.routes.map(\.description).sorted() == [
                "10.11.23.0/24 via 10.11.23.1 dev eth0 (container)",
                "10.11.23.1/32 dev eth0 (container)",
                "10.11.23.2/32 dev \(host) proto 112",
            ]
        )
        #expect(
            node.kernel.state.addresses.map(\.description).sorted() == [
                "10.11.23.1/32 dev \(host)", "10.11.23.2/24 dev eth0 (container) noprefixroute",
            ]
        )
    }

    @Test("a pod with an address of its own has its default route and its neighbours from the start")
    func hostModeRoutes() throws {
        let network = PluginCase.ptp("host mode", "", ipam: PluginCase.hostMode)
        let node = network.node()
        let result = try node.add(network.config)
        let host = result.interfaces[0].name
        #expect(result.ips.map(\.address.description) == ["10.11.23.2/32"])
        #expect(result.routes.map(\.destination.description) == ["0.0.0.0/0"])
        #expect(
            node.kernel.state.routes.map(\.description).sorted() == [
                "10.11.23.1/32 dev eth0 (container)",
                "10.11.23.2/32 dev \(host) proto 112",
                "default via 10.11.23.1 dev eth0 (container) onlink",
            ]
        )
        #expect(node.kernel.state.neighbors.map(\.address.description).sorted() == ["10.11.23.1", "10.11.23.2"])
    }

    @Test("CHECK tells of what is missing on the host, which the reference does not look at")
    func checkOfTheHostsSide() throws {
        let network = PluginCase.ptp("check", #", "ipMasq": true"#)
        let node = network.node()
        let result = try node.add(network.config)
        let route = try #require(node.kernel.state.routes.first { $0.link.place == .host })
        node.kernel.state.routes.remove(route)
        let error = #expect(throws: CNIError.self) { try node.check(network.config, result) }
        #expect(error?.details == "route \(route): missing")
    }

    @Test("a gateway that is missing is an error, and the address is given back")
    func noGateway() throws {
        let network = PluginCase.ptp("gateway", "")
        let node = network.node()
        let before = node.kernel.state
        node.ipam.hasGateways = false
        let error = #expect(throws: CNIError.self) { try node.add(network.config) }
        #expect(error?.code == .invalidConfig)
        #expect(error?.details == "ipam: ptp reaches everything by a gateway, and there is none for 10.11.23.2/24")
        #expect(node.left(beside: before) == [])
    }

    @Test(
        "the configuration's dns counts when it says anything, if only an empty list",
        arguments: [
            ("", ["192.0.2.53"]), (#", "dns": {}"#, ["192.0.2.53"]), (#", "dns": {"nameservers": []}"#, []),
            (#", "dns": {"nameservers": ["192.0.2.1"]}"#, ["192.0.2.1"]),
        ]
    )
    func dns(_ keys: String, _ nameservers: [String]) throws {
        let network = PluginCase.ptp("dns", keys)
        let node = network.node()
        node.ipam.dns = DNS(nameservers: ["192.0.2.53"])
        #expect(try node.add(network.config).dns.nameservers == nameservers)
    }

    @Test(
        "what cannot be done is refused by its path",
        arguments: [
            (
                #", "ipMasqBackend": "ipfw""#,
                "ipMasqBackend: 'ipfw' is not a backend; known are 'iptables' and 'nftables'"
            ),
            (#", "ipMask": true"#, "ipMask: unknown key; did you mean 'ipMasq'?"),
            (#", "mtu": 70000"#, "mtu: 70000 is not between 0 and 65535"),
        ]
    )
    func badConfig(_ keys: String, _ details: String) throws {
        let network = PluginCase.ptp("bad", keys)
        let error = #expect(throws: CNIError.self) { try network.node().add(network.config) }
        #expect(error?.details == details)
    }
}
