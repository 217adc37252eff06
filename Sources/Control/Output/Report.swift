/// What is printed for people: a line above, a table, lines below.
package struct Report: Hashable, Sendable {
    /// The line above; nil for none.
    package var above: String?
    /// The table.
    package var table: TextTable
    /// The lines below.
    package var below: [String]

    /// Puts the three together.
    package init(above: String?, table: TextTable, below: [String]) {
        self.above = above
        self.table = table
        self.below = below
    }

    /// All lines; only those of the rows when headings are not wanted.
    package func lines(headings: Bool, _ palette: Palette) -> [String] {
        let rows = table.lines(headings: headings, palette)
        return headings ? (above.map { [$0] } ?? []) + rows + below : rows
    }
}
