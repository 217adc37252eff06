import Addressing
import CNI
import IPAM
import JSON
import Posix
import TestKit
import Testing

/// Calls a host-local as a runtime would.
struct Caller {
    let plugin: HostLocalPlugin
    var dataDir: String?

    func config(_ ipam: String, _ more: String = "", version: String = "1.1.0", verb: Verb) throws -> NetworkConfig {
        let dataDir = dataDir.map { ipam.isEmpty ? "\"dataDir\":\"\($0)\"" : "\"dataDir\":\"\($0)\"," } ?? ""
        let document =
            "{\"cniVersion\":\"\(version)\",\"name\":\"net\",\"type\":\"bridge\","
            + "\"ipam\":{\"type\":\"host-local\"\(dataDir.isEmpty && ipam.isEmpty ? "" : ",")\(dataDir)\(ipam)}\(more)}"
        return try NetworkConfig(parsing: Array(document.utf8), verb: verb)
    }

    func request(
        _ verb: Verb,
        _ id: String,
        ifName: String,
        netns: String,
        args: String,
        _ config: NetworkConfig
    )
        throws -> Request
    {
        let environment = [
            "CNI_COMMAND": verb.rawValue, "CNI_CONTAINERID": id, "CNI_IFNAME": ifName, "CNI_NETNS": netns,
            "CNI_PATH": "/opt/cni/bin", "CNI_ARGS": args,
        ]
        return try Request(Invocation(environment: environment), config)
    }

    func add(
        _ id: String,
        _ ipam: String,
        _ more: String = "",
        ifName: String = "eth0",
        netns: String = "/run/netns/x",
        args: String = "",
        version: String = "1.1.0"
    ) throws -> CNIResult {
        let config = try config(ipam, more, version: version, verb: .add)
        return try plugin.add(request(.add, id, ifName: ifName, netns: netns, args: args, config))
    }

    func del(_ id: String, _ ipam: String = "", ifName: String = "eth0") throws {
        try plugin.del(request(.del, id, ifName: ifName, netns: "", args: "", config(ipam, verb: .del)))
    }

    func check(_ id: String, _ ipam: String, _ more: String = "") throws {
        let config = try config(ipam, more, verb: .check)
        try plugin.check(request(.check, id, ifName: "eth0", netns: "/run/netns/x", args: "", config))
    }

    func network(_ verb: Verb, _ ipam: String, _ more: String = "") throws -> NetworkRequest {
        let environment = ["CNI_COMMAND": verb.rawValue, "CNI_PATH": "/opt/cni/bin"]
        return NetworkRequest(try Invocation(environment: environment), try config(ipam, more, verb: verb))
    }
}

private let slash29 = #""subnet":"10.0.0.0/29""#

@Suite("host-local")
struct HostLocalPluginTests {
    let store = MemoryLeaseStore()
    var caller: Caller {
        Caller(plugin: HostLocalPlugin { [store] (_, _) throws(CNIError) in store }, dataDir: nil)
    }

    private func error(_ body: () throws -> Void) -> CNIError? {
        do {
            try body()
            return nil
        } catch {
            return error as? CNIError
        }
    }

    @Test("an address has its subnet's prefix and gateway")
    func subnetMode() throws {
        let routes = #","routes":[{"dst":"0.0.0.0/0"},{"dst":"10.9.0.0/16","gw":"10.0.0.3"}]"#
        let result = try caller.add("a", slash29 + routes)
        #expect(result.ips == [CNIResult.IP(try CIDR(parsing: "10.0.0.2/29"), gateway: IPAddress("10.0.0.1"))])
        #expect(result.routes.map(\.destination.description) == ["0.0.0.0/0", "10.9.0.0/16"])
        #expect(result.routes.map(\.gateway) == [nil, IPAddress("10.0.0.3")])
        #expect(result.dns.isEmpty && result.interfaces.isEmpty)
    }

