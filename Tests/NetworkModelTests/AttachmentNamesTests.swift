import Addressing
import NetworkModel
import Testing

@Suite("Names derived from an attachment")
struct AttachmentNamesTests {
    // The values were computed by another implementation of the hash, not copied from this one's output.
    @Test("do not change from release to release: running pods have them")
    func pinned() throws {
        let names = AttachmentNames(try Addressing.Attachment(parsing: "podnet/9f86d081884c/eth0"))
        #expect(names.hostVeth.text == "veth67saaxbp")
        #expect(names.containerMAC.description == "06:c5:e1:d6:4e:84")
        #expect(names.hostMAC.description == "fa:27:aa:df:78:ec")
        #expect(names.tag == "podnet/9f86d081884c/eth0")
    }

    @Test("a bridge's hardware address does not change either")
    func bridge() throws {
        let mac = BridgeNames.mac(of: try InterfaceName("cni0"), node: "")
        #expect(mac.description == "3e:fa:e9:df:39:6f")
        #expect(BridgeNames.mac(of: try InterfaceName("cni0"), node: "a") != mac)
    }

    @Test(
        "a tag is what nft can print, however long the names are",
        arguments: [(1, 1), (40, 70), (41, 70), (40, 71), (200, 64), (6, 200), (300, 300)]
    )
    func tagLength(_ network: Int, _ container: Int) throws {
        let attachment = try Self.attachment(network, container, last: "x")
        let names = AttachmentNames(attachment)
        #expect(names.tag.utf8.count <= 127)
        #expect(names.tag.hasPrefix(AttachmentNames.tagPrefix(of: attachment.network)))
        #expect(names.tag.hasSuffix("/fifteen-bytes-5"))
        #expect((names.tag == attachment.description) == (network <= 40 && container <= 70))
    }

    @Test("long names that differ at their end only have different tags")
    func longNames() throws {
        let (one, other) = (try Self.attachment(6, 200, last: "x"), try Self.attachment(6, 200, last: "y"))
        #expect(AttachmentNames(one).tag != AttachmentNames(other).tag)
        #expect(AttachmentNames(one).hostVeth != AttachmentNames(other).hostVeth)
    }

    @Test("a network's prefix is no other network's")
    func prefix() throws {
        let names = AttachmentNames(try Addressing.Attachment(parsing: "podnet-2/c/eth0"))
        #expect(!names.tag.hasPrefix(AttachmentNames.tagPrefix(of: try NetworkName("podnet"))))
    }

    @Test("a thousand attachments have a thousand names")
    func distinct() throws {
        let names = try (0..<1000).map { AttachmentNames(try Addressing.Attachment(parsing: "podnet/c\($0)/eth0")) }
        #expect(Set(names.map(\.hostVeth)).count == 1000)
        #expect(Set(names.map(\.containerMAC)).union(names.map(\.hostMAC)).count == 2000)
    }

    private static func attachment(_ network: Int, _ container: Int, last: String) throws -> Addressing.Attachment {
        Addressing.Attachment(
            network: try NetworkName(String(repeating: "n", count: network)),
            containerID: try ContainerID(String(repeating: "c", count: container - 1) + last),
            ifName: try InterfaceName("fifteen-bytes-5")
        )
    }
}
