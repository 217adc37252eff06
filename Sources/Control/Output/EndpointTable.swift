/// The drawn form of `netctl endpoints`.
enum EndpointTable {
    /// The columns that are always there.
    static let columns = [
        "NAMESPACE", "SERVICE", "PORT", "VIP", "ENDPOINT", "POD", "NODE", "STATE", "KERNEL", "REASON",
    ]
    /// The columns of `-o wide` that stand before REASON.
    static let wideColumns = ["TABLE", "INDEX", "CONNS", "GEN"]

    /// The rows alone.
    static func table(_ items: [EndpointItem], wide: Bool) -> TextTable {
        let columns = wide ? columns.dropLast() + wideColumns + columns.suffix(1) : columns
        return TextTable(columns: columns, rows: items.map { row($0, wide: wide) })
    }

    private static func row(_ item: EndpointItem, wide: Bool) -> [Cell] {
        let endpoint = item.endpoint.map { SocketText.of($0.address, $0.port) } ?? "<none>"
        return [
            Cell(item.namespace, orDash: .plain),
            Cell(item.service, orDash: .plain),
            Cell(item.portName, orDash: .plain),
            Cell(item.frontendText),
            Cell(endpoint),
            Cell(item.endpoint?.pod, orDash: .plain),
            Cell(item.endpoint?.node, orDash: .plain),
            Cell(item.state.rawValue, tone(item.state)),
            Cell(item.kernel?.state.rawValue, orDash: item.kernel.map { $0.state.tone } ?? .plain),
        ] + (wide ? wideCells(item) : []) + [Cell(item.reason ?? "")]
    }

    private static func wideCells(_ item: EndpointItem) -> [Cell] {
        [
            Cell(item.kernel?.table, orDash: .plain),
            Cell(item.kernel?.index.map(String.init), orDash: .plain),
            Cell(item.kernel?.connections.map(String.init), orDash: .plain),
            Cell(item.applied.map { String($0.generation) }, orDash: .plain),
        ]
    }

    private static func tone(_ state: EndpointState) -> Cell.Tone {
        switch state {
        case .ready: .good
        case .notReady, .terminating, .excluded: .transient
        case .noEndpoints, .invalid, .undesired: .bad
        default: .plain
        }
    }

    /// The lines below the table.
    static func summary(_ items: [EndpointItem], from provenance: Provenance) -> [String] {
        let services = Set(items.filter(\.isProblem).map(ServiceName.init)).sorted()
        guard !services.isEmpty else { return [] }
        let names = services.map { $0.name.isEmpty ? "unnamed" : $0.name }
        let count = services.count == 1 ? "1 service with problems" : "\(services.count) services with problems"
        let status = provenance.statusCommand
        let next = items.allSatisfy(\.isProblem) ? status : "netctl endpoints --problems · \(status)"
        return [Cell("\(count) (\(names.joined(separator: ", "))).  Next: \(next)").text]
    }
}

extension KernelState {
    /// The colour of a word in the column KERNEL.
    var tone: Cell.Tone {
        switch self {
        case .ok: .good
        case .missing, .stale, .drift: .bad
        case .reject, .drop, .unknown: .transient
        default: .plain
        }
    }
}
