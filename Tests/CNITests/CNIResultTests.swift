import Addressing
import CNI
import JSON
import Testing

@Suite struct CNIResultTests {
    private static let full = """
        {"cniVersion":"1.1.0","dns":{"domain":"example.org","nameservers":["10.96.0.10"],"options":["ndots:5"],\
        "search":["svc"]},\
        "interfaces":[{"mac":"02:00:00:00:00:01","name":"cni0"},\
        {"mac":"02:00:00:00:00:03","mtu":1400,"name":"eth0","pciID":"0000:00:1f.6","sandbox":"/run/netns/x",\
        "socketPath":"/run/s"}],\
        "ips":[{"address":"10.1.0.5/16","gateway":"10.1.0.1","interface":1},{"address":"10.1.0.6/16"},\
        {"address":"fd00::2/64","gateway":"fd00::1","interface":1}],\
        "routes":[{"dst":"0.0.0.0/0","gw":"10.1.0.1"},{"dst":"10.2.0.0/16"},\
        {"advmss":1360,"dst":"fd01::/64","gw":"fd00::1","mtu":1400,"priority":10,"scope":0,"table":0}]}
        """

    private func read(_ text: String, _ version: CNIVersion = .v110) throws -> CNIResult {
        try CNIResult(JSONField(try JSON(parsing: text)), configVersion: version)
    }

    @Test("a full result is written as it was read")
    func roundTrip() throws {
        #expect(try read(Self.full).json(as: .v110).text == Self.full)
        let relabelled = Self.full.replacing("1.1.0", with: "1.0.0", maxReplacements: 1)
        #expect(try read(Self.full).json(as: .v100).text == relabelled)
    }

    @Test(
        "each version has its form",
        arguments: [
            (
                CNIVersion.v110,
                """
                {"cniVersion":"1.1.0","interfaces":[{"mac":"02:00:00:00:00:03","mtu":1400,"name":"eth0","sandbox":"/n"}],\
                "ips":[{"address":"10.1.0.5/16","gateway":"10.1.0.1","interface":0},{"address":"fd00::2/64","interface":0}],\
                "routes":[{"dst":"::/0","gw":"fd00::1","mtu":1300},{"dst":"0.0.0.0/0"}]}
                """
            ),
            (
                .v040,
                """
                {"cniVersion":"0.4.0","dns":{},"interfaces":[{"mac":"02:00:00:00:00:03","name":"eth0","sandbox":"/n"}],\
                "ips":[{"address":"10.1.0.5/16","gateway":"10.1.0.1","interface":0,"version":"4"},\
                {"address":"fd00::2/64","interface":0,"version":"6"}],\
                "routes":[{"dst":"::/0","gw":"fd00::1","mtu":1300},{"dst":"0.0.0.0/0"}]}
                """
            ),
            (
                .v020,
                """
                {"cniVersion":"0.2.0","dns":{},\
                "ip4":{"gateway":"10.1.0.1","ip":"10.1.0.5/16","routes":[{"dst":"0.0.0.0/0"}]},\
                "ip6":{"ip":"fd00::2/64","routes":[{"dst":"::/0","gw":"fd00::1"}]}}
                """
            ),
        ]
    )
    func forms(version: CNIVersion, text: String) throws {
        let result = CNIResult(
            interfaces: [.init(name: "eth0", mac: "02:00:00:00:00:03", mtu: 1400, sandbox: "/n")],
            ips: [
                .init(try CIDR(parsing: "10.1.0.5/16"), gateway: try IPAddress(parsing: "10.1.0.1"), interface: 0),
                .init(try CIDR(parsing: "fd00::2/64"), interface: 0),
            ],
            routes: [
                .init(.everything(.v6), gateway: try IPAddress(parsing: "fd00::1"), mtu: 1300),
                .init(.everything(.v4)),
            ]
        )
        #expect(try result.json(as: version).text == text)
    }

    @Test("what a version can express comes back from it", arguments: CNIVersion.allCases)
    func backAndForth(version: CNIVersion) throws {
        let original = try read(Self.full)
        let back = try read(original.json(as: version).text)
        #expect(try back.json(as: version) == original.json(as: version))
        #expect(back.dns == original.dns)
        if version >= .v030 {
            #expect(back.ips == original.ips)
            #expect(back.routes == original.routes)
            #expect(back.interfaces.map(\.name) == ["cni0", "eth0"])
        } else {
            #expect(back.ips.map(\.address.description) == ["10.1.0.5/16", "fd00::2/64"])
            #expect(back.routes.map(\.destination.description) == ["0.0.0.0/0", "10.2.0.0/16", "fd01::/64"])
            #expect(back.interfaces.isEmpty)
        }
    }

