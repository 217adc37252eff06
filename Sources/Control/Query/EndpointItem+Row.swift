extension EndpointItem: Row {
    /// `endpoint/default/web/10.96.14.20:80/tcp/10.11.23.2:80`
    package var identity: String {
        let target =
            endpoint.map { SocketText.of($0.address, $0.port) } ?? "\(kernel?.index.map(String.init) ?? "none")"
        return "endpoint/\(namespace)/\(service)/\(frontendText)/\(target)"
    }

    /// The service, the pod, and both addresses with and without port.
    package var names: Set<String> {
        var names: Set<String> = [vip, SocketText.of(vip, port), frontendText]
        names.formUnion(NameForms.of(service, in: namespace, kinds: ["svc", "service"]))
        if let endpoint {
            names.formUnion([endpoint.address, SocketText.of(endpoint.address, endpoint.port)])
            if let pod = endpoint.pod { names.formUnion(NameForms.of(pod, in: namespace, kinds: ["po", "pod"])) }
        }
        return names
    }

    /// The service's.
    package var inNamespace: String { namespace }

    /// Whether something is wrong that does not pass by itself: wanted and not there, there and not wanted, or nothing
    /// behind a port at all. Endpoints that are not ready or on their way out are none while others serve.
    package var isProblem: Bool {
        let wrong: Set<KernelState> = [.missing, .stale, .reject]
        let broken: Set<EndpointState> = [.noEndpoints, .invalid]
        return broken.contains(state) || kernel.map { wrong.contains($0.state) } == true
    }

    /// Without connections and generations.
    package var withoutCounters: Self {
        var row = self
        row.kernel?.connections = nil
        row.desired?.generation = 0
        row.applied?.generation = 0
        return row
    }

    /// The drawn form.
    package static func table(_ rows: [Self], now: Timestamp, wide: Bool) -> TextTable {
        EndpointTable.table(rows, wide: wide)
    }

    /// Which services have problems.
    package static func summary(_ rows: [Self], from provenance: Provenance) -> [String] {
        EndpointTable.summary(rows, from: provenance)
    }
}

/// The ways in which people write the name of an object.
enum NameForms {
    /// `web`, `default/web`, `svc/web`, `svc/default/web`
    static func of(_ name: String, in namespace: String, kinds: [String]) -> [String] {
        guard !name.isEmpty else { return [] }
        return [name, "\(namespace)/\(name)"] + kinds.flatMap { ["\($0)/\(name)", "\($0)/\(namespace)/\(name)"] }
    }
}
