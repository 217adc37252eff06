import Addressing
import Testing

@Suite("IP addresses")
struct IPAddressTests {
    @Test(
        "are printed as RFC 5952 wants them",
        arguments: [
            ("10.11.23.2", "10.11.23.2"),
            ("0.0.0.0", "0.0.0.0"),
            ("255.255.255.255", "255.255.255.255"),
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("2001:DB8::1", "2001:db8::1"),
            ("2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"),
            // §4.2.2: one zero group alone is not shortened.
            ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            // §4.2.3: the longest run, and the first of two equal ones.
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("fe80::1:0:0:0", "fe80::1:0:0:0"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:192.0.2.33", "1:2:3:4:5:6:c000:221"),
        ]
    )
    func canonicalText(_ text: String, _ canonical: String) throws {
        let address = try IPAddress(parsing: text)
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
    }

    @Test(
        "mapped into IPv6 are the IPv4 address",
        arguments: ["::ffff:10.0.0.1", "::FFFF:0a00:0001", "0:0:0:0:0:ffff:a00:1"]
    )
    func mapped(_ text: String) throws {
        #expect(try IPAddress(parsing: text) == .v4(0x0a00_0001))
    }

    @Test(
        "whose upper bits are not zero, or that are only compatible, stay IPv6",
        arguments: ["::10.0.0.1", "1::ffff:a00:1"]
    )
    func notMapped(_ text: String) throws {
        #expect(try IPAddress(parsing: text).family == .v6)
    }

    @Test(
        "are refused",
        arguments: [
            "", " ", "10", "10.0.0", "10.0.0.1.2", "10.0.0.256", "10.0.0.-1", "10.0.0.+1", "10.0.0.01", "10.0.0.1 ",
            "10.0.0.", ".10.0.0", "10..0.1", "0x0a.0.0.1", "١.0.0.1", "10.0.0.1/24", ":", ":::", "1::2::3",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "12345::", "::g", "fe80::1%eth0", "::1.2.3", "::1.2.3.4:5",
            "1:2:3:4:5:6:7:1.2.3.4", ":1::2", "1::2:", "[::1]",
        ]
    )
    func refused(_ text: String) {
        #expect(IPAddress(text) == nil)
        #expect(throws: InvalidValue(text, isNot: "an IP address")) { try IPAddress(parsing: text) }
    }

    @Test("have 4 or 16 bytes in network order")
    func bytes() throws {
        #expect(try IPAddress(parsing: "10.11.23.2").bytes == [10, 11, 23, 2])
        let v6 = try IPAddress(parsing: "2001:db8::ff")
        #expect(v6.bytes == [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [0xff])
        #expect(IPAddress(bytes: v6.bytes) == v6)
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
        // The kernel means what it says: sixteen bytes are IPv6.
        #expect(IPAddress(bytes: [UInt8](repeating: 0, count: 10) + [255, 255, 10, 0, 0, 1])?.family == .v6)
    }

    @Test(
        "count on, over the halves of IPv6, and not past the end",
        arguments: [
            ("10.0.0.255", 1, "10.0.1.0"), ("10.0.0.0", -1, "9.255.255.255"), ("255.255.255.255", 1, nil),
            ("0.0.0.0", -1, nil), ("10.0.0.1", 1 << 33, nil), ("::ffff:ffff:ffff:ffff", 1, "0:0:0:1::"),
            ("0:0:0:1::", -1, "::ffff:ffff:ffff:ffff"), ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, nil),
            ("::", -1, nil), ("fd00::10", 0, "fd00::10"),
        ] as [(String, Int, String?)]
    )
    func advanced(_ text: String, _ offset: Int, _ expected: String?) throws {
        #expect(try IPAddress(parsing: text).advanced(by: offset)?.description == expected)
    }

    @Test("sort by family and number, not by text")
    func sorted() throws {
        let texts = ["::1", "10.0.0.10", "fd00::", "10.0.0.9", "::", "9.255.255.255"]
        let sorted = try texts.map { try IPAddress(parsing: $0) }.sorted().map(\.description)
        #expect(sorted == ["9.255.255.255", "10.0.0.9", "10.0.0.10", "::", "::1", "fd00::"])
    }

    @Test(
        "know their special ranges, to the edge",
        arguments: [
            ("127.0.0.0", "loopback"), ("127.255.255.255", "loopback"), ("128.0.0.0", ""), ("::1", "loopback"),
            ("::2", ""),
            ("169.254.0.0", "link-local"), ("169.255.0.0", ""), ("fe80::", "link-local"), ("febf:ffff::", "link-local"),
            ("fec0::", ""), ("224.0.0.0", "multicast"), ("239.255.255.255", "multicast"), ("240.0.0.0", ""),
            ("ff02::1", "multicast"), ("0.0.0.0", "unspecified"), ("::", "unspecified"),
        ]
    )
    func ranges(_ text: String, _ range: String) throws {
        let address = try IPAddress(parsing: text)
        let tests = [
            "loopback": address.isLoopback, "link-local": address.isLinkLocal, "multicast": address.isMulticast,
            "unspecified": address.isUnspecified,
        ]
        #expect(tests.filter(\.value).map(\.key) == (range.isEmpty ? [] : [range]))
    }
}
