/// The drawn form of `netctl pods`.
enum PodTable {
    static let columns = [
        "NAMESPACE", "POD", "CONTAINER", "IF", "IP", "HOST-IF", "BRIDGE", "NETNS", "NETWORK", "STATE", "AGE",
    ]
    /// The columns that only `-o wide` has, at the end.
    static let wideColumns = ["MAC", "MTU", "RX/TX", "REASON"]

    /// The rows alone.
    static func table(_ items: [PodItem], now: Timestamp, wide: Bool) -> TextTable {
        TextTable(
            columns: columns + (wide ? wideColumns : []),
            rows: items.map { row($0, now: now, wide: wide) + (wide ? wideCells($0) : []) }
        )
    }

    private static func row(_ item: PodItem, now: Timestamp, wide: Bool) -> [Cell] {
        let isOrphan = item.state == .orphan
        return [
            Cell(item.namespace, orDash: .plain),
            Cell(item.pod, orDash: .plain),
            Cell(wide ? item.containerID : shortened(item.containerID)),
            Cell(item.ifName, orDash: .plain),
            Cell(item.addresses.joined(separator: ","), orDash: .plain),
            item.hostLink.map { Cell($0.name) } ?? (isOrphan ? Cell("(gone)", .bad) : Cell("-")),
            Cell(item.hostLink?.bridge, orDash: .plain),
            netns(item.netns),
            Cell(item.network),
            Cell(item.state.rawValue, tone(item.state)),
            Cell(item.since.map { Age.text(from: $0, to: now) }, orDash: .plain),
        ]
    }

    private static func wideCells(_ item: PodItem) -> [Cell] {
        let traffic = item.hostLink.flatMap { link in
            link.received.flatMap { received in link.sent.map { "\(ByteCount.text(received))/\(ByteCount.text($0))" } }
        }
        return [
            Cell(item.mac, orDash: .plain),
            Cell(item.hostLink?.mtu.map(String.init), orDash: .plain),
            Cell(traffic, orDash: .plain),
            Cell(item.reason ?? ""),
        ]
    }

    private static func netns(_ netns: PodItem.Netns?) -> Cell {
        guard let netns else { return Cell("-") }
        return netns.exists ? Cell(netns.path) : Cell("(gone)", .bad)
    }

    /// The first twelve characters, as runtimes show container IDs; what was cut is shown to be cut.
    private static func shortened(_ containerID: String) -> String {
        containerID.count > 13 ? containerID.prefix(12) + "…" : containerID
    }

    private static func tone(_ state: AttachmentState) -> Cell.Tone {
        switch state {
        case .up: .good
        case .down: .transient
        case .orphan: .bad
        default: .plain
        }
    }

    /// The lines below the table.
    static func summary(_ items: [PodItem]) -> [String] {
        var parts: [String] = []
        let orphans = items.filter { $0.state == .orphan }.count
        if orphans > 0 { parts.append("\(orphans) orphan\(orphans > 1 ? "s" : ""): netctl pods -o wide says why") }
        let living = items.first { $0.state == .up && $0.netns?.exists == true }
        if let path = living?.netns?.path {
            parts.append(Cell("enter one with: nsenter --net=\(path) ip -br addr").text)
        }
        return parts.isEmpty ? [] : [parts.joined(separator: "      ")]
    }
}

/// A number of bytes for people.
enum ByteCount {
    /// Three digits and a unit of 1,000s: `340`, `88k`, `1.2M`.
    static func text(_ bytes: UInt64) -> String {
        var value = bytes
        var rest: UInt64 = 0
        for unit in ["", "k", "M", "G", "T", "P", "E"] {
            if value < 1_000 {
                return value < 10 && !unit.isEmpty ? "\(value).\(rest / 100)\(unit)" : "\(value)\(unit)"
            }
            rest = value % 1_000
            value /= 1_000
        }
        return "\(bytes)"
    }
}
