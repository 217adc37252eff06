extension PodItem: Row {
    /// `pod/podnet/4f1ac9…/eth0`, which is the attachment.
    package var identity: String { "pod/\(network)/\(containerID)/\(ifName ?? "-")" }

    /// The pod, the container, the addresses, the link on the host and the namespace.
    package var names: Set<String> {
        var names: Set<String> = [containerID, "ct:\(containerID)"]
        if let pod { names.formUnion(NameForms.of(pod, in: inNamespace, kinds: ["po", "pod"])) }
        for address in addresses {
            names.insert(address)
            names.insert(String(address.prefix { $0 != "/" }))
        }
        if let hostLink { names.insert(hostLink.name) }
        if let netns { names.insert(netns.path) }
        return names
    }

    /// The pod's; empty where no runtime named it.
    package var inNamespace: String { namespace ?? "" }

    /// Whether it is no longer whole.
    package var isProblem: Bool { state == .orphan || state == .down }

    /// Without traffic.
    package var withoutCounters: Self {
        var row = self
        row.hostLink?.received = nil
        row.hostLink?.sent = nil
        return row
    }

    /// The drawn form.
    package static func table(_ rows: [Self], now: Timestamp, wide: Bool) -> TextTable {
        PodTable.table(rows, now: now, wide: wide)
    }

    /// How many are orphans, and how to enter a living one.
    package static func summary(_ rows: [Self], from _: Provenance) -> [String] { PodTable.summary(rows) }
}