    @Test("0.1.0 and 0.2.0 cannot express a result without addresses", arguments: [CNIVersion.v010, .v020])
    func noAddresses(version: CNIVersion) {
        let error = failure { () throws(CNIError) in
            _ = try CNIResult(interfaces: [.init(name: "eth0")]).json(as: version)
        }
        #expect(error?.message == "cannot convert: no valid IP addresses")
    }

    @Test("a result without version is of the configuration's")
    func withoutVersion() throws {
        let text = #"{"ip4":{"ip":"10.0.0.2/24"}}"#
        #expect(try read(text, .v020).ips.count == 1)
        #expect(try read(text, .v100).ips.isEmpty)
    }

    @Test("old plugins' spellings are understood")
    func legacy() throws {
        let text = #"{"IPs":[{"Version":"4","interface":-1,"address":"10.0.0.2/24","gateway":""}],"interfaces":null}"#
        #expect(try read(text).ips == [.init(try CIDR(parsing: "10.0.0.2/24"))])
    }

    @Test("an index without interface leads nowhere")
    func interfaceIndex() throws {
        let result = try read(#"{"interfaces":[{"name":"a"}],"ips":[{"address":"::1/128","interface":1}]}"#)
        #expect(result.interface(of: result.ips[0]) == nil)
        #expect(try read(Self.full).interface(of: result.ips[0])?.macAddress == MACAddress("02:00:00:00:00:03"))
    }

    @Test(
        "a fault in a result names its place",
        arguments: [
            ("[]", "expected an object, found an array"),
            (#"{"cniVersion":"2.0.0"}"#, "cniVersion: '2.0.0' is not a known CNI version"),
            (#"{"ips":[{"gateway":"10.0.0.1"}]}"#, "ips[0].address: missing"),
            (#"{"ips":[{"address":"10.0.0.1"}]}"#, "ips[0].address: '10.0.0.1' is not a CIDR"),
            (#"{"ips":[{"address":"10.0.0.1/8","gateway":"x"}]}"#, "ips[0].gateway: 'x' is not an IP address"),
            (#"{"routes":[{"dst":"10.0.0.0/8","scope":300}]}"#, "routes[0].scope: 300 is not between 0 and 255"),
            (#"{"interfaces":[{"mac":"x"}]}"#, "interfaces[0].name: missing"),
        ]
    )
    func faults(text: String, message: String) throws {
        let document = JSONField(try JSON(parsing: text))
        #expect(throws: JSONError.self) { try CNIResult(document, configVersion: .v110) }
        do {
            _ = try CNIResult(document, configVersion: .v110)
        } catch {
            #expect(error.description == message)
        }
    }
}

@Suite struct CNIErrorTests {
    @Test("an error is written with its version and read back")
    func roundTrip() throws {
        let error = CNIError(.tryAgainLater, "no address is free", details: "10.0.0.0/29")
        let text = #"{"cniVersion":"1.0.0","code":11,"details":"10.0.0.0/29","msg":"no address is free"}"#
        #expect(error.json(.v100).text == text)
        #expect(try CNIError(JSONField(error.json(.v100))) == error)
        #expect(CNIError(.other, "x").json(.v110).text == #"{"cniVersion":"1.1.0","code":999,"msg":"x"}"#)
    }

    @Test(
        "the codes are the specification's",
        arguments: [
            (CNIError.Code.incompatibleVersion, 1), (.unsupportedField, 2), (.unknownContainer, 3),
            (.invalidEnvironment, 4), (.ioFailure, 5), (.decodingFailure, 6), (.invalidConfig, 7), (.invalidNetns, 8),
            (.tryAgainLater, 11), (.notAvailable, 50), (.limitedConnectivity, 51), (.other, 999),
        ]
    )
    func codes(code: CNIError.Code, number: Int) {
        #expect(code.rawValue == number)
    }

    @Test("more details follow on their own line")
    func adding() {
        #expect(CNIError(.other, "a").adding("b").adding("c").details == "b\nc")
    }
}