    @Test("in host mode an address is a /32 or a /128, of a range of any size")
    func hostMode() throws {
        let ranges = #""ranges":[[{"subnet":"10.0.0.0/24"}],[{"subnet":"fd00::/64"}],[{"subnet":"10.7.7.7/32"}]]"#
        let result = try caller.add("a", #""addressMode":"host","# + ranges)
        #expect(result.ips.map(\.address.description) == ["10.0.0.2/32", "fd00::2/128", "10.7.7.7/32"])
        #expect(result.ips.map(\.gateway) == [IPAddress("10.0.0.1"), IPAddress("fd00::1"), nil])
    }

    @Test("the runtime's ranges come first, then the single one, then the list")
    func order() throws {
        let result = try caller.add(
            "a",
            slash29 + #","ranges":[[{"subnet":"10.1.0.0/24"}]]"#,
            #","runtimeConfig":{"ipRanges":[[{"subnet":"10.2.0.0/24","rangeStart":"10.2.0.9"}]]}"#
        )
        #expect(result.ips.map(\.address.description) == ["10.2.0.9/24", "10.0.0.2/29", "10.1.0.2/24"])
    }

    @Test("addresses can be asked for in three ways at once")
    func requests() throws {
        let result = try caller.add(
            "a",
            #""ranges":[[{"subnet":"10.0.0.0/24"}],[{"subnet":"10.1.0.0/24"}],[{"subnet":"fd00::/64"}]]"#,
            #","args":{"cni":{"ips":["10.1.0.7"]}},"runtimeConfig":{"ips":["fd00::7/56"]}"#,
            args: "IgnoreUnknown=1;K8S_POD_NAME=p;IP=10.0.0.7/8"
        )
        #expect(result.ips.map(\.address.description) == ["10.0.0.7/24", "10.1.0.7/24", "fd00::7/64"])
    }

    @Test("keys are found in any case")
    func keyCase() throws {
        #expect(try caller.add("a", #""Ranges":[[{"SUBNET":"10.0.0.0/24","rangestart":"10.0.0.9"}]]"#).ips.count == 1)
    }

    @Test("a second ADD of the same attachment is refused, the address stays, and a DEL clears the way")
    func duplicate() throws {
        _ = try caller.add("a", slash29)
        let refusal = error { _ = try caller.add("a", slash29) }
        #expect(refusal?.code == .tryAgainLater)
        #expect(
            refusal?.message
                == "failed to allocate for range 0: 10.0.0.2 has been allocated to a, "
                + "duplicate allocation is not allowed"
        )
        _ = try caller.add("a", slash29, ifName: "eth1")
        try caller.del("a")
        #expect(try caller.add("a", slash29).ips.first?.address.description == "10.0.0.4/29")
    }

    @Test(
        "DEL needs neither ranges nor a valid configuration of them",
        arguments: [
            "", #""ranges":[]"#, #""subnet":"nonsense""#, #""addressMode":"unknown""#,
        ]
    )
    func delWithoutRanges(_ ipam: String) throws {
        _ = try caller.add("a", slash29)
        try caller.del("a", ipam)
        #expect(store.leases.isEmpty)
        try caller.del("a", ipam)
    }

    struct BadConfig: Sendable, CustomTestStringConvertible {
        let ipam: String
        let more: String
        let args: String
        let code: CNIError.Code
        let message: String
        let details: String
        var testDescription: String { message + " " + details }

        init(
            _ ipam: String,
            more: String = "",
            args: String = "",
            code: CNIError.Code = .invalidConfig,
            _ message: String,
            details: String = ""
        ) {
            (self.ipam, self.more, self.args) = (ipam, more, args)
            (self.code, self.message, self.details) = (code, message, details)
        }
    }

