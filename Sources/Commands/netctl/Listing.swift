import ArgumentParser
import Control
import Yams

/// Rows, and where they come from.
struct Snapshot<Item: Row> {
    /// The rows, all of them.
    let rows: [Item]
    /// Where they come from.
    let provenance: Provenance
    /// For documents.
    let metadata: Metadata
}

/// Prints one kind of row as the options say.
struct Listing<Item: Row> {
    /// What a row is called in sentences: `endpoint`.
    let noun: String
    /// The names that were given.
    let names: [String]
    /// Which rows, and how.
    let options: ListOptions
    /// Whether the line above the table says where the rows come from.
    var showsProvenance = true

    /// Prints a snapshot. Throws `.no` for names that nobody has, and for problems when those were asked for.
    func show(_ snapshot: Snapshot<Item>) throws {
        let terminal = Terminal(options.color)
        let filter = options.filter(names)
        let rows = sorted(filter.apply(to: snapshot.rows), snapshot.provenance.now)
        if options.output != .json, options.output != .yaml {
            snapshot.metadata.warnings.forEach { terminal.note("netctl: \($0)") }
        }
        try write(rows, snapshot, terminal)
        let unknown = filter.unknownNames(in: snapshot.rows)
        guard unknown.isEmpty else {
            throw Failure(.no, unknown.map { "no \(noun) named \($0)" + scope }, next: "netctl \(noun)s")
        }
        if rows.isEmpty { sayEmpty(filter, snapshot, terminal) }
        if options.problems, !rows.isEmpty { throw Failure(.no, []) }
    }

    /// What was looked for, where, and what to look at next.
    private func sayEmpty(_ filter: RowFilter, _ snapshot: Snapshot<Item>, _ terminal: Terminal) {
        let what = ["no \(noun)s", filter.description].filter { !$0.isEmpty }.joined(separator: " ")
        terminal.note("netctl: \(what)")
        if showsProvenance { terminal.note("  \(snapshot.provenance.sourceLine)") }
        guard !options.problems else { return }
        terminal.note("  next: \(next(snapshot))")
    }

    private func next(_ snapshot: Snapshot<Item>) -> String {
        if options.namespace != nil { return "netctl \(noun)s" }
        guard showsProvenance else { return "ip -brief link; ls /var/lib/cni/networks" }
        return snapshot.provenance.statusCommand
    }

    private var scope: String { options.namespace.map { " in namespace \($0)" } ?? "" }

    private func sorted(_ rows: [Item], _ now: Timestamp) -> [Item] {
        options.sortBy.flatMap { RowOrder.sorted(rows, by: $0, now: now) } ?? rows
    }

    private func write(_ rows: [Item], _ snapshot: Snapshot<Item>, _ terminal: Terminal) throws {
        switch options.output {
        case .table, .wide:
            var report = Item.report(rows, from: snapshot.provenance, wide: options.output == .wide)
            if !showsProvenance { report.above = nil }
            guard !rows.isEmpty else { return }
            try terminal.write(report.lines(headings: !options.noHeaders, terminal.palette))
        case .name:
            try terminal.write(RowLines.names(rows))
        case .json:
            let list = Envelope(metadata: snapshot.metadata, items: rows)
            try terminal.write(Array(ControlCoding.encode(list, .indented)))
        case .yaml:
            let list = Envelope(metadata: snapshot.metadata, items: rows)
            try terminal.write(Array(Yaml.encode(list).utf8))
        }
    }
}

/// YAML as `-o yaml` writes it.
enum Yaml {
    /// The value as one document.
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = YAMLEncoder()
        encoder.options.sortKeys = true
        return try encoder.encode(value)
    }
}
