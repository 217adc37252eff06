import Glibc

/// The rows of a benchmark, as a table for people or one JSON object a line.
struct Report {
    /// One comparison. Ratios are ours over the reference's, so smaller is better unless `isRate`.
    struct Row {
        let name: String
        let ours: Double
        /// Nil where nothing is compared.
        let reference: Double?
        /// What the ratio must not exceed (or, for rates, not fall below); nil where it only informs.
        let budget: Double?
        let unit: String
        var isRate = false

        var ratio: Double? { reference.map { ours / $0 } }

        var verdict: String {
            guard let ratio, let budget else { return "" }
            let isMet = isRate ? ratio >= budget : ratio <= budget
            return isMet ? "met" : "MISSED"
        }
    }

    let asJSON: Bool
    private var rows: [Row] = []

    init(asJSON: Bool) {
        self.asJSON = asJSON
    }

    mutating func add(_ row: Row) {
        rows.append(row)
        if asJSON { print(json(row)) } else { say("  measured: \(row.name)") }
    }

    func finish() {
        guard !asJSON else { return }
        let header = ["", "ours", "reference", "ratio", "budget", "unit", ""]
        let cells = rows.map { row in
            [
                row.name, number(row.ours), row.reference.map(number) ?? "-", row.ratio.map(number) ?? "-",
                row.budget.map { (row.isRate ? "≥ " : "≤ ") + number($0) } ?? "-", row.unit, row.verdict,
            ]
        }
        let widths = header.indices.map { column in ([header] + cells).map { $0[column].count }.max() ?? 0 }
        for line in [header] + cells {
            let padded = zip(line, widths).enumerated().map { column, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 || column >= 5 ? cell.0 + space : space + cell.0
            }
            print(padded.joined(separator: "  "))
        }
    }

    private func json(_ row: Row) -> String {
        func value(_ number: Double?) -> String { number.map { "\($0)" } ?? "null" }
        return #"{"name":"\#(row.name)","ours":\#(value(row.ours)),"reference":\#(value(row.reference)),"#
            + #""ratio":\#(value(row.ratio)),"budget":\#(value(row.budget)),"unit":"\#(row.unit)"}"#
    }

    /// Three significant digits.
    private func number(_ value: Double) -> String {
        guard value.isFinite else { return "?" }
        let digits = value == 0 ? 0 : max(0, 2 - Int(log10(abs(value)).rounded(.down)))
        var text = "\((value * pow(10, Double(digits))).rounded() / pow(10, Double(digits)))"
        if digits == 0, text.hasSuffix(".0") { text.removeLast(2) }
        return text
    }
}
