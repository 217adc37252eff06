package import Addressing

/// An address on a link.
package struct LinkAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The link.
    package var link: LinkID
    /// Address and prefix length.
    package var cidr: CIDR

    /// Puts `cidr` on `link`.
    ///
    /// IPv6 addresses are always added without duplicate address detection: the allocator has seen to it already, and
    /// the one to two seconds that detection takes are a pod's start-up time.
    package init(_ link: LinkID, _ cidr: CIDR) {
        self.link = link
        self.cidr = cidr
    }

    /// `10.11.23.2/32 dev eth0 (container)`
    package var description: String { "\(cidr) dev \(link)" }

    /// By link, then by address.
    package static func < (left: Self, right: Self) -> Bool { (left.link, left.cidr) < (right.link, right.cidr) }
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
