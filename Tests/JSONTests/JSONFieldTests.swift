import JSON
import Testing

@Suite struct JSONFieldTests {
    private let config = JSONField([
        "ipam": ["ranges": [[["subnet": "10.0.0.0/33"]]], "type": "host-local"],
        "mtu": "1500", "vlan": 100, "isGateway": true, "promisc": .null, "rate": 1.5,
        "Bridge": "cni0", "IPMasq": true, "ipMasq": false, "names": ["a", 7],
    ])

    private struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private func even(_ number: Int) throws(Refusal) -> Int {
        guard number % 2 == 0 else { throw Refusal(description: "\(number) is odd") }
        return number / 2
    }

    private func subnet(_ text: String) throws(Refusal) -> String {
        throw Refusal(description: "'\(text)' is not a CIDR")
    }

    @Test("present values come out with their type")
    func present() throws {
        #expect(try config["vlan"].int() == 100)
        #expect(try config["isGateway"].bool() == true)
        #expect(try config["ipam"]["type"].requiredString() == "host-local")
        #expect(try config["vlan"].int(as: even) == 50)
        #expect(try config["names"].elements()?.map(\.path) == ["names[0]", "names[1]"])
        #expect(try config["ipam"].members()?.map(\.key) == ["ranges", "type"])
    }

    @Test("absent and null are nil, however deep one looks")
    func absent() throws {
        #expect(try config["x"]["y"]["z"].string() == nil)
        #expect(try config["promisc"].bool() == nil)
        #expect(try config["promisc"]["x"].int() == nil)
        #expect(try config["x"].elements() == nil)
        #expect(try config["x"].string(as: subnet) == nil)
        #expect(try !config["promisc"].isPresent)
    }

    @Test("keys are found whatever the case of their letters", arguments: ["bridge", "BRIDGE", "Bridge"])
    func caseInsensitive(key: String) throws {
        #expect(try config[key].string() == "cni0")
    }

    struct Look: Sendable, CustomStringConvertible {
        let message: String
        let body: @Sendable (JSONField) throws(JSONError) -> Void
        var description: String { message }

        init(_ message: String, _ body: @escaping @Sendable (JSONField) throws(JSONError) -> Void) {
            self.message = message
            self.body = body
        }
    }

    @Test(
        "every error names the whole path and what is there",
        arguments: [
            Look("mtu: expected an integer, found the string \"1500\"") { c throws(JSONError) in _ = try c["mtu"].int()
            },
            Look("rate: expected an integer, found the number 1.5") { c throws(JSONError) in _ = try c["rate"].int() },
            Look("vlan: expected a string, found the number 100") { c throws(JSONError) in _ = try c["vlan"].string() },
            Look("vlan: expected true or false, found the number 100") { c throws(JSONError) in _ = try c["vlan"].bool()
            },
            Look("ipam: expected an array, found an object") { c throws(JSONError) in _ = try c["ipam"].elements() },
            Look("mtu: expected an object, found the string \"1500\"") { c throws(JSONError) in
                _ = try c["mtu"]["a"].int()
            },
            Look("names[1]: expected a string, found the number 7") { c throws(JSONError) in
                _ = try c["names"].strings()
            },
            Look("x.y: missing") { c throws(JSONError) in _ = try c["x"]["y"].requiredInt() },
            Look("promisc: missing") { c throws(JSONError) in _ = try c["promisc"].requiredBool() },
            Look("vlan: 100 is not between 0 and 99") { c throws(JSONError) in _ = try c["vlan"].int(in: 0...99) },
            Look("has both \"IPMasq\" and \"ipMasq\", which are one key") { c throws(JSONError) in
                _ = try c["ipmasq"].bool()
            },
        ]
    )
    func errors(look: Look) {
        #expect(fault { () throws(JSONError) in try look.body(config) } == look.message)
    }

    @Test("a value's own error gets the path in front")
    func conversion() throws {
        let range = try #require(try config["ipam"]["ranges"].elements()?.first?.elements()?.first)
        let message = fault { () throws(JSONError) in _ = try range["subnet"].string(as: subnet) }
        #expect(message == "ipam.ranges[0][0].subnet: '10.0.0.0/33' is not a CIDR")
        #expect(fault { () throws(JSONError) in _ = try JSONField(7, path: "n").int(as: even) } == "n: 7 is odd")
    }

    @Test("a document that is no object says so without a path")
    func root() {
        let message = fault { () throws(JSONError) in _ = try JSONField([1])["a"].int() }
        #expect(message == "expected an object, found an array")
    }
}