    @Test(
        "a bad configuration is one error that names the place, and no address is given out",
        arguments: [
            BadConfig("", "no IP ranges specified"),
            BadConfig(#""ranges":[[]]"#, "invalid range set 0: empty range set"),
            BadConfig(
                #""ranges":[[{"subnet":"10.0.0.0/24"}],[{"subnet":"10.1.0.1/24"}]]"#,
                "invalid range set 1: Network has host bits set. For a subnet mask of length 24 the network address is "
                    + "10.1.0.0",
                details: "ipam.ranges[1][0]"
            ),
            BadConfig(
                #""ranges":[[{"subnet":"10.0.0.0/33"}]]"#,
                "invalid config",
                details: "ipam.ranges[0][0].subnet: '10.0.0.0/33' is not a CIDR: prefix length over 32"
            ),
            BadConfig(#""ranges":[[{}]]"#, "invalid config", details: "ipam.ranges[0][0].subnet: missing"),
            BadConfig(
                #""ranges":[{"subnet":"10.0.0.0/24"}]"#,
                "invalid config",
                details: "ipam.ranges[0]: expected an array, found an object"
            ),
            BadConfig(
                #""subnet":"10.0.0.0/24","rangeStart":"10.0.1.1""#,
                "invalid range set 0: RangeStart 10.0.1.1 not in network 10.0.0.0/24",
                details: "ipam"
            ),
            BadConfig(
                #""subnet":"10.0.0.0/24","gateway":"x""#,
                "invalid config",
                details: "ipam.gateway: 'x' is not an IP address"
            ),
            BadConfig(
                #""ranges":[[{"subnet":"10.0.0.0/24"},{"subnet":"fd00::/64"}]]"#,
                "invalid range set 0: mixed address families",
                details: "ipam.ranges[0][0]"
            ),
            BadConfig(
                #""subnet":"10.0.0.0/24","ranges":[[{"subnet":"10.1.0.0/24"}],[{"subnet":"10.0.0.0/25"}]]"#,
                "range set 0 overlaps with 2"
            ),
            BadConfig(
                slash29 + #","addressMode":"HOST""#,
                "invalid config",
                details: "ipam.addressMode: 'HOST' is not an address mode: known is host"
            ),
            BadConfig(
                slash29 + #","routes":[{"dst":"10.0.0.0"}]"#,
                "invalid config",
                details: "ipam.routes[0].dst: '10.0.0.0' is not a CIDR"
            ),
            BadConfig(
                slash29,
                more: #","runtimeConfig":{"ips":["x"]}"#,
                "invalid config",
                details: "runtimeConfig.ips[0]: 'x' is not an IP address"
            ),
            BadConfig(
                slash29,
                args: "IP=10.0.0.300",
                code: .invalidEnvironment,
                "invalid CNI_ARGS",
                details: "IP: '10.0.0.300' is not an IP address"
            ),
            BadConfig(slash29, args: "IP=10.0.9.9", "failed to allocate all requested IPs: 10.0.9.9"),
            BadConfig(
                slash29,
                args: "IP=10.0.0.1",
                "failed to allocate for range 0: requested ip 10.0.0.1 is subnet's gateway"
            ),
            BadConfig(
                slash29 + #","resolvConf":"/nonexistent/resolv.conf""#,
                code: .ioFailure,
                "open /nonexistent/resolv.conf: No such file or directory"
            ),
        ]
    )
    func badConfig(_ bad: BadConfig) {
        let found = error { _ = try caller.add("a", bad.ipam, bad.more, args: bad.args) }
        #expect(found == CNIError(bad.code, bad.message, details: bad.details))
        #expect(store.leases.isEmpty)
    }

    @Test("an 'ipam' key is needed")
    func missingIPAM() throws {
        let config = try NetworkConfig(parsing: Array(#"{"cniVersion":"1.0.0","name":"net"}"#.utf8), verb: .add)
        let request = try caller.request(.add, "a", ifName: "eth0", netns: "/x", args: "", config)
        #expect(error { _ = try caller.plugin.add(request) }?.message == "IPAM config missing 'ipam' key")
    }

    @Test("before 0.3.0 there is one address a family")
    func oldVersions() throws {
        let two = #""ranges":[[{"subnet":"10.0.0.0/24"}],[{"subnet":"10.1.0.0/24"}]]"#
        let refusal = error { _ = try caller.add("a", two, version: "0.2.0") }
        #expect(refusal?.message == "CNI version 0.2.0 does not support more than 1 address per family")
        let dual = #""ranges":[[{"subnet":"10.0.0.0/24"}],[{"subnet":"fd00::/64"}]]"#
        #expect(try caller.add("a", dual, version: "0.2.0").ips.count == 2)
    }

    @Test("a full pool is 'try again later' for ADD and 'not available' for STATUS")
    func exhaustion() throws {
        let slash30 = #""subnet":"10.0.0.0/30""#
        try caller.plugin.status(caller.network(.status, slash30))
        _ = try caller.add("a", slash30)
        let message = "failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1-10.0.0.2"
        #expect(error { _ = try caller.add("b", slash30) } == CNIError(.tryAgainLater, message))
        let status = error { try caller.plugin.status(caller.network(.status, slash30)) }
        #expect(status == CNIError(.notAvailable, message))
    }

    @Test("STATUS does not ask for ranges that the runtime brings with an ADD")
    func statusWithoutRanges() throws {
        try caller.plugin.status(caller.network(.status, #""ranges":[]"#))
    }

    struct Check: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let ips: [String]?
        let fault: String?

        init(_ testDescription: String, _ ips: [String]?, fault: String? = nil) {
            (self.testDescription, self.ips, self.fault) = (testDescription, ips, fault)
        }
    }

    @Test(
        "CHECK compares what is leased with the previous result",
        arguments: [
            Check("the same", ["10.0.0.2/29"]),
            Check("with another plugin's address", ["192.0.2.1/24", "10.0.0.2/29"]),
            Check("without a previous result", nil),
            Check("ours is missing", [], fault: "host-local: 10.0.0.2 is leased to net/a/eth0 but not in prevResult"),
            Check(
                "an unleased one",
                ["10.0.0.2/29", "10.0.0.5/29"],
                fault: "host-local: 10.0.0.5 of prevResult is not leased to net/a/eth0"
            ),
        ]
    )
    func check(_ check: Check) throws {
        _ = try caller.add("a", slash29)
        let ips = check.ips.map { $0.map { "{\"address\":\"\($0)\"}" }.joined(separator: ",") }
        let more = ips.map { ",\"prevResult\":{\"cniVersion\":\"1.1.0\",\"ips\":[\($0)]}" } ?? ""
        #expect(error { try caller.check("a", slash29, more) }?.message == check.fault)
        #expect(store.leases.count == 1)
    }

    @Test("CHECK of an attachment without a lease is an error in the reference's words")
    func checkWithoutLease() {
        #expect(
            error { try caller.check("a", slash29) }?.message
                == "host-local: Failed to find address added by container a"
        )
    }

    @Test(
        "GC keeps the listed attachments, all of them when there is no list",
        arguments: [
            (nil, ["a", "b"]), ("null", ["a", "b"]), ("[]", []),
            (#"[{"containerID":"b","ifname":"eth0"},{"containerID":"a","ifname":"eth1"}]"#, ["b"]),
        ] as [(String?, [String])]
    )
    func gc(_ list: String?, kept: [String]) throws {
        _ = try caller.add("a", slash29)
        _ = try caller.add("b", slash29)
        let more = list.map { ",\"cni.dev/valid-attachments\":\($0)" } ?? ""
        try caller.plugin.gc(caller.network(.gc, "", more))
        #expect(store.leases.values.map(\.containerID.text).sorted() == kept)
    }

    @Test("resolvConf goes into the result")
    func resolvConf() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/resolv.conf"
        let text =
            "# comment\n; comment\nnameserver 192.0.2.3\r\nnameserver   fd00::53\n domain a.example\n"
            + "search b.example c.example\nsearch d.example\noptions ndots:2 edns0\nnameserver\nsortlist 1.1.1.1\n"
        try FileSystem.create(path, with: Array(text.utf8))
        let result = try caller.add("a", slash29 + ",\"resolvConf\":\"\(path)\"")
        #expect(
            result.dns
                == DNS(
                    nameservers: ["192.0.2.3", "fd00::53"],
                    domain: "a.example",
                    search: ["b.example", "c.example", "d.example"],
                    options: ["ndots:2", "edns0"]
                )
        )
    }
}
