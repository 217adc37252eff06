/// How one row has changed since it was last printed: a line of `netctl … -w -o json`.
package struct WatchEvent<Item: Row>: Codable, Hashable, Sendable {
    /// What happened to it. In capitals, as Kubernetes writes it.
    package enum Kind: String, Codable, Hashable, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }

    /// What happened.
    package var type: Kind
    /// The row as it is now; a deleted one as it was.
    package var object: Item

    /// Pairs the two.
    package init(_ type: Kind, _ object: Item) {
        self.type = type
        self.object = object
    }

    /// What leads from one list to another: deletions first, then the rest in the order of the new list.
    ///
    /// A row in which only counters have changed has not changed.
    package static func events(from old: [Item], to new: [Item]) -> [WatchEvent] {
        let before = Dictionary(old.map { ($0.identity, $0.withoutCounters) }, uniquingKeysWith: { $1 })
        let identities = Set(new.map(\.identity))
        let deleted = old.filter { !identities.contains($0.identity) }.map { WatchEvent(.deleted, $0) }
        let rest = new.compactMap { row -> WatchEvent? in
            guard let former = before[row.identity] else { return WatchEvent(.added, row) }
            return former == row.withoutCounters ? nil : WatchEvent(.modified, row)
        }
        return deleted + rest
    }
}
