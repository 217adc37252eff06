import Addressing

/// Which rows were asked for.
package struct RowFilter: Hashable, Sendable {
    /// Only of this namespace; nil is all.
    package var namespace: String?
    /// Only those that have one of these names; empty is all.
    package var names: [String]
    /// Only those with problems.
    package var problemsOnly: Bool

    /// Asks for rows.
    package init(namespace: String? = nil, names: [String] = [], problemsOnly: Bool = false) {
        self.namespace = namespace
        self.names = names.map(Self.canonical)
        self.problemsOnly = problemsOnly
    }

    /// The rows that were asked for, in their order.
    package func apply<Item: Row>(to rows: [Item]) -> [Item] {
        rows.filter(matches)
    }

    /// The names that no row has, problems or not.
    package func unknownNames<Item: Row>(in rows: [Item]) -> [String] {
        let candidates = rows.filter(isInNamespace)
        return names.filter { name in !candidates.contains { has($0, name) } }
    }

    /// Says what was looked for: `named web in namespace default`.
    package var description: String {
        let parts = [
            names.isEmpty ? nil : "named \(names.joined(separator: " or "))",
            namespace.map { "in namespace \($0)" },
            problemsOnly ? "with problems" : nil,
        ]
        return parts.compactMap { $0 }.joined(separator: " ")
    }

    private func matches<Item: Row>(_ row: Item) -> Bool {
        guard isInNamespace(row), !problemsOnly || row.isProblem else { return false }
        return names.isEmpty || names.contains { has(row, $0) }
    }

    private func isInNamespace<Item: Row>(_ row: Item) -> Bool {
        namespace.map { $0 == row.inNamespace } ?? true
    }

    /// A container ID may be cut after four characters, as people do.
    private func has<Item: Row>(_ row: Item, _ name: String) -> Bool {
        if row.names.contains(name) { return true }
        guard name.hasPrefix("ct:"), name.utf8.count >= 7 else { return false }
        return row.names.contains { $0.hasPrefix(name) }
    }

    /// An address in the one way in which rows write it.
    private static func canonical(_ name: String) -> String {
        IPAddress(name)?.description ?? name
    }
}
