/// A 48-bit Ethernet address.
package struct MACAddress: Hashable, Sendable, LosslessStringConvertible {
    /// The address in the lower 48 bits, first octet highest.
    package let bits: UInt64

    /// The address in the lower 48 bits; the upper 16 are dropped.
    package init(bits: UInt64) {
        self.bits = bits & 0xffff_ffff_ffff
    }

    /// The address with these bytes in wire order, or nil unless there are six.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 6 else { return nil }
        var bits: UInt64 = 0
        for byte in bytes { bits = bits << 8 | UInt64(byte) }
        self.init(bits: bits)
    }

    /// An address of our own making: locally administered, unicast, the other 46 bits from `seed`.
    package init(localFrom seed: UInt64) {
        self.init(bits: seed & ~(0x03 << 40) | 0x02 << 40)
    }

    /// Reads six hexadecimal octets separated by `:` or `-`.
    package init?(_ text: String) {
        let separators: Set<Character> = [":", "-"]
        let octets = text.split(omittingEmptySubsequences: false) { separators.contains($0) }
        guard octets.count == 6 else { return nil }
        var bits: UInt64 = 0
        for octet in octets {
            let nibbles = octet.utf8.compactMap(hexadecimalValue(of:))
            guard octet.utf8.count == 2, nibbles.count == 2 else { return nil }
            bits = bits << 8 | UInt64(nibbles[0] << 4 | nibbles[1])
        }
        self.bits = bits
    }

    /// Reads an address, or says which text is none.
    package init(parsing text: String) throws(InvalidValue) {
        guard let address = MACAddress(text) else { throw InvalidValue(text, isNot: "a MAC address") }
        self = address
    }

    /// The six bytes in wire order.
    package var bytes: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: bits >> (40 - 8 * $0)) } }

    /// Whether it names a group, which no interface may have as its own.
    package var isMulticast: Bool { bits >> 40 & 1 == 1 }

    /// Lower case with colons.
    package var description: String {
        var text = ASCIIText()
        for byte in bytes {
            if !text.isEmpty { text.write(":") }
            text.write(hexadecimal: UInt16(byte), width: 2)
        }
        return text.text
    }
}
