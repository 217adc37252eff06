import ArgumentParser
import Control

/// Prints rows, then each change of them, until it is interrupted.
struct Watching<Item: Row> {
    /// Which rows, and how.
    let options: ListOptions
    /// The names that were given.
    let names: [String]

    private var widths: [Int] = []
    private var shown: [Item] = []
    private var warned: [String] = []
    private let terminal: Terminal

    init(_ options: ListOptions, _ names: [String]) {
        self.options = options
        self.names = names
        terminal = Terminal(options.color)
    }

    /// How long to wait before looking again where nobody wakes us.
    private static var pause: Duration { .seconds(1) }

    /// Takes snapshots for ever; `snapshot` gets the daemon's state that has been shown, to wait for the next one.
    ///
    /// Once the daemon has answered, nothing is shown without it: its restart is not a change of every row.
    mutating func run(_ snapshot: (Revision?) async throws(Failure) -> Snapshot<Item>) async throws {
        var former: Snapshot<Item>?
        var revision: Revision?
        while true {
            let next = try await take(snapshot, revision, after: former)
            revision = next?.metadata.revision
            if let next {
                try show(next, isFirst: former == nil)
                let hasMoved = revision != nil && revision != former?.metadata.revision
                former = next
                if hasMoved { continue }
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// A snapshot, or nil while the daemon that answered before does not.
    private mutating func take(
        _ snapshot: (Revision?) async throws(Failure) -> Snapshot<Item>,
        _ revision: Revision?,
        after former: Snapshot<Item>?
    ) async throws(Failure) -> Snapshot<Item>? {
        do throws(Failure) {
            let next = try await snapshot(revision)
            let isLost = former?.metadata.revision != nil && next.metadata.revision == nil
            guard isLost else { return next }
            warn(next.metadata.warnings)
        } catch  where former != nil {
            warn(error.lines)
        }
        return nil
    }

    private mutating func show(_ snapshot: Snapshot<Item>, isFirst: Bool) throws {
        warn(snapshot.metadata.warnings)
        let rows = options.filter(names).apply(to: snapshot.rows)
        let events = WatchEvent.events(from: shown, to: rows)
        shown = rows
        try write(events, snapshot.provenance, isFirst: isFirst)
    }

    /// Says each thing once, until it is over.
    private mutating func warn(_ warnings: [String]) {
        for warning in warnings where !warned.contains(warning) { terminal.note("netctl: \(warning)") }
        warned = warnings
    }

    private mutating func write(_ events: [WatchEvent<Item>], _ provenance: Provenance, isFirst: Bool) throws {
        switch options.output {
        case .table, .wide:
            let wide = options.output == .wide
            var lines = RowLines.events(events, now: provenance.now, wide: wide, widths: &widths, terminal.palette)
            if isFirst, !options.noHeaders {
                let headings = RowLines.eventHeadings(
                    of: Item.self,
                    now: provenance.now,
                    wide: wide,
                    widths: widths,
                    terminal.palette
                )
                lines.insert(headings, at: 0)
            }
            try terminal.write(lines)
        case .name:
            try terminal.write(RowLines.names(events.map(\.object)))
        case .json:
            for event in events { try terminal.write(Array(ControlCoding.encode(event)) + [UInt8(ascii: "\n")]) }
        case .yaml:
            for event in events { try terminal.write(Array("---\n\(Yaml.encode(event))".utf8)) }
        }
    }
}
