import Addressing
import Testing

@Suite("Names, ports and hardware addresses")
struct NameTests {
    @Test("interface names that the kernel takes", arguments: ["eth0", "a", "veth-with_15.ch", "eth0.100", "é"])
    func interfaceName(_ text: String) throws {
        #expect(try InterfaceName(text).text == text)
    }

    @Test(
        "interface names that it refuses",
        arguments: [
            ("", "empty"), ("sixteen-bytes-16", "longer than 15 bytes"), ("éééééééé", "longer than 15 bytes"),
            (".", "a directory name"), ("..", "a directory name"), ("a/b", "holds '/', ':', a NUL or white space"),
            ("eth0:1", "holds '/', ':', a NUL or white space"), ("a b", "holds '/', ':', a NUL or white space"),
            ("a\n", "holds '/', ':', a NUL or white space"), ("a\0", "holds '/', ':', a NUL or white space"),
            ("veth%d", "holds '%'"),
        ]
    )
    func badInterfaceName(_ text: String, _ reason: String) {
        let error = #expect(throws: InvalidValue.self) { try InterfaceName(text) }
        #expect(error?.reason == reason)
    }

    @Test(
        "names of networks and containers are CNI identifiers",
        arguments: [
            ("podnet", true), ("0", true), ("a_b.c-d", true), ("9f86d081884c7d65", true), ("", false), (".a", false),
            ("-a", false), ("_a", false), ("../../etc", false), ("a/b", false), ("a b", false), ("ä", false),
            ("a\0", false),
        ]
    )
    func identifier(_ text: String, _ isValid: Bool) {
        #expect(((try? NetworkName(text)) != nil) == isValid)
        #expect(((try? ContainerID(text)) != nil) == isValid)
    }

    @Test("an attachment reads back")
    func attachment() throws {
        let attachment = Attachment(
            network: try NetworkName("pod.net-1"),
            containerID: try ContainerID("9f86d08"),
            ifName: try InterfaceName("eth0")
        )
        #expect(attachment.description == "pod.net-1/9f86d08/eth0")
        #expect(try Attachment(parsing: attachment.description) == attachment)
    }

    @Test("what is no attachment", arguments: ["", "a/b", "a/b/c/d", "/b/eth0", "a/../eth0", "a/b/sixteen-bytes-16"])
    func badAttachment(_ text: String) {
        #expect(throws: InvalidValue.self) { try Attachment(parsing: text) }
    }

    @Test(
        "ports are 1 to 65535",
        arguments: [(0, false), (1, true), (65535, true), (65536, false), (-1, false), (70000, false)]
    )
    func port(_ number: Int, _ isValid: Bool) {
        #expect(((try? Port(number)) != nil) == isValid)
    }

    @Test("protocols are read in any case", arguments: [("TCP", 6), ("udp", 17), ("Sctp", 132)] as [(String, UInt8)])
    func transport(_ text: String, _ number: UInt8) throws {
        let transport = try TransportProtocol(parsing: text)
        #expect(transport.number == number)
        #expect(TransportProtocol(number: number) == transport)
    }

    @Test("protocols without ports are none", arguments: ["icmp", "", "6"])
    func badTransport(_ text: String) {
        #expect(throws: InvalidValue.self) { try TransportProtocol(parsing: text) }
        #expect(TransportProtocol(number: 1) == nil)
    }

    @Test(
        "hardware addresses",
        arguments: [("02:00:5E:10:00:0f", "02:00:5e:10:00:0f"), ("aa-bb-cc-dd-ee-ff", "aa:bb:cc:dd:ee:ff")]
    )
    func mac(_ text: String, _ canonical: String) throws {
        let mac = try MACAddress(parsing: text)
        #expect(mac.description == canonical)
        #expect(MACAddress(bytes: mac.bytes) == mac)
    }

    @Test(
        "what is no hardware address",
        arguments: [
            "", "02:00:5e:10:00", "02:00:5e:10:00:0f:01", "2:0:5e:10:0:f", "02:00:5e:10:00:0g", "0200.5e10.000f",
            "+2:00:5e:10:00:0f",
        ]
    )
    func badMAC(_ text: String) {
        #expect(MACAddress(text) == nil)
        #expect(throws: InvalidValue(text, isNot: "a MAC address")) { try MACAddress(parsing: text) }
    }

    @Test("a hardware address of our own is local and unicast", arguments: [UInt64.min, .max, 0x0123_4567_89ab_cdef])
    func localMAC(_ seed: UInt64) {
        let mac = MACAddress(localFrom: seed)
        #expect(mac.bytes[0] & 0b11 == 0b10)
        #expect(!mac.isMulticast)
        #expect(mac.bits & 0xfcff_ffff_ffff == seed & 0xfcff_ffff_ffff)
    }

    @Test("a group's hardware address is known for one")
    func multicastMAC() throws {
        #expect(try MACAddress(parsing: "01:00:5e:00:00:01").isMulticast)
    }
}
