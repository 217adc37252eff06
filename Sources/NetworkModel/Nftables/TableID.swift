/// A table of nftables: its family and its name.
package struct TableID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The families that we have tables in.
    package enum Family: String, Hashable, Sendable, CaseIterable {
        case ip, ip6, inet, bridge

        /// `NFPROTO_*`
        package var number: UInt8 {
            switch self {
            case .inet: 1
            case .ip: 2
            case .bridge: 7
            case .ip6: 10
            }
        }
    }

    /// The family.
    package let family: Family
    /// The name.
    package let name: String

    /// Names a table.
    package init(_ family: Family, _ name: String) {
        self.family = family
        self.name = name
    }

    /// `ip podnet`
    package var description: String { "\(family.rawValue) \(name)" }

    /// By family, then by name.
    package static func < (left: TableID, right: TableID) -> Bool {
        (left.family.rawValue, left.name) < (right.family.rawValue, right.name)
    }
}
