package import Addressing

/// An address on a link.
package struct LinkAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The link.
    package var link: LinkID
    /// Address and prefix length.
    package var cidr: CIDR
    /// Whether the kernel makes a route to the address's network by the link; without (IFA_F_NOPREFIXROUTE) the
    /// network is reached by whatever route somebody sets.
    package var hasPrefixRoute: Bool
    /// How a new address begins; never observed, never compared.
    package var detectsDuplicates: Bool

    /// Puts `cidr` on `link`.
    ///
    /// IPv6 addresses are added without duplicate address detection unless it is asked for: the allocator has seen to it
    /// already, and the one to two seconds that detection takes are a pod's start-up time.
    package init(_ link: LinkID, _ cidr: CIDR, hasPrefixRoute: Bool = true, detectsDuplicates: Bool = false) {
        self.link = link
        self.cidr = cidr
        self.hasPrefixRoute = hasPrefixRoute
        self.detectsDuplicates = detectsDuplicates && cidr.family == .v6
    }

    /// Without how it began.
    package static func == (left: Self, right: Self) -> Bool {
        left.link == right.link && left.cidr == right.cidr && left.hasPrefixRoute == right.hasPrefixRoute
    }

    /// As `==`.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(link)
        hasher.combine(cidr)
        hasher.combine(hasPrefixRoute)
    }

    /// `10.11.23.2/32 dev eth0 (container)`
    package var description: String { "\(cidr) dev \(link)" + (hasPrefixRoute ? "" : " noprefixroute") }

    /// By link, then by address.
    package static func < (left: Self, right: Self) -> Bool {
        func rank(_ address: Self) -> Int { address.hasPrefixRoute ? 1 : 0 }
        return (left.link, left.cidr, rank(left)) < (right.link, right.cidr, rank(right))
    }
}

/// A permanent entry of the neighbour table: this address is behind this hardware address, without asking.
package struct Neighbor: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The link that the neighbour is reached by.
    package var link: LinkID
    /// The neighbour's address.
    package var address: IPAddress
    /// Its hardware address.
    package var mac: MACAddress

    /// Describes an entry.
    package init(_ link: LinkID, _ address: IPAddress, _ mac: MACAddress) {
        self.link = link
        self.address = address
        self.mac = mac
    }

    /// `10.11.23.1 dev eth0 (container) lladdr 02:…`
    package var description: String { "\(address) dev \(link) lladdr \(mac)" }

    /// By link, then by address.
    package static func < (left: Self, right: Self) -> Bool { (left.link, left.address) < (right.link, right.address) }
}
