package import Addressing

/// Every name in the kernel that belongs to one attachment, derived from the attachment alone.
///
/// So DEL and GC find what ADD made without a state file, a namespace, a previous result or an unchanged
/// configuration.
package struct AttachmentNames: Hashable, Sendable {
    /// The host's end of the pair: `veth` and eight characters of the hash.
    package let hostVeth: InterfaceName
    /// The pod's hardware address, unless the runtime asks for another.
    package let containerMAC: MACAddress
    /// The host end's hardware address.
    package let hostMAC: MACAddress
    /// The intermediate device that shapes what the pod sends: `bwp` and eight characters of the hash.
    package let ifb: InterfaceName
    /// The intermediate device's hardware address.
    package let ifbMAC: MACAddress
    /// The attachment in clear text: the host veth's alias and the comment of its set elements.
    ///
    /// `network/containerID/ifName`, cut so that it is never over 127 bytes: nft prints no longer comment.
    package let tag: String

    /// Derives the names of `attachment`.
    package init(_ attachment: Attachment) {
        let hash = NameHash.of(attachment.description)
        hostVeth = Self.linkName("veth", hash)
        ifb = Self.linkName("bwp", hash)
        ifbMAC = MACAddress(localFrom: NameHash.of("ifb " + attachment.description))
        containerMAC = MACAddress(localFrom: NameHash.of("container " + attachment.description))
        hostMAC = MACAddress(localFrom: NameHash.of("host " + attachment.description))
        tag = Self.tag(attachment, hash)
    }

    /// What the tags of all attachments of `network` begin with.
    package static func tagPrefix(of network: NetworkName) -> String {
        shortened(network.text, to: 40) + "/"
    }

    /// Whether a text has the form of a tag.
    package static func isTag(_ text: String) -> Bool { text.utf8.count { $0 == UInt8(ascii: "/") } == 2 }

    /// Whether a device's name has the form of `ifb`. The reference's has more digits.
    package static func isIFB(_ name: InterfaceName) -> Bool {
        let digits = name.text.utf8.dropFirst(3)
        return name.text.hasPrefix("bwp") && digits.count == 8 && digits.allSatisfy(NameHash.alphabet.contains)
    }

    /// Whether a device's name says that it shapes what some pod sends, by our `bandwidth` or the reference's.
    package static func isShaper(_ name: InterfaceName) -> Bool { name.text.hasPrefix("bwp") }

    private static func linkName(_ prefix: String, _ hash: UInt64) -> InterfaceName {
        let name = prefix + NameHash.base32(hash, length: 8)
        guard let valid = try? InterfaceName(name) else { preconditionFailure("not an interface name: \(name)") }
        return valid
    }

    private static func tag(_ attachment: Attachment, _ hash: UInt64) -> String {
        let containerID = shortened(attachment.containerID.text, to: 70)
        return "\(tagPrefix(of: attachment.network))\(containerID)/\(attachment.ifName)"
    }

    /// The text itself, or its beginning and a hash of the whole, `length` bytes in all.
    private static func shortened(_ text: String, to length: Int) -> String {
        guard text.utf8.count > length else { return text }
        return text.prefix(length - 14) + "~" + NameHash.base32(NameHash.of(text), length: 13)
    }
}

/// The one hash behind every derived name.
package enum NameHash {
    fileprivate static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// FNV-1a over the text's UTF-8, then a finaliser so that texts that differ at the end differ everywhere.
    package static func of(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        // The finaliser of MurmurHash3 (public domain), a bijection of 64 bits.
        hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ hash >> 33
    }

    /// The upper `5 × length` bits of `hash` in small letters and digits.
    package static func base32(_ hash: UInt64, length: Int) -> String {
        let characters = (0..<length).map { position -> UInt8 in
            let shift = 59 - 5 * position
            return alphabet[Int((shift >= 0 ? hash >> UInt64(shift) : hash << UInt64(-shift)) & 31)]
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
