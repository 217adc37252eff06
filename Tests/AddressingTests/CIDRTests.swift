import Addressing
import Testing

@Suite("CIDRs")
struct CIDRTests {
    @Test(
        "have a first and a last address",
        arguments: [
            ("10.11.23.2/24", "10.11.23.0/24", "10.11.23.0", "10.11.23.255"),
            ("10.11.23.2/32", "10.11.23.2/32", "10.11.23.2", "10.11.23.2"),
            ("10.11.23.3/31", "10.11.23.2/31", "10.11.23.2", "10.11.23.3"),
            ("10.11.23.2/0", "0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
            ("fd00::1:2:3/64", "fd00::/64", "fd00::", "fd00::ffff:ffff:ffff:ffff"),
            ("fd00::1/128", "fd00::1/128", "fd00::1", "fd00::1"),
            ("fd00:0:0:1:8000::/65", "fd00:0:0:1:8000::/65", "fd00:0:0:1:8000::", "fd00::1:ffff:ffff:ffff:ffff"),
            ("fd00::1/63", "fd00::/63", "fd00::", "fd00::1:ffff:ffff:ffff:ffff"),
            ("fd00::1/0", "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ]
    )
    func bounds(_ text: String, _ network: String, _ first: String, _ last: String) throws {
        let cidr = try CIDR(parsing: text)
        #expect(cidr.description == text)
        #expect(cidr.network.description == network)
        #expect(cidr.first == IPAddress(first))
        #expect(cidr.last == IPAddress(last))
    }

    @Test(
        "contain",
        arguments: [
            ("10.11.23.0/24", "10.11.23.0", true), ("10.11.23.99/24", "10.11.23.255", true),
            ("10.11.23.0/24", "10.11.24.0", false), ("10.11.23.0/24", "10.11.22.255", false),
            ("0.0.0.0/0", "255.255.255.255", true), ("0.0.0.0/0", "::", false), ("::/0", "10.0.0.1", false),
            ("fd00::/64", "fd00::ffff:ffff:ffff:ffff", true), ("fd00::/64", "fd00:0:0:1::", false),
            ("fd00::4/126", "fd00::7", true), ("fd00::4/126", "fd00::8", false), ("fd00::4/126", "fd00::3", false),
        ]
    )
    func contains(_ text: String, _ address: String, _ expected: Bool) throws {
        #expect(try CIDR(parsing: text).contains(try IPAddress(parsing: address)) == expected)
    }

    @Test(
        "overlap if one holds the other",
        arguments: [
            ("10.0.0.0/8", "10.11.23.0/24", true), ("10.0.0.0/24", "10.0.1.0/24", false),
            ("10.0.0.1/32", "10.0.0.1/32", true), ("0.0.0.0/0", "::/0", false), ("fd00::/16", "fd00:1::/32", true),
        ]
    )
    func overlaps(_ left: String, _ right: String, _ expected: Bool) throws {
        let (left, right) = (try CIDR(parsing: left), try CIDR(parsing: right))
        #expect(left.overlaps(right) == expected)
        #expect(right.overlaps(left) == expected)
    }

    @Test(
        "are refused with the reason",
        arguments: [
            ("10.0.0.0", "'10.0.0.0' is not a CIDR"), ("10.0.0.0/", "'10.0.0.0/' is not a CIDR"),
            ("/8", "'/8' is not a CIDR"), ("10.0.0.0/8/8", "'10.0.0.0/8/8' is not a CIDR"),
            ("10.0.0.0/+8", "'10.0.0.0/+8' is not a CIDR"), ("10.0.0.0/-1", "'10.0.0.0/-1' is not a CIDR"),
            ("10.0.0.0/0008", "'10.0.0.0/0008' is not a CIDR"),
            ("10.0.0.0/255.0.0.0", "'10.0.0.0/255.0.0.0' is not a CIDR"),
            ("10.0.0.0/33", "'10.0.0.0/33' is not a CIDR: prefix length over 32"),
            ("fd00::/129", "'fd00::/129' is not a CIDR: prefix length over 128"),
        ]
    )
    func refused(_ text: String, _ message: String) {
        let error = #expect(throws: InvalidValue.self) { try CIDR(parsing: text) }
        #expect(error?.description == message)
        #expect(CIDR(text) == nil)
    }

    @Test("of one address hold just that one")
    func host() throws {
        let address = try IPAddress(parsing: "fd00::2")
        #expect(CIDR(host: address).description == "fd00::2/128")
        #expect(CIDR(host: address).isHost)
        #expect(!CIDR.everything(.v6).isHost)
        #expect(CIDR(address, prefixLength: 129) == nil)
        #expect(CIDR(.v4(0), prefixLength: -1) == nil)
    }
}
