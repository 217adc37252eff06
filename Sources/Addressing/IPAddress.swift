/// An IPv4 or IPv6 address.
///
/// IPv4-mapped IPv6 addresses (`::ffff:10.0.0.1`) are read as the IPv4 address that they name, as Go's `net.IP` does,
/// so one address has one value, one text and one file name.
package enum IPAddress: Hashable, Sendable {
    /// The 32 bits in host order: 10.0.0.1 is `0x0a00_0001`.
    case v4(UInt32)
    /// The upper and the lower 64 bits, in host order.
    case v6(UInt64, UInt64)

    /// The address family.
    package enum Family: Hashable, Sendable, CaseIterable, Comparable {
        case v4, v6

        /// 32 or 128: the longest prefix, and the one of a single address.
        package var bitWidth: Int { self == .v4 ? 32 : 128 }
        /// `"ip"` or `"ip6"`, as nftables names it.
        package var nftablesName: String { self == .v4 ? "ip" : "ip6" }
    }

    /// The address family.
    package var family: Family {
        switch self {
        case .v4: .v4
        case .v6: .v6
        }
    }

    /// `0.0.0.0` or `::`.
    package static func unspecified(_ family: Family) -> IPAddress {
        family == .v4 ? .v4(0) : .v6(0, 0)
    }

    /// The address `offset` places further (or back), or nil past the family's end.
    package func advanced(by offset: Int) -> IPAddress? {
        switch self {
        case .v4(let bits):
            return UInt32(exactly: Int(bits) + offset).map(IPAddress.v4)
        case .v6(let high, let low):
            let magnitude = UInt64(offset.magnitude)
            if offset >= 0 {
                let (sum, carry) = low.addingReportingOverflow(magnitude)
                let (upper, overflow) = high.addingReportingOverflow(carry ? 1 : 0)
                return overflow ? nil : .v6(upper, sum)
            }
            let (difference, borrow) = low.subtractingReportingOverflow(magnitude)
            let (upper, overflow) = high.subtractingReportingOverflow(borrow ? 1 : 0)
            return overflow ? nil : .v6(upper, difference)
        }
    }

    /// The bytes in network order: 4 or 16 of them.
    package var bytes: [UInt8] {
        switch self {
        case .v4(let bits):
            (0..<4).map { UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0)) }
        case .v6(let high, let low):
            (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * $0)) }
                + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * $0)) }
        }
    }

    /// The address with these bytes in network order, or nil unless there are 4 or 16.
    ///
    /// Sixteen bytes stay IPv6, mapped or not: they come from the kernel, which means what it says.
    package init?(bytes: [UInt8]) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in bytes {
            high = high << 8 | low >> 56
            low = low << 8 | UInt64(byte)
        }
        switch bytes.count {
        case 4: self = .v4(UInt32(low))
        case 16: self = .v6(high, low)
        default: return nil
        }
    }

    /// The same for a part of an array.
    package init?(bytes: some Collection<UInt8>) { self.init(bytes: Array(bytes)) }
}

extension IPAddress: Comparable {
    /// IPv4 before IPv6, then by number.
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        switch (left, right) {
        case (.v4(let a), .v4(let b)): a < b
        case (.v6(let ah, let al), .v6(let bh, let bl)): (ah, al) < (bh, bl)
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}

extension IPAddress {
    /// 0.0.0.0 or ::
    package var isUnspecified: Bool { self == .unspecified(family) }

    /// 127.0.0.0/8 or ::1
    package var isLoopback: Bool {
        switch self {
        case .v4(let bits): bits >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }

    /// 169.254.0.0/16 or fe80::/10
    package var isLinkLocal: Bool {
        switch self {
        case .v4(let bits): bits >> 16 == 0xa9fe
        case .v6(let high, _): high >> 54 == 0x3fa
        }
    }

    /// 224.0.0.0/4 or ff00::/8
    package var isMulticast: Bool {
        switch self {
        case .v4(let bits): bits >> 28 == 0xe
        case .v6(let high, _): high >> 56 == 0xff
        }
    }
}
