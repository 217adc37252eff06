/// Rows as text for programs, line by line.
package enum RowLines {
    /// What `-o name` prints.
    package static func names<Item: Row>(_ rows: [Item]) -> [String] { rows.map { Cell($0.identity).text } }

    /// Changed rows as lines of a table, their kind in front; columns are at least as wide as `widths`, and grow.
    package static func events<Item: Row>(
        _ events: [WatchEvent<Item>],
        now: Timestamp,
        wide: Bool,
        widths: inout [Int],
        _ palette: Palette
    ) -> [String] {
        let table = Item.table(events.map(\.object), now: now, wide: wide)
        let rows = zip(events, table.rows).map { [Cell($0.type.rawValue, tone($0.type))] + $1 }
        let whole = TextTable(columns: ["EVENT"] + table.columns, rows: rows)
        var needed = whole.widths(headings: true)
        needed[0] = longestEvent
        widths = widths.isEmpty ? needed : zip(widths, needed).map(max)
        return rows.map { TextTable.line($0, widths, palette) }
    }

    /// The headings above such lines.
    package static func eventHeadings<Item: Row>(
        of kind: Item.Type,
        now: Timestamp,
        wide: Bool,
        widths: [Int],
        _ palette: Palette
    ) -> String {
        let columns = ["EVENT"] + kind.table([], now: now, wide: wide).columns
        return TextTable.line(columns.map { Cell($0, .heading) }, widths, palette)
    }

    /// Later events stay in line with the first.
    private static let longestEvent = 8

    private static func tone<Item: Row>(_ type: WatchEvent<Item>.Kind) -> Cell.Tone {
        switch type {
        case .added: .good
        case .modified: .transient
        case .deleted: .bad
        }
    }
}
