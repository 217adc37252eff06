import Addressing
import CNI
import IPAM
import Testing

/// Calls `static` as a runtime would.
private struct StaticCaller {
    /// The `ipam` object's members besides the type; nil leaves the object out.
    var ipam: String? = #""addresses": [{"address": "10.10.0.1/24", "gateway": "10.10.0.254"}]"#
    var more = ""
    var args = ""
    var version = "1.1.0"

    func request(_ verb: Verb) throws -> Request {
        let ipamObject = ipam.map { ", \"ipam\": {\"type\": \"static\", \($0)}" } ?? ""
        let document = "{\"cniVersion\": \"\(version)\", \"name\": \"net\", \"type\": \"ptp\"\(ipamObject)\(more)}"
        let environment = [
            "CNI_COMMAND": verb.rawValue, "CNI_CONTAINERID": "c1", "CNI_IFNAME": "eth0", "CNI_NETNS": "/run/netns/x",
            "CNI_PATH": "/opt/cni/bin", "CNI_ARGS": args,
        ]
        return try Request(
            Invocation(environment: environment),
            NetworkConfig(parsing: Array(document.utf8), verb: verb)
        )
    }

    func add() throws -> CNIResult { try StaticPlugin().add(request(.add)) }

    /// Address and gateway of every answer.
    func addresses() throws -> [String] {
        try add().ips.map { "\($0.address)" + ($0.gateway.map { " via \($0)" } ?? "") }
    }

    func check(ips: String) throws {
        var caller = self
        caller.more += ", \"prevResult\": {\"cniVersion\": \"1.1.0\", \"ips\": [\(ips)]}"
        try StaticPlugin().check(caller.request(.check))
    }
}

struct StaticPluginTests {
    @Test("addresses, routes and name servers are passed on, single addresses too")
    func add() throws {
        let ipam = #"""
            "addresses": [
                {"address": "10.10.0.1/24", "gateway": "10.10.0.254"}, {"address": "fd00::5/128"},
                {"address": "169.254.9.9/32"}
            ],
            "routes": [{"dst": "169.254.1.1/32", "scope": 253}, {"dst": "0.0.0.0/0", "gw": "169.254.1.1", "mtu": 1400}],
            "dns": {"nameservers": ["8.8.8.8"], "search": ["example.com"]}
            """#
        let result = try StaticCaller(ipam: ipam).add()
        #expect(result.ips.map(\.address.description) == ["10.10.0.1/24", "fd00::5/128", "169.254.9.9/32"])
        #expect(result.ips.map(\.gateway?.description) == ["10.10.0.254", nil, nil])
        #expect(result.routes.map(\.scope) == [253, nil])
        #expect(result.routes.map(\.mtu) == [nil, 1400])
        #expect(result.dns == DNS(nameservers: ["8.8.8.8"], search: ["example.com"]))
        #expect(result.interfaces.isEmpty)
    }

    @Test("CNI_ARGS add, args replace both, runtimeConfig replaces all three")
    func precedence() throws {
        var caller = StaticCaller(args: "IP=10.10.0.2/24, 10.11.0.2/16;GATEWAY=10.10.0.253,10.11.0.1")
        #expect(
            try caller.addresses() == [
                "10.10.0.1/24 via 10.10.0.253", "10.10.0.2/24 via 10.10.0.253", "10.11.0.2/16 via 10.11.0.1",
            ]
        )
        caller.more = #", "args": {"cni": {"ips": ["10.12.0.2/24"]}}"#
        #expect(try caller.addresses() == ["10.12.0.2/24"])
        caller.more += #", "runtimeConfig": {"ips": ["10.13.0.2/24", "fd00:13::2/64"]}"#
        #expect(try caller.addresses() == ["10.13.0.2/24", "fd00:13::2/64"])
    }

    @Test("a gateway from CNI_ARGS is also that of an address with no network")
    func gatewayOfSingleAddress() throws {
        let caller = StaticCaller(ipam: #""addresses": []"#, args: "IP=10.10.0.2/32;GATEWAY=169.254.1.1")
        #expect(try caller.addresses() == ["10.10.0.2/32 via 169.254.1.1"])
    }

    @Test(
        "what is no address is named in the reference's words",
        arguments: [
            (
                StaticCaller(ipam: #""addresses": [{"address": "10.10.0.1"}]"#), 7,
                "the 'address' field is expected to be in CIDR notation, got: '10.10.0.1'"
            ),
            (
                StaticCaller(args: "IP=10.10.0.1"), 4,
                "the 'ip' field is expected to be in CIDR notation, got: '10.10.0.1'"
            ),
            (
                StaticCaller(more: #", "args": {"cni": {"ips": ["10.10.0.1"]}}"#), 7,
                "an entry in the 'ips' field is NOT in CIDR notation, got: '10.10.0.1'"
            ),
            (
                StaticCaller(more: #", "runtimeConfig": {"ips": ["10.10.0.1"]}"#), 7,
                "an entry in the 'ips' field is NOT in CIDR notation, got: '10.10.0.1'"
            ),
            (StaticCaller(args: "GATEWAY=10.10.0.x"), 4, "invalid gateway address: 10.10.0.x"),
            (StaticCaller(ipam: nil), 7, "IPAM config missing 'ipam' key"),
            (
                StaticCaller(args: "IP=10.10.0.2/24", version: "0.2.0"), 7,
                "CNI version 0.2.0 does not support more than 1 address per family"
            ),
        ]
    )
    private func fault(_ caller: StaticCaller, _ code: Int, _ message: String) throws {
        let error = #expect(throws: CNIError.self) { try caller.add() }
        #expect(error?.message == message)
        #expect(error?.code.rawValue == code)
    }

    @Test("CHECK finds an address that prevResult lacks, and one whose gateway is another")
    func check() throws {
        let caller = StaticCaller()
        try caller.check(ips: #"{"address": "10.10.0.1/24", "gateway": "10.10.0.254"}, {"address": "10.9.0.1/24"}"#)
        let missing = #expect(throws: CNIError.self) { try caller.check(ips: #"{"address": "10.10.0.7/24"}"#) }
        #expect(missing?.message == "static: 10.10.0.1 is configured and not in prevResult")
        let other = #expect(throws: CNIError.self) {
            try caller.check(ips: #"{"address": "10.10.0.1/24", "gateway": "10.10.0.1"}"#)
        }
        #expect(other?.message == "static: Failed to match addr 10.10.0.1 on interface eth0")
        #expect(throws: CNIError.self) { try StaticPlugin().check(caller.request(.check)) }
    }

    @Test("DEL needs no addresses, and no arguments that can be read")
    func delete() throws {
        try StaticPlugin().del(StaticCaller(ipam: #""addresses": "none""#, args: "IP=;;").request(.del))
    }
}
