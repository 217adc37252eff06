import Addressing
import Control
import JSON
import NetworkModel
import Testing

/// Pods in every state that there is.
enum PodPicture {
    static let webID = "4f1ac9e0a7b1c2d3e4f5061728394a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5"

    static func evidence() throws -> AttachmentEvidence {
        var evidence = AttachmentEvidence()
        let web = try attachment("podnet", webID), bare = try attachment("podnet", "bare1")
        evidence.links = [
            try link(web, isUp: true),
            try link(bare, isUp: false),
            Link(LinkID(.host, try InterfaceName("eth0")), kind: .other(""), alias: ""),
            Link(
                LinkID(.host, try InterfaceName("veth02aa")),
                kind: .veth(peer: nil),
                isUp: true,
                alias: "",
                master: try InterfaceName("br1")
            ),
        ]
        evidence.leases = [
            lease("podnet", "10.11.23.2", webID, netns: "/run/netns/cni-5f0b2f", age: 4_000),
            lease("podnet", "10.11.23.7", "8c1d77", netns: "/run/netns/cni-gone", age: 777_777),
            lease("other", "10.9.0.3", "77aa", netns: nil, age: 60),
        ]
        evidence.taggedAddresses = [AttachmentNames(bare).tag: [try IPAddress(parsing: "10.11.23.9")]]
        evidence.podRoutes = [try IPAddress(parsing: "10.11.23.2"), try IPAddress(parsing: "10.11.23.9")]
        evidence.results = [
            try #require(CachedResult(try JSON(parsing: cachedResult), fileName: "edge-e3964a-eth0"))
        ]
        evidence.neighbors = [try IPAddress(parsing: "10.11.23.2"): try MACAddress(parsing: "0a:58:0a:0b:17:02")]
        evidence.livingNetns = ["/run/netns/cni-5f0b2f", "/run/user/netns"]
        evidence.traffic = [AttachmentNames(web).hostVeth.text: .init(received: 310_000_000, sent: 1_234_000_000)]
        return evidence
    }

    static let cachedResult = """
        {"kind":"cniCacheV1","ifName":"eth0","networkName":"edge","netns":"/run/user/netns",
         "cniArgs":[["IgnoreUnknown","1"],["K8S_POD_NAME","cam_1"],["K8S_POD_NAMESPACE","default"]],
         "result":{"cniVersion":"1.0.0","interfaces":[{"name":"veth02aa"},{"name":"eth0","mac":"3a:48:0a:48:ca:31",
         "sandbox":"/run/user/netns"}],
         "ips":[{"address":"10.12.0.6/24","interface":1}]}}
        """

    private static func attachment(_ network: String, _ containerID: String) throws -> Addressing.Attachment {
        Addressing.Attachment(
            network: try NetworkName(network),
            containerID: try ContainerID(containerID),
            ifName: try InterfaceName("eth0")
        )
    }

    private static func link(_ attachment: Addressing.Attachment, isUp: Bool) throws -> Link {
        let names = AttachmentNames(attachment)
        return Link(
            LinkID(.host, names.hostVeth),
            kind: .veth(peer: nil),
            mac: names.hostMAC,
            mtu: 1500,
            isUp: isUp,
            alias: names.tag,
            master: try InterfaceName("br0")
        )
    }

    private static func lease(
        _ network: String,
        _ address: String,
        _ containerID: String,
        netns: String?,
        age: Int64
    ) -> AttachmentEvidence.Lease {
        .init(
            network: network,
            address: IPAddress(address) ?? .unspecified(.v4),
            containerID: containerID,
            ifName: "eth0",
            netns: netns,
            since: Timestamp(secondsSinceEpoch: Picture.now.secondsSinceEpoch - age)
        )
    }
}

