package import Addressing

/// What makes a range or a range set unusable, in the words that host-local's users know.
package struct InvalidRange: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A run of addresses in one subnet, from which pods get theirs.
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    /// The network that the addresses are in; no host bits.
    package let subnet: CIDR
    /// The first address that may be given out.
    package let start: IPAddress
    /// The last address that may be given out.
    package let end: IPAddress
    /// The address that pods route through, never given out; nil for a subnet of one or two addresses unless
    /// configured, since every one of those belongs to a pod (RFC 3021).
    package let gateway: IPAddress?

    /// Takes what the configuration gives and fills in the rest: from the second address to the last one that is no
    /// broadcast address, and the second address as the gateway. Of one or two addresses, all are used.
    package init(
        subnet: CIDR,
        start: IPAddress? = nil,
        end: IPAddress? = nil,
        gateway: IPAddress? = nil
    ) throws(InvalidRange) {
        guard subnet.address == subnet.first else {
            throw InvalidRange(
                "Network has host bits set. For a subnet mask of length \(subnet.prefixLength) "
                    + "the network address is \(subnet.first)"
            )
        }
        if let gateway, gateway.family != subnet.family {
            throw InvalidRange("gateway \(gateway) is not the same protocol as subnet \(subnet)")
        }
        self.subnet = subnet
        self.start = start ?? Self.defaultStart(subnet)
        self.end = end ?? Self.defaultEnd(subnet)
        self.gateway = gateway ?? Self.defaultGateway(subnet)
        guard subnet.contains(self.start) else {
            throw InvalidRange("RangeStart \(self.start) not in network \(subnet)")
        }
        guard subnet.contains(self.end), self.start <= self.end else {
            throw InvalidRange("RangeEnd \(self.end) not in network \(subnet)")
        }
    }

    /// Whether the address may be given out from here; the gateway is not told apart.
    package func contains(_ address: IPAddress) -> Bool {
        address.family == subnet.family && start <= address && address <= end
    }

    /// Whether both ranges hold some address.
    package func overlaps(_ other: AddressRange) -> Bool {
        subnet.family == other.subnet.family && start <= other.end && other.start <= end
    }

    /// `start-end`
    package var description: String { "\(start)-\(end)" }

    /// Fewer than two host bits: there is neither a network nor a broadcast address to leave out.
    private static func isPointToPoint(_ subnet: CIDR) -> Bool {
        subnet.prefixLength >= subnet.family.bitWidth - 1
    }

    private static func defaultStart(_ subnet: CIDR) -> IPAddress {
        defaultGateway(subnet) ?? subnet.first
    }

    private static func defaultGateway(_ subnet: CIDR) -> IPAddress? {
        isPointToPoint(subnet) ? nil : subnet.first.advanced(by: 1)
    }

    /// IPv6 has no broadcast address.
    private static func defaultEnd(_ subnet: CIDR) -> IPAddress {
        guard subnet.family == .v4, !isPointToPoint(subnet) else { return subnet.last }
        return subnet.last.advanced(by: -1) ?? subnet.last
    }
}

/// Ranges of one family that are tried in their order: every pod gets one address of each set.
package struct RangeSet: Hashable, Sendable, CustomStringConvertible {
    /// At least one, no two sharing an address.
    package let ranges: [AddressRange]

    /// Takes ranges of one family of which no two overlap.
    package init(_ ranges: [AddressRange]) throws(InvalidRange) {
        guard let first = ranges.first else { throw InvalidRange("empty range set") }
        guard ranges.allSatisfy({ $0.subnet.family == first.subnet.family }) else {
            throw InvalidRange("mixed address families")
        }
        for (position, range) in ranges.enumerated() {
            if let other = ranges[(position + 1)...].first(where: range.overlaps) {
                throw InvalidRange("subnets \(range) and \(other) overlap")
            }
        }
        self.ranges = ranges
    }

    /// The family of all its ranges.
    package var family: IPAddress.Family { ranges.first?.subnet.family ?? .v4 }

    /// The range that an address may be given out from, or nil.
    package func range(of address: IPAddress) -> AddressRange? {
        ranges.first { $0.contains(address) }
    }

    /// Whether an address may be given out from here; gateways are not told apart.
    package func contains(_ address: IPAddress) -> Bool {
        range(of: address) != nil
    }

    /// Whether some address is one of a range's gateways.
    package func isGateway(_ address: IPAddress) -> Bool {
        ranges.contains { $0.gateway == address }
    }

    /// Whether both sets hold some address.
    package func overlaps(_ other: RangeSet) -> Bool {
        ranges.contains { range in other.ranges.contains(where: range.overlaps) }
    }

    /// `start-end,start-end`
    package var description: String { ranges.map(\.description).joined(separator: ",") }
}
