package import Addressing

/// A rule that says which routing table packets are looked up in.
package struct RoutingRule: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The namespace.
    package var place: Place
    /// The packets' source; nil for a rule that asks for something else, or for more. Such a rule is looked at, never
    /// made or removed.
    package var source: CIDR?
    /// The routing table.
    package var table: UInt32

    /// Describes a rule; its priority is left to the kernel, which puts a new rule before the older ones.
    package init(_ place: Place, from source: CIDR?, table: UInt32) {
        self.place = place
        self.source = source
        self.table = table
    }

    /// `from 10.11.23.2/32 table 100 (container)`
    package var description: String {
        let packets = source.map { "from \($0)" } ?? "others"
        return "\(packets) table \(table)" + (place == .host ? "" : " (container)")
    }

    /// By namespace, then by table.
    package static func < (left: Self, right: Self) -> Bool {
        (left.place, left.table, left.description) < (right.place, right.table, right.description)
    }
}
