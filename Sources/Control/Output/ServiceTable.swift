/// The drawn form of `netctl services`.
enum ServiceTable {
    static let columns = ["NAMESPACE", "NAME", "TYPE", "VIP", "PORTS", "ENDPOINTS", "POLICY", "KERNEL", "AGE"]
    /// The columns of `-o wide` that stand before KERNEL.
    static let wideColumns = ["AFFINITY", "SOURCE"]

    /// The rows alone.
    static func table(_ items: [ServiceItem], now: Timestamp, wide: Bool) -> TextTable {
        let columns = wide ? columns.dropLast(2) + wideColumns + columns.suffix(2) : columns
        return TextTable(columns: columns, rows: items.map { row($0, now: now, wide: wide) })
    }

    private static func row(_ item: ServiceItem, now: Timestamp, wide: Bool) -> [Cell] {
        [
            Cell(item.namespace, orDash: .plain),
            Cell(item.name, orDash: .plain),
            Cell(item.type, orDash: .plain),
            Cell(item.vips.joined(separator: ","), orDash: .plain),
            Cell(item.ports.map(port).joined(separator: " "), orDash: .plain),
            endpoints(item.endpoints),
            Cell(policies(item.policies)),
        ] + (wide ? wideCells(item) : []) + [
            Cell(item.kernel?.state.rawValue, orDash: item.kernel.map { $0.state.tone } ?? .plain),
            Cell(item.since.map { Age.text(from: $0, to: now) }, orDash: .plain),
        ]
    }

    private static func wideCells(_ item: ServiceItem) -> [Cell] {
        let origin = item.origin.map { $0.file + ($0.line.map { ":\($0)" } ?? "") }
        return [Cell(item.policies.sessionAffinity, orDash: .plain), Cell(origin, orDash: .plain)]
    }

    /// `http:80→80`, `dns:53→53/udp`, `443→4432`; several targets where endpoints differ, none without endpoints.
    private static func port(_ port: ServiceItem.PortItem) -> String {
        let name = port.name.isEmpty ? "" : "\(port.name):"
        let targets = port.targets.isEmpty ? "-" : port.targets.map(String.init).joined(separator: ",")
        return "\(name)\(port.port)→\(targets)" + (port.protocol == "tcp" ? "" : "/\(port.protocol)")
    }

    /// `2/3`; `?/3` when nobody knows which are ready.
    private static func endpoints(_ count: ServiceItem.Count) -> Cell {
        guard let ready = count.ready else { return Cell("?/\(count.total)") }
        let tone: Cell.Tone = ready == 0 ? .bad : ready < count.total ? .transient : .good
        return Cell("\(ready)/\(count.total)", tone)
    }

    private static func policies(_ policies: ServiceItem.Policies) -> String {
        guard policies.internal != nil || policies.external != nil else { return "-" }
        return "\(policies.internal ?? "-")/\(policies.external ?? "-")"
    }

    /// The lines below the table.
    static func summary(_ items: [ServiceItem], from provenance: Provenance) -> [String] {
        let problems = items.flatMap { item in
            item.problems.map { Cell("\(item.namespace)/\(item.name): \($0)").text }
        }
        let count = items.filter(\.isProblem).count
        guard count > 0 else { return problems }
        let what = count == 1 ? "1 service with problems" : "\(count) services with problems"
        return problems + ["\(what).  Next: netctl endpoints --problems · \(provenance.statusCommand)"]
    }
}
