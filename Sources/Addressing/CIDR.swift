/// An address with a prefix length: a network, or an address together with the network it is in.
///
/// Host bits are kept, since `10.11.23.2/24` on an interface is not `10.11.23.0/24`; `network` clears them.
package struct CIDR: Hashable, Sendable, Comparable {
    /// The address as given, host bits included.
    package let address: IPAddress
    /// 0…32 or 0…128.
    package let prefixLength: Int

    /// Pairs the two, or nil when the prefix is longer than the family allows.
    package init?(_ address: IPAddress, prefixLength: Int) {
        guard (0...address.family.bitWidth).contains(prefixLength) else { return nil }
        self.address = address
        self.prefixLength = prefixLength
    }

    /// The /32 or /128 of one address.
    package init(host address: IPAddress) {
        self.address = address
        self.prefixLength = address.family.bitWidth
    }

    /// `0.0.0.0/0` or `::/0`.
    package static func everything(_ family: IPAddress.Family) -> CIDR {
        CIDR(unchecked: .unspecified(family), prefixLength: 0)
    }

    private init(unchecked address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    /// The address family.
    package var family: IPAddress.Family { address.family }

    /// Whether it holds one address only.
    package var isHost: Bool { prefixLength == family.bitWidth }

    /// The same prefix with the host bits cleared.
    package var network: CIDR { CIDR(unchecked: address.masked(to: prefixLength), prefixLength: prefixLength) }

    /// The address in front of which nothing of this network lies (all host bits 0).
    package var first: IPAddress { address.masked(to: prefixLength) }

    /// The last address of the network (all host bits 1): IPv4's broadcast address where there is one.
    package var last: IPAddress { address.filled(after: prefixLength) }

    /// Whether `other` lies in this network.
    package func contains(_ other: IPAddress) -> Bool {
        other.family == family && other.masked(to: prefixLength) == first
    }

    /// Whether the two networks share an address.
    package func overlaps(_ other: CIDR) -> Bool {
        contains(other.first) || other.contains(first)
    }

    /// By address, then the wider network first.
    package static func < (left: CIDR, right: CIDR) -> Bool {
        (left.address, left.prefixLength) < (right.address, right.prefixLength)
    }
}

extension CIDR: LosslessStringConvertible {
    /// Reads `address/length`.
    package init?(_ text: String) {
        try? self.init(parsing: text)
    }

    /// Reads `address/length`, or says what is wrong with the text.
    package init(parsing text: String) throws(InvalidValue) {
        let utf8 = Array(text.utf8)
        let slash = utf8.firstIndex(of: UInt8(ascii: "/")) ?? utf8.endIndex
        guard let address = IPAddress(utf8: utf8[..<slash]), let length = decimalValue(of: utf8[slash...].dropFirst())
        else {
            throw InvalidValue(text, isNot: "a CIDR")
        }
        guard let cidr = CIDR(address, prefixLength: length) else {
            throw InvalidValue(text, isNot: "a CIDR", reason: "prefix length over \(address.family.bitWidth)")
        }
        self = cidr
    }

    /// `address/length`.
    package var description: String {
        var text = ASCIIText()
        text.write(address)
        text.write("/")
        text.write(decimal: UInt32(prefixLength))
        return text.text
    }
}

extension IPAddress {
    /// The address with every bit after the first `length` cleared.
    package func masked(to length: Int) -> IPAddress {
        switch self {
        case .v4(let bits):
            .v4(bits & UInt32.leadingOnes(length))
        case .v6(let high, let low):
            .v6(high & UInt64.leadingOnes(length), low & UInt64.leadingOnes(length - 64))
        }
    }

    /// The address with every bit after the first `length` set.
    package func filled(after length: Int) -> IPAddress {
        switch self {
        case .v4(let bits):
            .v4(bits | ~UInt32.leadingOnes(length))
        case .v6(let high, let low):
            .v6(high | ~UInt64.leadingOnes(length), low | ~UInt64.leadingOnes(length - 64))
        }
    }
}

extension FixedWidthInteger {
    /// A mask of `count` ones from the left; none for a negative count, all for one past the width.
    fileprivate static func leadingOnes(_ count: Int) -> Self {
        count <= 0 ? 0 : ~0 << Swift.max(0, Self.bitWidth - count)
    }
}
