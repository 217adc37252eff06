/// What `netctl` can list: has a name, can be picked, watched and drawn.
package protocol Row: ListItem {
    /// What `-o name` prints; two rows of one list never share it.
    var identity: String { get }

    /// Everything that a person may call it by.
    var names: Set<String> { get }

    /// The namespace that `-n` compares with.
    var inNamespace: String { get }

    /// Whether `--problems` shows it.
    var isProblem: Bool { get }

    /// The same without what changes all the time.
    var withoutCounters: Self { get }

    /// Rows in columns.
    static func table(_ rows: [Self], now: Timestamp, wide: Bool) -> TextTable

    /// The lines below the table; what to do next depends on who answered.
    static func summary(_ rows: [Self], from provenance: Provenance) -> [String]
}

extension Row {
    /// Everything that is printed for people.
    package static func report(_ rows: [Self], from provenance: Provenance, wide: Bool) -> Report {
        Report(
            above: provenance.line,
            table: table(rows, now: provenance.now, wide: wide),
            below: summary(rows, from: provenance)
        )
    }
}
