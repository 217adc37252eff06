import Addressing
import BridgePlugin
import CNI
import FakeKernel
import FakeNode
import NetworkModel
import PodWiring
import Testing

/// A bridge that filters VLANs, on a kernel in memory.
struct BridgeVLANTests {
    private static let cni0 = link("cni0")
    private static let gateway = link("cni0.100")

    private static func link(_ name: String, _ place: Place = .host) -> LinkID {
        guard let name = try? InterfaceName(name) else { preconditionFailure("no interface name: \(name)") }
        return LinkID(place, name)
    }

    private static func config(_ keys: String, ipam: String = "") -> String {
        #"{"cniVersion": "1.1.0", "name": "net", "type": "bridge", \#(keys)\#(ipam)}"#
    }

    private static let hostLocal = #", "ipam": {"type": "host-local"}"#

    private func port(_ node: FakeNode) -> Link? {
        node.kernel.state.links.values.first { $0.alias == "net/c1/eth0" }
    }

    @Test(
        "a port's VLANs",
        arguments: [
            (#""vlan": 100"#, PortVLANs(native: 100, untagged: [100])),
            (#""vlan": 100, "preserveDefaultVlan": true"#, PortVLANs(native: 100, untagged: [1, 100])),
            (#""vlan": 1"#, PortVLANs(native: 1, untagged: [1])),
            (
                #""vlanTrunk": [{"minID": 200, "maxID": 202}, {"id": 101}, {"id": 201}]"#,
                PortVLANs(native: 1, untagged: [1], tagged: [101, 200, 201, 202])
            ),
            (
                #""vlan": 100, "vlanTrunk": [{"id": 100}, {"id": 101}]"#,
                PortVLANs(native: 100, untagged: [100], tagged: [101])
            ),
        ]
    )
    func vlans(_ keys: String, _ expected: PortVLANs) throws {
        let node = FakeNode { BridgePlugin($0) }
        let config = Self.config(keys)
        let result = try node.add(config)
        #expect(port(node)?.bridgePort?.vlans == expected)
        #expect(node.kernel.state.links[Self.cni0]?.bridge?.filtersVLANs == true)
        try node.check(config, result)
        let id = try #require(port(node)?.id)
        node.kernel.state.links[id]?.bridgePort?.vlans = PortVLANs(native: 1, untagged: [1])
        if expected != PortVLANs(native: 1, untagged: [1]) {
            let error = #expect(throws: CNIError.self) { try node.check(config, result) }
            #expect(error?.details.contains("VLANs: want \(expected)") == true, "\(error?.details ?? "")")
        }
    }

    @Test("without a VLAN a port's VLANs are left alone, and the bridge's filter, too")
    func none() throws {
        let node = FakeNode { BridgePlugin($0) }
        try node.add(Self.config(#""vlan": 0"#))
        #expect(port(node)?.bridgePort?.vlans == PortVLANs(native: 1, untagged: [1]))
        #expect(node.kernel.state.links[Self.cni0]?.bridge?.filtersVLANs == false)
    }

    @Test(
        "a bridge that is there gets the network's MTU and VLAN filter, keeps its address, and CHECK sees what differs"
    )
    func existing() throws {
        let node = FakeNode { BridgePlugin($0) }
        try node.kernel.apply(.createBridge(Link(Self.cni0, kind: .bridge, mac: MACAddress("02:00:00:00:00:07"))))
        let config = Self.config(#""vlan": 100, "mtu": 1400"#)
        let result = try node.add(config)
        let bridge = try #require(node.kernel.state.links[Self.cni0])
        #expect(bridge.mtu == 1400)
        #expect(bridge.bridge?.filtersVLANs == true)
        #expect(bridge.mac == MACAddress("02:00:00:00:00:07"))
        #expect(result.interfaces.first?.mac == "02:00:00:00:00:07")
        // Set once more, for the kernel to know that it is to stay.
        #expect(
            node.kernel.calls.contains { call in
                guard case .apply(.changeLink(_, let new)) = call else { return false }
                return new.id == Self.cni0 && new.keepsMAC == true && new.mac == bridge.mac
            }
        )
        try node.check(config, result)
        node.kernel.state.links[Self.cni0]?.mtu = 1500
        node.kernel.state.links[Self.cni0]?.bridge?.filtersVLANs = false
        let error = #expect(throws: CNIError.self) { try node.check(config, result) }
        #expect(error?.details.contains("link cni0 mtu: want 1400, have 1500") == true)
        #expect(error?.details.contains("link cni0 VLAN filtering: want true, have false") == true)
    }

    @Test(
        "the gateway of a VLAN is on a pair of its own, is the result's fourth interface, and goes with the last port"
    )
    func gateway() throws {
        let node = FakeNode { BridgePlugin($0) }
        let before = node.kernel.state
        let config = Self.config(#""vlan": 100, "isGateway": true"#, ipam: Self.hostLocal)
        let result = try node.add(config)
        #expect(result.interfaces.map(\.name) == ["cni0", port(node)?.id.name.text, "eth0", "cni0.100"])
        #expect(result.interfaces.last?.mac == node.kernel.state.links[Self.gateway]?.mac?.description)
        let onLinks = node.kernel.state.addresses.filter { $0.link.place == .host }
        #expect(onLinks.map(\.link) == [Self.gateway])
        guard case .veth(let peer?) = node.kernel.state.links[Self.gateway]?.kind else {
            Issue.record("no pair")
            return
        }
        #expect(node.kernel.state.links[peer]?.bridgePort?.vlans == PortVLANs(native: 100, untagged: [100]))
        #expect(node.kernel.state.links[peer]?.master == Self.cni0.name)

        try node.add(config, "second", ifName: "eth1")
        try node.del(config)
        try node.gc(config, valid: #"[{"containerID": "second", "ifname": "eth1"}]"#)
        #expect(node.kernel.state.links[Self.gateway] != nil)
        try node.gc(config, valid: "[]")
        #expect(node.kernel.state.differences(from: before) == [])
    }

    @Test("a gateway's VLAN that another's port is in is in use")
    func foreignPort() throws {
        let node = FakeNode { BridgePlugin($0) }
        let config = Self.config(#""vlan": 100, "isGateway": true"#, ipam: Self.hostLocal)
        try node.add(config)
        let tap = Self.link("tap0")
        let port = Link.BridgePort(hairpinMode: false, isolated: false, vlans: PortVLANs(native: 7, tagged: [7, 100]))
        node.kernel.state.links[tap] = Link(
            tap,
            kind: .other("tun"),
            alias: "",
            master: Self.cni0.name,
            bridgePort: port
        )
        try node.gc(config, valid: "[]")
        #expect(node.kernel.state.links[Self.gateway] != nil)
        node.kernel.state.links[tap]?.bridgePort?.vlans?.tagged = [7]
        try node.gc(config, valid: "[]")
        #expect(node.kernel.state.links[Self.gateway] == nil)
        #expect(node.kernel.state.links[Self.cni0] != nil)
    }

    @Test("a VLAN device of the administrator's is taken as the gateway's link, and left to them")
    func adopted() throws {
        let node = FakeNode { BridgePlugin($0) }
        node.kernel.state.links[Self.gateway] = Link(
            Self.gateway,
            kind: .other("vlan"),
            mac: MACAddress("02:00:00:00:00:09"),
            mtu: 1500,
            isUp: false,
            isPromiscuous: false,
            alias: "",
            index: 90
        )
        node.kernel.state.sysctls[Sysctl(.host, "ipv6/conf/cni0.100/accept_ra")] = "1"
        let config = Self.config(#""vlan": 100, "isGateway": true"#, ipam: Self.hostLocal)
        let result = try node.add(config)
        #expect(result.interfaces.last?.mac == "02:00:00:00:00:09")
        #expect(node.kernel.state.links[Self.gateway]?.isUp == true)
        try node.check(config, result)
        try node.gc(config, valid: "[]")
        #expect(node.kernel.state.links[Self.gateway] != nil)
    }

    @Test("the pod's end is left down, and nothing waits for it")
    func containerDown() throws {
        let node = FakeNode { BridgePlugin($0) }
        let config = Self.config(#""disableContainerInterface": true"#)
        let result = try node.add(config)
        #expect(node.kernel.state.links[Self.link("eth0", .container)]?.isUp == false)
        #expect(port(node)?.isUp == true)
        try node.check(config, result)
    }

    @Test("with enabledad an address is waited for, without it is not", arguments: [true, false])
    func duplicates(isOn: Bool) throws {
        let node = FakeNode { BridgePlugin($0) }
        node.ipam.isDualStack = true
        try node.add(Self.config(#""enabledad": \#(isOn)"#, ipam: Self.hostLocal))
        let waits = node.kernel.calls.filter { call in
            if case .apply(.awaitAddress) = call { true } else { false }
        }
        #expect(waits.count == (isOn ? 1 : 0))
        #expect(node.kernel.state.sysctls[Sysctl(.container, "ipv6/conf/eth0/accept_dad")] == (isOn ? "1" : "0"))
    }
}
