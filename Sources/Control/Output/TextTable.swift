/// Text in columns, as wide as they need to be and never cut.
package struct TextTable: Hashable, Sendable {
    /// The headings.
    package var columns: [String]
    /// The rows; each has as many cells as there are columns.
    package var rows: [[Cell]]

    /// These columns and rows.
    package init(columns: [String], rows: [[Cell]]) {
        self.columns = columns
        self.rows = rows
    }

    /// One line per row, the headings first unless they are not wanted. No line ends in spaces.
    package func lines(headings: Bool, _ palette: Palette) -> [String] {
        let widths = widths(headings: headings)
        let heading = columns.map { Cell($0, .heading) }
        return ((headings ? [heading] : []) + rows).map { Self.line($0, widths, palette) }
    }

    /// How wide each column is.
    package func widths(headings: Bool) -> [Int] {
        columns.indices.map { column in
            let cells = rows.map { $0[column].width }
            return max(headings ? DisplayWidth.of(columns[column]) : 0, cells.max() ?? 0)
        }
    }

    /// One row in columns of these widths.
    package static func line(_ cells: [Cell], _ widths: [Int], _ palette: Palette) -> String {
        var line = ""
        var owed = 0
        for (cell, width) in zip(cells, widths) {
            if !cell.text.isEmpty {
                line += String(repeating: " ", count: owed) + palette.paint(cell)
                owed = 0
            }
            owed += max(0, width - cell.width) + 2
        }
        return line
    }
}

/// A text in a table, with what its colour says; the text alone says it, too.
package struct Cell: Hashable, Sendable {
    /// What a colour stands for.
    package enum Tone: Hashable, Sendable {
        case plain, good, transient, bad, heading
    }

    /// The text, without control characters.
    package let text: String
    /// What its colour says.
    package let tone: Tone

    /// Shows `text`; control characters become `?`, since names come from files that anybody may have written.
    package init(_ text: String, _ tone: Tone = .plain) {
        self.text = String(
            String.UnicodeScalarView(text.unicodeScalars.map { DisplayWidth.isControl($0) ? "?" : $0 })
        )
        self.tone = tone
    }

    /// Shows `text`, or `-` for nothing.
    package init(_ text: String?, orDash tone: Tone = .plain) {
        let shown = text.flatMap { $0.isEmpty ? nil : $0 } ?? "-"
        self.init(shown, tone)
    }

    /// How many columns of a terminal it takes.
    package var width: Int { DisplayWidth.of(text) }
}

/// Whether and how text is coloured.
package enum Palette: Hashable, Sendable {
    /// As it is.
    case none
    /// With the escape sequences that every terminal of the last forty years knows (ECMA-48 SGR).
    case ansi

    /// The cell's text in its colour.
    package func paint(_ cell: Cell) -> String { paint(cell.text, cell.tone) }

    /// The text in a colour.
    package func paint(_ text: String, _ tone: Cell.Tone) -> String {
        guard self == .ansi, let code = Self.code(tone) else { return text }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }

    private static func code(_ tone: Cell.Tone) -> String? {
        switch tone {
        case .plain: nil
        case .good: "32"
        case .transient: "33"
        case .bad: "31;1"
        case .heading: "1"
        }
    }
}

/// How many columns of a terminal text takes.
package enum DisplayWidth {
    /// Scalar by scalar: 0 for what is drawn over its neighbour, 2 for East Asian wide ones and emoji, otherwise 1.
    package static func of(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    /// C0, DEL and C1: what a terminal obeys instead of showing.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return isWide(scalar.value) ? 2 : 1
        }
    }

    /// The blocks of Unicode's EastAsianWidth.txt that are W or F throughout.
    private static func isWide(_ value: UInt32) -> Bool {
        let blocks: [ClosedRange<UInt32>] = [
            0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97c, 0xac00...0xd7a3, 0xf900...0xfaff,
            0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f7e0...0x1f7eb, 0x1f900...0x1f9ff,
            0x20000...0x3fffd,
        ]
        return blocks.contains { $0.contains(value) }
    }
}
