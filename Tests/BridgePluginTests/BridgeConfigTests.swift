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
            (#"{"vlan": 4095}"#, "vlan: invalid VLAN ID 4095 (must be between 0 and 4094)"),
            (#"{"vlan": -1}"#, "vlan: invalid VLAN ID -1 (must be between 0 and 4094)"),
            (
                #"{"bridge": "bridge-of-15-by", "vlan": 100, "isGateway": true}"#,
                "vlan: the gateway's link would be 'bridge-of-15-by.100'"
            ),
            (#"{"vlanTrunk": [{"minID": 5}]}"#, "maxID is missing"),
            (#"{"vlanTrunk": [{"maxID": 5}]}"#, "minID is missing"),
            (#"{"vlanTrunk": [{"minID": -1, "maxID": 5}]}"#, "incorrect trunk minID parameter"),
            (#"{"vlanTrunk": [{"minID": 5, "maxID": 4095}]}"#, "incorrect trunk maxID parameter"),
            (#"{"vlanTrunk": [{"minID": 6, "maxID": 5}]}"#, "minID is greater than maxID in trunk parameter"),
            (
                #"{"vlanTrunk": [{"id": 1}, {"id": 4095}]}"#,
                "vlanTrunk[1]: failed to parse vlan trunks: incorrect trunk id"
            ),
            (
                #"{"disableContainerInterface": true, "ipam": {"type": "host-local"}}"#,
                "cannot use IPAM when DisableContainerInterface flag is set"
            ),
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