@Suite("How traces of attachments become pods")
struct PodTests {
    @Test("each attachment is one row with its state")
    func states() throws {
        let rows = AttachmentJoin.rows(try PodPicture.evidence())
        #expect(
            rows.map { "\($0.containerID.prefix(6)) \($0.state.rawValue)" } == [
                "77aa unknown", "4f1ac9 up", "8c1d77 ORPHAN", "bare1 down", "e3964a up",
            ]
        )
        #expect(rows.filter(\.isProblem).map(\.containerID) == ["8c1d77", "bare1"])
    }

    @Test("a link with a shortened tag and its lease are one attachment")
    func longNames() throws {
        let network = String(repeating: "n", count: 60), containerID = String(repeating: "c", count: 100)
        let attachment = try Addressing.Attachment(parsing: "\(network)/\(containerID)/eth0")
        let names = AttachmentNames(attachment)
        var evidence = AttachmentEvidence()
        evidence.links = [Link(LinkID(.host, names.hostVeth), kind: .veth(peer: nil), isUp: true, alias: names.tag)]
        evidence.leases = [
            .init(network: network, address: .v4(0x0a0b_1702), containerID: containerID, ifName: "eth0")
        ]
        let rows = AttachmentJoin.rows(evidence)
        #expect(rows.count == 1)
        #expect(rows.first?.network == network)
        #expect(rows.first?.containerID == containerID)
        #expect(rows.first?.addresses == ["10.11.23.2"])
    }

    @Test("an alias that is no tag makes no pod", arguments: ["", "uplink", "a/b", "a/b/c/d", "//eth0"])
    func foreignAlias(_ alias: String) throws {
        var evidence = AttachmentEvidence()
        evidence.links = [Link(LinkID(.host, try InterfaceName("veth1")), kind: .veth(peer: nil), alias: alias)]
        #expect(AttachmentJoin.rows(evidence).isEmpty)
    }

    @Test(
        "a lease file of any age is read",
        arguments: [
            ("abc\r\neth0", "abc", "eth0"), ("abc\neth0\n", "abc", "eth0"), ("abc", "abc", nil),
        ]
    )
    func leaseFile(_ contents: String, _ containerID: String, _ ifName: String?) {
        let lease = AttachmentEvidence.lease(network: "n", fileName: "10.0.0.2", contents: contents)
        #expect(lease?.containerID == containerID)
        #expect(lease?.ifName == ifName)
    }

    @Test(
        "what is no lease is left out",
        arguments: [("lock", ""), ("last_reserved_ip.0", "10.0.0.2"), ("10.0.0.2", "")]
    )
    func noLease(_ name: String, _ contents: String) {
        #expect(AttachmentEvidence.lease(network: "n", fileName: name, contents: contents) == nil)
    }

    @Test("a lease without an interface belongs to the container's only one")
    func oldLease() throws {
        var evidence = try PodPicture.evidence()
        evidence.leases = [.init(network: "podnet", address: .v4(1), containerID: "bare1", ifName: nil)]
        let row = AttachmentJoin.rows(evidence).first { $0.containerID == "bare1" }
        #expect(row?.ifName == "eth0")
        #expect(row?.addresses == ["0.0.0.1", "10.11.23.9/32"])
    }

    @Test(
        "the index tells the namespace",
        arguments: [
            ("abc:eth0", "10.0.0.2,fd00::2 4026532201 /run/netns/x", "/run/netns/x" as String?),
            ("abc:eth0", "10.0.0.2 0 ", nil), ("abc:eth0", "10.0.0.2 /run/netns/x", nil), ("abc", "10.0.0.2 1 /x", nil),
        ]
    )
    func index(_ name: String, _ target: String, _ netns: String?) {
        #expect(LeaseIndexEntry(name: name, target: target)?.netns == netns)
    }

    @Test("traffic is read from the kernel's table of links")
    func traffic() {
        let text = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier
                lo:     100       1    0    0    0     0          0         0      200       2    0    0    0     0       0
            veth02aa:18446744073709551615 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0
            short: 1 2
            """
        #expect(
            AttachmentEvidence.traffic(in: text) == [
                "lo": .init(received: 100, sent: 200), "veth02aa": .init(received: .max, sent: 7),
            ]
        )
    }

    @Test("addresses that only a lease knows stand beside the remembered ones")
    func addresses() throws {
        var evidence = try PodPicture.evidence()
        for address in [IPAddress.v4(0x0a0c_0006), .v6(0xfd00 << 48, 6)] {
            evidence.leases.append(.init(network: "edge", address: address, containerID: "e3964a", ifName: "eth0"))
        }
        let row = AttachmentJoin.rows(evidence).first { $0.containerID == "e3964a" }
        #expect(row?.addresses == ["10.12.0.6/24", "fd00::6"])
    }

    @Test("addresses come from single-address sets only")
    func tagged() {
        let table = Table(sets: [
            "pods-ip": ElementSet(key: [.ipv4Address], elements: [[10, 0, 0, 2]: Element(comment: "n/c/eth0")]),
            "masquerade": ElementSet(key: [.ipv4Address], elements: [[10, 0, 0, 2]: Element(comment: "n/c/eth0")]),
            "ports": ElementSet(key: [.inetService], elements: [[0, 80]: Element(comment: "n/c/eth0")]),
            "sources": ElementSet(
                key: [.interfaceIndex, .ipv4Address],
                elements: [[1, 0, 0, 0, 10, 0, 0, 9]: Element(comment: "n/c/eth0")]
            ),
        ])
        #expect(AttachmentEvidence.taggedAddresses(in: table) == ["n/c/eth0": [.v4(0x0a00_0002)]])
    }
}
