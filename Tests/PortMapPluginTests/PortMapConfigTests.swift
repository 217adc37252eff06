import CNI
import PortMapPlugin
import Testing

/// A configuration that is refused, and in which words.
private struct Refused: Sendable, CustomTestStringConvertible {
    let keys: String
    let code: Int
    let words: String

    init(_ keys: String, _ words: String, code: Int = 7) {
        self.keys = keys
        self.words = words
        self.code = code
    }

    var testDescription: String { words }

    static func mapping(_ keys: String, _ words: String) -> Refused {
        Refused("\"runtimeConfig\": {\"portMappings\": [{\(keys)}]}", words)
    }

    static let all = [
        mapping(#""hostPort": 0, "containerPort": 80"#, "Invalid host port number: 0"),
        mapping(#""containerPort": 80"#, "Invalid host port number: 0"),
        mapping(#""hostPort": 80, "containerPort": -1"#, "Invalid container port number: -1"),
        mapping(#""hostPort": 65536, "containerPort": 80"#, "portMappings[0].hostPort: '65536' is not a port"),
        mapping(#""hostPort": 1, "containerPort": 1, "protocol": "icmp""#, "protocol: 'icmp' is not a protocol"),
        mapping(#""hostPort": 1, "containerPort": 1, "hostIP": "10.0.0.300""#, "hostIP: '10.0.0.300' is not"),
        mapping(#""hostPort": 1, "containerPort": 1}, {"hostPort": 1, "containerPort": 2"#, "1/tcp is published twice"),
        Refused(
            #""externalSetMarkChain": "A", "markMasqBit": 3"#,
            "Cannot specify externalSetMarkChain and markMasqBit"
        ),
        Refused(#""markMasqBit": 32"#, "MasqMarkBit must be between 0 and 31"),
        Refused(#""backend": "pf""#, "backend: 'pf' is not a backend"),
        Refused(
            #""backend": "nftables", "externalSetMarkChain": "A""#,
            "nftables backend was requested but configuration contains iptables-specific options [externalSetMarkChain]"
        ),
        Refused(
            #""backend": "iptables", "conditionsV4": ["ip daddr 10.0.0.1"]"#,
            "iptables backend was requested but configuration contains nftables-specific options [conditionsV4]"
        ),
        Refused(#""conditionsV4": ["-d", "192.0.2.0/24"]"#, "conditionsV4 is not supported", code: 2),
        Refused(#""snat": "no""#, "snat: expected true or false"),
    ]
}

struct PortMapConfigTests {
    @Test("what is wrong is refused by its name", arguments: Refused.all)
    private func refused(_ refused: Refused) throws {
        let config = "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"portmap\", \(refused.keys)}"
        let error = #expect(throws: CNIError.self) {
            try PortMapConfig(NetworkConfig(parsing: Array(config.utf8), verb: .add))
        }
        #expect(error?.code.rawValue == refused.code)
        #expect(error?.description.contains(refused.words) == true, "\(error?.description ?? "")")
    }

    @Test("keys that name the means of the reference are taken")
    func accepted() throws {
        for keys in [
            #""backend": "iptables", "externalSetMarkChain": "KUBE-MARK-MASQ""#,
            #""backend": "nftables", "markMasqBit": 3"#,
            #""conditionsV4": [], "conditionsV6": [""]"#, #""SNAT": false, "MASQALL": true"#,
        ] {
            let config = "{\"cniVersion\": \"1.1.0\", \"name\": \"net\", \"type\": \"portmap\", \(keys)}"
            #expect(try PortMapConfig(NetworkConfig(parsing: Array(config.utf8), verb: .add)).mappings.isEmpty)
        }
    }

    @Test("a loopback port without an address that stands in for it is refused")
    func loopbackNeedsGateway() throws {
        let node = PortMapNode()
        let error = #expect(throws: CNIError.self) {
            try node.add(#"[{"hostPort": 1, "containerPort": 1, "hostIP": "127.0.0.1"}]"#, keys: "\"snat\": false")
        }
        #expect(error?.message == "host port 127.0.0.1:1/tcp cannot be published")
    }

    @Test("ADD without a result is told that it is part of a chain")
    func chainOnly() throws {
        let node = PortMapNode()
        let error = #expect(throws: CNIError.self) { try node.addWithoutResult() }
        #expect(error?.message == "must be called as chained plugin")
    }
}
