import Addressing
import CNI
import FakeKernel
import FakeNode
import HostDevicePlugin
import NetworkModel
import Testing

extension PluginCase {
    static func device(_ name: String, _ keys: String, ipam: String? = nil, isDualStack: Bool = false) -> PluginCase {
        let ipamObject = ipam.map { ", \"ipam\": {\($0)}" } ?? ""
        let config = "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"host-device\"\(keys)\(ipamObject)}"
        return PluginCase(name, config: config, isDualStack: isDualStack, prepare: putDevice) {
            HostDevicePlugin($0, Sysfs("/nonexistent"))
        }
    }

    @Sendable
    private static func putDevice(on kernel: inout FakeKernel) {
        guard let name = try? InterfaceName("ens5"), let address = CIDR("192.0.2.2/24") else { return }
        let device = LinkID(.host, name)
        kernel = FakeKernel(
            holding: {
                var state = kernel.state
                state.links[device] = Link(
                    device,
                    kind: .other(""),
                    mac: MACAddress("02:00:00:00:00:07"),
                    mtu: 1500,
                    isUp: true,
                    isPromiscuous: false,
                    alias: "",
                    index: 7
                )
                return state
            }()
        )
        _ = address
    }

    static let allDevices = [
        device("by its name", #", "device": "ens5""#),
        device(
            "by its name, with addresses",
            #", "device": "ens5""#,
            ipam: #""type": "host-local""#,
            isDualStack: true
        ),
        device("by its address", #", "hwaddr": "02:00:00:00:00:07""#, ipam: #""type": "host-local""#),
    ]
}

struct HostDevicePluginTests {
    @Test("the device is in the pod, and CHECK passes", arguments: PluginCase.allDevices)
    func checkAfterAdd(_ network: PluginCase) throws {
        let node = network.node()
        let result = try node.add(network.config)
        try node.check(network.config, result)
        #expect(result.interfaces.map(\.name) == ["eth0"])
        #expect(result.interfaces.map(\.mac) == ["02:00:00:00:00:07"])
        #expect(node.kernel.state.links[LinkID(.host, try InterfaceName("ens5"))] == nil)
        let link = try #require(node.kernel.state.links[LinkID(.container, try InterfaceName("eth0"))])
        #expect(link.alias == "ens5")
        #expect(link.isUp == true)
    }

    @Test("DEL brings the device home, however often it runs", arguments: PluginCase.allDevices)
    func delete(_ network: PluginCase) throws {
        #expect(try network.leftAfterDelete() == [])
    }

    @Test("DEL finds by its name what the namespace's end has brought home under another")
    func deleteWithoutNamespace() throws {
        #expect(try PluginCase.allDevices[1].leftAfterDeleteWithoutNamespace() == [])
    }

    @Test("an ADD that fails at any step brings the device home", arguments: PluginCase.allDevices)
    func rollback(_ network: PluginCase) throws {
        #expect(try network.leftAfterRefusals(least: 3) == [])
        #expect(try network.leftAfterLostAnswers(least: 3) == [])
    }

    @Test("a refused ADD leaves the device up, with its addresses and routes")
    func rollbackKeepsAddresses() throws {
        let network = PluginCase.allDevices[1]
        let node = network.node()
        let device = LinkID(.host, try InterfaceName("ens5"))
        node.kernel.state.addresses.insert(LinkAddress(device, try CIDR(parsing: "192.0.2.2/24")))
        node.kernel.state.routes.insert(Route(device, to: .everything(.v4), gateway: IPAddress("192.0.2.1")))
        let before = node.kernel.state
        let refusal = KernelError("apply", "it", reason: .other, errno: 5, text: "Input/output error")
        node.kernel.fault = .failOnce(at: 8, refusal)
        #expect(throws: CNIError.self) { try node.add(network.config) }
        #expect(node.left(beside: before) == [])
        #expect(node.kernel.state.links[device]?.isUp == true)
    }

    @Test("what a DEL could not remove, the next DEL finds", arguments: PluginCase.allDevices)
    func refusedDelete(_ network: PluginCase) throws {
        #expect(try network.leftAfterRefusedDeletes(least: 1) == [])
    }

    @Test("after a crash at any step of ADD, DEL brings the device home", arguments: PluginCase.allDevices)
    func crash(_ network: PluginCase) throws {
        #expect(try network.leftAfterCrashes(isNamespaceThere: true, least: 2) == [])
    }

    @Test("GC clears the alias that a crash before the move has left; one of somebody else's stays")
    func garbage() throws {
        let network = PluginCase.allDevices[1]
        let node = network.node()
        let device = LinkID(.host, try InterfaceName("ens5"))
        for (alias, left) in [("ens5", ""), ("uplink of rack 7", "uplink of rack 7")] {
            node.kernel.state.links[device]?.alias = alias
            try node.gc(network.config, valid: "[]")
            #expect(node.kernel.state.links[device]?.alias == left)
        }
    }

    @Test("DEL gives the address back although its configuration names no device")
    func deleteWithBrokenConfig() throws {
        let network = PluginCase.allDevices[1]
        let node = network.node()
        try node.add(network.config)
        try node.del(
            #"{"cniVersion": "1.1.0", "name": "net", "type": "host-device", "ipam": {"type": "host-local"}}"#
        )
        #expect(node.ipam.leases.isEmpty)
        #expect(node.kernel.state.links[LinkID(.host, try InterfaceName("ens5"))] != nil)
    }

    @Test(
        "what cannot be done is refused, and the address is given back",
        arguments: [
            ("", #"specify either "device", "hwaddr", "kernelpath" or "pciBusID""#),
            (#", "device": """#, #"specify either "device", "hwaddr", "kernelpath" or "pciBusID""#),
            (#", "device": "none""#, "failed to find physical interface"),
            (#", "device": "lo""#, "device: lo cannot leave its namespace"),
            (#", "pciBusID": "../../devices""#, "pciBusID: '../../devices' is not a device's name"),
            (#", "kernelpath": "/sys/../etc""#, "kernelpath: '/sys/../etc' is not a path of a device"),
        ]
    )
    func badConfig(_ keys: String, _ words: String) throws {
        let network = PluginCase.device("bad", keys, ipam: #""type": "host-local""#)
        let node = network.node()
        let before = node.kernel.state
        let error = #expect(throws: CNIError.self) { try node.add(network.config) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(node.left(beside: before) == [])
    }
}
