package import Addressing

/// Which of the node's addresses node ports are open at.
package struct NodePortSelection: Hashable, Sendable {
    /// One way to name addresses.
    package enum Item: Hashable, Sendable {
        /// Those that the node speaks to the outside with.
        case primary
        /// Those in a network.
        case within(CIDR)

        /// Reads `primary` or a network.
        package init(parsing text: String) throws(InvalidValue) {
            if text == "primary" {
                self = .primary
            } else if let range = CIDR(text) {
                self = .within(range.network)
            } else {
                throw InvalidValue(text, isNot: "'primary' or a CIDR")
            }
        }
    }

    /// All that are named.
    package var items: [Item]

    /// kube-proxy's default in nftables mode.
    package static let primary = NodePortSelection([.primary])

    /// Names addresses.
    package init(_ items: [Item]) { self.items = items }

    /// The addresses among the node's.
    ///
    /// A family with no primary address has no route to the outside: there all of its addresses count, as for kube-proxy
    /// on a node whose address it cannot find.
    package func addresses(among all: [IPAddress], preferred: [IPAddress]) -> [IPAddress] {
        Set(items.flatMap { addresses($0, among: all, preferred) }).sorted()
    }

    /// Where a server listens that answers at the same addresses.
    ///
    /// Where node ports are open at all addresses it is the unspecified one, so that it is also reached at addresses
    /// that are not the node's own but delivered to it, such as a load balancer's. IPv6's includes IPv4, so it stands
    /// for both or neither.
    package func listening(among all: [IPAddress], preferred: [IPAddress]) -> [IPAddress] {
        let open = addresses(among: all, preferred: preferred)
        let whole = items.compactMap { item -> IPAddress.Family? in
            if case .within(let range) = item, range.prefixLength == 0 { range.family } else { nil }
        }
        guard whole.contains(.v4) else { return open }
        let hasIPv6 = all.contains { $0.family == .v6 }
        if whole.contains(.v6) { return [.unspecified(hasIPv6 ? .v6 : .v4)] }
        return [.unspecified(.v4)] + open.filter { $0.family == .v6 }
    }

    private func addresses(_ item: Item, among all: [IPAddress], _ preferred: [IPAddress]) -> [IPAddress] {
        switch item {
        case .primary:
            preferred
                + all.filter { address in !preferred.contains { $0.family == address.family } }
        case .within(let range):
            all.filter { range.contains($0) }
        }
    }
}
