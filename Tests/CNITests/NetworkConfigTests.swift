import Addressing
import CNI
import JSON
import Testing

@Suite struct NetworkConfigTests {
    private func parse(_ text: String, _ verb: Verb = .add, _ supported: [CNIVersion] = .all) -> CNIError? {
        failure { () throws(CNIError) in
            _ = try NetworkConfig(parsing: Array(text.utf8), verb: verb, supported: supported)
        }
    }

    @Test("what every plugin shares is read, whatever the case of the keys")
    func reads() throws {
        let text = """
            {"cniversion":"1.0.0","Name":"podnet","type":"bridge","IPAM":{"Type":"host-local"},
             "dns":{"nameservers":["10.96.0.10"],"search":["svc"]},"runtimeConfig":{"mac":"02:00:00:00:00:01"},
             "prevResult":{"ips":[{"address":"10.0.0.2/24"}]},"cni.dev/valid-attachments":"not for ADD"}
            """
        let config = try NetworkConfig(parsing: Array(text.utf8), verb: .add)
        #expect(config.version == .v100)
        #expect(config.name.text == "podnet")
        #expect(config.type == "bridge")
        #expect(config.ipamType == "host-local")
        #expect(config.dns == DNS(nameservers: ["10.96.0.10"], search: ["svc"]))
        #expect(config.prevResult?.ips.first?.address.description == "10.0.0.2/24")
        #expect(config.validAttachments == nil)
        let mac = try config.read { root throws(JSONError) in try root["runtimeConfig"]["mac"].string() }
        #expect(mac == "02:00:00:00:00:01")
    }

    @Test(
        "a network without addresses has no IPAM type",
        arguments: [
            "", #""ipam":{}"#, #""ipam":{"type":""}"#, #""ipam":null"#,
        ]
    )
    func noIPAM(members: String) throws {
        #expect(try NetworkConfig(parsing: Array(config("1.1.0", members).utf8), verb: .add).ipamType == nil)
    }

    @Test(
        "faults have the reference's codes, in its order",
        arguments: [
            ("", 6, "network config on stdin is not valid"),
            ("{", 6, "network config on stdin is not valid"),
            ("[]", 6, "network config on stdin is not valid"),
            (#"{"name":7,"cniVersion":"9.9.9"}"#, 6, "network config on stdin is not valid"),
            (#"{"name":"a","cniVersion":1}"#, 6, "network config on stdin is not valid"),
            (#"{"cniVersion":"9.9.9"}"#, 7, "missing network name"),
            (#"{"name":"","cniVersion":"9.9.9"}"#, 7, "missing network name"),
            (#"{"name":"../a","cniVersion":"9.9.9"}"#, 7, "invalid characters found in network name"),
            (#"{"name":"a","cniVersion":"9.9.9","ipam":1}"#, 1, "incompatible CNI versions"),
            (#"{"name":"a","cniVersion":"1.1.0","ipam":1}"#, 7, "invalid config"),
            (#"{"name":"a","cniVersion":"1.1.0","dns":{"search":"x"}}"#, 7, "invalid config"),
            (#"{"name":"a","cniVersion":"1.1.0","prevResult":{"ips":[{"address":"x"}]}}"#, 7, "invalid config"),
        ]
    )
    func faults(text: String, code: Int, message: String) {
        let error = parse(text)
        #expect(error?.code.rawValue == code)
        #expect(error?.message == message)
    }

    @Test("a version error names both sides")
    func incompatible() {
        let error = parse(config("0.2.0"), .add, [.v031, .v110])
        #expect(error?.details == #"config is "0.2.0", plugin supports ["0.3.1" "1.1.0"]"#)
    }

    @Test(
        "verbs are for the versions that have them",
        arguments: [
            (Verb.add, "0.1.0", true), (.del, "0.1.0", true), (.check, "0.3.1", false), (.check, "0.4.0", true),
            (.gc, "1.0.0", false), (.gc, "1.1.0", true), (.status, "1.0.0", false), (.status, "1.1.0", true),
        ]
    )
    func gates(verb: Verb, version: String, allowed: Bool) {
        let message = allowed ? nil : "config version does not allow \(verb.rawValue)"
        #expect(parse(config(version), verb)?.message == message)
    }

    @Test("a missing version is 0.1.0")
    func missingVersion() throws {
        #expect(try NetworkConfig(parsing: Array(#"{"name":"a"}"#.utf8), verb: .add).version == .v010)
    }

    @Test("DEL does without a readable previous result")
    func tolerantDEL() throws {
        let text = config("1.1.0", #""prevResult":{"ips":"nonsense"}"#)
        #expect(try NetworkConfig(parsing: Array(text.utf8), verb: .del).prevResult == nil)
        #expect(parse(text, .check)?.details == #"prevResult.ips: expected an array, found the string "nonsense""#)
    }

    @Test(
        "no list of valid attachments is not an empty one",
        arguments: [
            ("", nil),
            (#""cni.dev/valid-attachments":null"#, nil),
            (#""cni.dev/valid-attachments":[]"#, []),
            (#""cni.dev/valid-attachments":null,"cni.dev/attachments":[]"#, []),
            (#""cni.dev/attachments":[{"containerID":"a","ifname":"eth0"}]"#, ["podnet/a/eth0"]),
            (
                #""cni.dev/valid-attachments":[{"containerID":"a","ifname":"eth0"},{"containerID":"a","ifname":"eth1"}]"#,
                ["podnet/a/eth0", "podnet/a/eth1"]
            ),
        ] as [(String, [String]?)]
    )
    func validAttachments(members: String, expected: [String]?) throws {
        let config = try NetworkConfig(parsing: Array(config("1.1.0", members).utf8), verb: .gc)
        #expect(config.validAttachments.map { $0.map(\.description).sorted() } == expected)
    }

    @Test(
        "an attachment that cannot be read stops GC before it removes anything",
        arguments: [
            (#"[{"containerID":"../a","ifname":"eth0"}]"#, "[0].containerID: '../a' is not a container ID"),
            (#"[{"containerID":"a"}]"#, "[0].ifname: missing"),
            (#"{"containerID":"a"}"#, ": expected an array, found an object"),
        ]
    )
    func unreadableAttachment(list: String, fault: String) {
        let error = parse(config("1.1.0", #""cni.dev/valid-attachments":\#(list)"#), .gc)
        #expect(error?.code == .invalidConfig)
        #expect(error?.details == "cni.dev/valid-attachments\(fault)")
    }
}
