extension ServiceItem: Row {
    /// `service/default/web`
    package var identity: String { "service/\(namespace)/\(name)" }

    /// The name and the virtual IPs, with and without port.
    package var names: Set<String> {
        let sockets = vips.flatMap { vip in
            ports.flatMap { [SocketText.of(vip, $0.port), "\(SocketText.of(vip, $0.port))/\($0.protocol)"] }
        }
        return Set(NameForms.of(name, in: namespace, kinds: ["svc", "service"]) + vips + sockets)
    }

    /// Its own.
    package var inNamespace: String { namespace }

    /// Whether something is wrong with the service that does not pass by itself.
    package var isProblem: Bool {
        let wrong: Set<KernelState> = [.missing, .stale, .drift, .reject]
        return !problems.isEmpty || kernel.map { wrong.contains($0.state) } == true
    }

    /// It has none.
    package var withoutCounters: Self { self }

    /// The drawn form.
    package static func table(_ rows: [Self], now: Timestamp, wide: Bool) -> TextTable {
        ServiceTable.table(rows, now: now, wide: wide)
    }

    /// What is wrong with which service.
    package static func summary(_ rows: [Self], from provenance: Provenance) -> [String] {
        ServiceTable.summary(rows, from: provenance)
    }
}
