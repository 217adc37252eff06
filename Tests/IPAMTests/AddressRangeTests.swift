import Addressing
import IPAM
import Testing

/// `subnet start end gateway`, with `-` for what the configuration does not say.
private func range(_ text: String) throws -> AddressRange {
    let words = text.split(separator: " ").map(String.init)
    func address(_ position: Int) throws -> IPAddress? {
        words.count > position && words[position] != "-" ? try IPAddress(parsing: words[position]) : nil
    }
    return try AddressRange(
        subnet: CIDR(parsing: words[0]),
        start: address(1),
        end: address(2),
        gateway: address(3)
    )
}

@Suite("Address ranges")
struct AddressRangeTests {
    @Test(
        "what the configuration leaves out is filled in",
        arguments: [
            ("192.0.2.0/24", "192.0.2.1", "192.0.2.254", "192.0.2.1"),
            ("192.0.2.0/25", "192.0.2.1", "192.0.2.126", "192.0.2.1"),
            ("192.0.2.12/30", "192.0.2.13", "192.0.2.14", "192.0.2.13"),
            ("2001:db8:1::/64", "2001:db8:1::1", "2001:db8:1:0:ffff:ffff:ffff:ffff", "2001:db8:1::1"),
            ("2001:db8:1::/126", "2001:db8:1::1", "2001:db8:1::3", "2001:db8:1::1"),
            ("192.0.2.0/31", "192.0.2.0", "192.0.2.1", nil),
            ("192.0.2.9/32", "192.0.2.9", "192.0.2.9", nil),
            ("2001:db8::/127", "2001:db8::", "2001:db8::1", nil),
            ("2001:db8::9/128", "2001:db8::9", "2001:db8::9", nil),
            ("0.0.0.0/0", "0.0.0.1", "255.255.255.254", "0.0.0.1"),
        ] as [(String, String, String, String?)]
    )
    func defaults(_ subnet: String, start: String, end: String, gateway: String?) throws {
        let range = try range(subnet)
        #expect(range.start.description == start)
        #expect(range.end.description == end)
        #expect(range.gateway?.description == gateway)
    }

    @Test(
        "what the configuration says is kept",
        arguments: [
            "192.0.2.0/24 192.0.2.40 192.0.2.50 192.0.2.254",
            "192.0.2.0/24 192.0.2.40 192.0.2.40 169.254.1.1",
            "192.0.2.0/24 192.0.2.0 192.0.2.255 192.0.2.1",
            "192.0.2.9/32 192.0.2.9 192.0.2.9 192.0.2.1",
            "2001:db8:1::/64 2001:db8:1::40 2001:db8:1::50 fe80::1",
        ]
    )
    func explicit(_ text: String) throws {
        let range = try range(text)
        let gateway = range.gateway?.description ?? "-"
        #expect("\(range.subnet) \(range.start) \(range.end) \(gateway)" == text)
    }

    @Test(
        "what makes no sense is refused in the reference's words",
        arguments: [
            (
                "192.0.2.12/24",
                "Network has host bits set. For a subnet mask of length 24 the network address is 192.0.2.0"
            ),
            ("192.0.2.0/24 192.0.3.0", "RangeStart 192.0.3.0 not in network 192.0.2.0/24"),
            ("192.0.2.0/24 2001:db8::1", "RangeStart 2001:db8::1 not in network 192.0.2.0/24"),
            ("192.0.2.0/24 - 192.0.4.0", "RangeEnd 192.0.4.0 not in network 192.0.2.0/24"),
            ("192.0.2.0/24 192.0.2.50 192.0.2.40", "RangeEnd 192.0.2.40 not in network 192.0.2.0/24"),
            ("192.0.2.0/24 - - fd00::1", "gateway fd00::1 is not the same protocol as subnet 192.0.2.0/24"),
        ]
    )
    func refused(_ text: String, message: String) {
        let error = #expect(throws: InvalidRange.self) { try range(text) }
        #expect(error?.description == message)
    }

    @Test(
        "a range holds its ends and what is between them",
        arguments: [
            ("192.0.2.39", false), ("192.0.2.40", true), ("192.0.2.45", true), ("192.0.2.50", true),
            ("192.0.2.51", false), ("2001:db8::", false),
        ]
    )
    func contains(_ address: String, expected: Bool) throws {
        let range = try range("192.0.2.0/24 192.0.2.40 192.0.2.50")
        #expect(range.contains(try IPAddress(parsing: address)) == expected)
    }

    @Test(
        "two ranges overlap when they share an address",
        arguments: [
            ("192.0.2.0/24", "192.0.2.0/24", true),
            ("192.0.2.0/24 192.0.2.10 192.0.2.20", "192.0.2.0/24 192.0.2.20 192.0.2.30", true),
            ("192.0.2.0/24 192.0.2.10 192.0.2.20", "192.0.2.0/24 192.0.2.21 192.0.2.30", false),
            ("192.0.2.0/24", "192.0.2.0/25 192.0.2.30 192.0.2.31", true),
            ("192.0.2.0/24", "192.0.3.0/24", false),
            ("192.0.2.0/24", "2001:db8::/64", false),
        ]
    )
    func overlaps(_ one: String, _ other: String, expected: Bool) throws {
        let (one, other) = (try range(one), try range(other))
        #expect(one.overlaps(other) == expected)
        #expect(other.overlaps(one) == expected)
    }
}

@Suite("Range sets")
struct RangeSetTests {
    @Test(
        "what makes no set is refused in the reference's words",
        arguments: [
            ([], "empty range set"),
            (["192.0.2.0/24", "2001:db8::/64"], "mixed address families"),
            (
                ["192.0.2.0/24", "198.51.100.0/24", "192.0.2.0/25"],
                "subnets 192.0.2.1-192.0.2.254 and 192.0.2.1-192.0.2.126 overlap"
            ),
        ] as [([String], String)]
    )
    func refused(_ texts: [String], message: String) {
        let error = #expect(throws: InvalidRange.self) { try RangeSet(texts.map(range)) }
        #expect(error?.description == message)
    }

    @Test("a set finds the range of an address")
    func rangeOfAddress() throws {
        let set = try RangeSet([range("192.0.2.0/24"), range("198.51.100.0/24")])
        #expect(set.range(of: try IPAddress(parsing: "198.51.100.7")) == set.ranges[1])
        #expect(set.range(of: try IPAddress(parsing: "198.51.100.0")) == nil)
        #expect(set.isGateway(try IPAddress(parsing: "192.0.2.1")))
        #expect(set.description == "192.0.2.1-192.0.2.254,198.51.100.1-198.51.100.254")
    }
}
