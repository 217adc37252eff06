import Addressing
import BridgePlugin
import CNI
import JSON
import Testing

struct BridgeConfigTests {
    @Test(
        "a wrong value is named with its path",
        arguments: [
            (#"{"bridge": "a-name-of-16-byte"}"#, "bridge: 'a-name-of-16-byte' is not an interface name"),
            (#"{"mtu": "1500"}"#, "mtu: expected"),
            (#"{"mtu": 70000}"#, "mtu: "),
            (#"{"isGateway": "yes"}"#, "isGateway: expected"),
            (#"{"isGatway": true}"#, "isGatway: unknown key; did you mean 'isGateway'?"),
            (#"{"vlan": 100}"#, "vlan: not supported by this version of podnet"),
            (#"{"hairpinMode": true, "promiscMode": true}"#, "promiscMode: cannot set hairpin mode"),
            (#"{"ipMasqBackend": "ipset"}"#, "ipMasqBackend: 'ipset' is not a backend"),
            (#"{"runtimeConfig": {"mac": "02:00:00:00:00"}}"#, "runtimeConfig.mac: '02:00:00:00:00' is not a MAC"),
            (#"{"runtimeConfig": {"mac": "01:00:00:00:00:00"}}"#, "runtimeConfig.mac:"),
            (
                #"{"ipam": {"type": "host-local", "addressMode": "pod"}}"#,
                "ipam.addressMode: 'pod' is not an address mode"
            ),
            (#"{"ipam": {"type": "host-local", "subnet": "10.0.0.0/33"}}"#, "ipam.subnet: '10.0.0.0/33' is not a CIDR"),
        ]
    )
    func wrong(_ text: String, _ message: String) throws {
        let json = JSONField(try JSON(parsing: text))
        let error = try #require(throws: JSONError.self) { try BridgeConfig(json, cniArgs: .none) }
        #expect(error.description.contains(message), "\(error)")
    }

    @Test("keys mean the same in any case; keys of runtimes and values that change nothing are let pass")
    func lenient() throws {
        let text =
            #"{"ISGATEWAY": true, "nerdctlID": "1", "vlan": 0, "vlanTrunk": [], "macspoofchk": false, "ipMasqBackend": "iptables"}"#
        let config = try BridgeConfig(JSONField(try JSON(parsing: text)), cniArgs: .none)
        #expect(config.isGateway)
        #expect(!config.isDefaultGateway)
        #expect(config.bridge.text == "cni0")
    }

    @Test("the hardware address: runtimeConfig before args before CNI_ARGS")
    func precedence() throws {
        let arguments = try CNIArguments(parsing: "IgnoreUnknown=1;MAC=02:00:00:00:00:03")
        let args = #""args": {"cni": {"mac": "02:00:00:00:00:02"}}"#
        let runtime = #""runtimeConfig": {"mac": "02:00:00:00:00:01"}"#
        for (text, last) in [("{}", "03"), ("{\(args)}", "02"), ("{\(args), \(runtime)}", "01")] {
            let config = try BridgeConfig(JSONField(try JSON(parsing: text)), cniArgs: arguments)
            #expect(config.mac?.description == "02:00:00:00:00:" + last)
        }
    }
}
