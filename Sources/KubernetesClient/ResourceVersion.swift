/// Where in a resource's history something is: opaque, only to be handed back.
package struct ResourceVersion: Hashable, Sendable, CustomStringConvertible {
    /// As the server wrote it; not empty.
    package let description: String

    /// Nil for the empty text, and for `0`, which stands for any version at all.
    package init?(_ text: String) {
        guard !text.isEmpty, text != "0" else { return nil }
        description = text
    }

    /// Whether it is certainly earlier: versions that are numbers can be compared (KEP-5504), others cannot.
    package func isBefore(_ other: ResourceVersion) -> Bool {
        guard let mine = UInt64(description), let others = UInt64(other.description) else { return false }
        return mine < others
    }
}
