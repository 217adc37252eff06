/// Sorts rows by what a column of their table shows.
package enum RowOrder {
    /// The rows in the order of the column's texts, numbers by value; equal ones stay in their order. Nil when there is no
    /// such column.
    package static func sorted<Item: Row>(_ rows: [Item], by heading: String, now: Timestamp) -> [Item]? {
        let table = Item.table(rows, now: now, wide: true)
        guard let column = table.columns.firstIndex(of: heading.uppercased()) else { return nil }
        let keyed = zip(rows, table.rows).enumerated().map { place, pair in
            (item: pair.0, key: NaturalText(pair.1[column].text), place: place)
        }
        return keyed.sorted { $0.key == $1.key ? $0.place < $1.place : $0.key < $1.key }.map(\.item)
    }

    /// The columns that there are, for an error.
    package static func columns<Item: Row>(of kind: Item.Type) -> [String] {
        Item.table([], now: Timestamp(secondsSinceEpoch: 0), wide: true).columns
    }
}

/// A text whose runs of digits compare as numbers: `web-2` before `web-10`, `10.0.0.9` before `10.0.0.10`.
struct NaturalText: Comparable {
    private let parts: [Part]

    private enum Part: Comparable {
        case number(length: Int, String)
        case text(String)
    }

    init(_ text: String) {
        var parts: [Part] = []
        var rest = text[...]
        while let first = rest.first {
            let isDigit = Self.isDigit(first)
            let run = rest.prefix { Self.isDigit($0) == isDigit }
            rest = rest.dropFirst(run.count)
            parts.append(isDigit ? Self.number(run) : .text(String(run)))
        }
        self.parts = parts
    }

    static func < (left: Self, right: Self) -> Bool { left.parts.lexicographicallyPrecedes(right.parts) }

    /// Longer is larger once leading zeros are gone, however long.
    private static func number(_ digits: Substring) -> Part {
        let significant = String(digits.drop { $0 == "0" })
        return .number(length: significant.count, significant)
    }

    private static func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }
}
