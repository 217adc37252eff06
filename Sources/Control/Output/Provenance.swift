import NetworkModel

/// Where the rows of an answer come from: the line above a table, and the metadata of a document.
package struct Provenance: Hashable, Sendable {
    /// What came of asking the daemon.
    package enum Daemon: Hashable, Sendable {
        /// Its answer's metadata.
        case answered(Metadata)
        /// Why there is no answer.
        case unreachable(String)
        case notAsked
    }

    /// This node's name.
    package var node: String
    /// When the answer was put together.
    package var now: Timestamp
    /// The daemon's part.
    package var daemon: Daemon
    /// The kernel's part.
    package var kernel: KernelReading

    /// Describes where an answer comes from.
    package init(node: String, now: Timestamp, daemon: Daemon, kernel: KernelReading) {
        self.node = node
        self.now = now
        self.daemon = daemon
        self.kernel = kernel
    }

    /// `source: daemon gen 418 (synced 2s ago) + kernel table ip podnet          node edge1`
    package var line: String { "\(sourceLine)          node \(nodeName)" }

    /// The same without the node.
    package var sourceLine: String { "source: \(parts.joined(separator: " + "))" }

    /// The same for a document.
    package var metadata: Metadata {
        var sources: [Metadata.Source] = []
        if case .answered = daemon { sources.append(.daemon) }
        if kernel.view != nil { sources.append(.kernel) }
        let answer = answer
        return Metadata(
            node: nodeName,
            generatedAt: now,
            sources: sources,
            generation: answer?.generation,
            run: answer?.run,
            syncedAt: answer?.syncedAt,
            partial: !warnings.isEmpty || answer?.partial == true,
            warnings: (answer?.warnings ?? []) + warnings
        )
    }

    /// What tells more of the daemon: its own status, or its service's when it does not answer.
    package var statusCommand: String {
        guard case .unreachable = daemon else { return "netctl status" }
        return "systemctl status podnetd"
    }

    private var answer: Metadata? {
        guard case .answered(let metadata) = daemon else { return nil }
        return metadata
    }

    private var nodeName: String {
        guard let node = answer?.node, !node.isEmpty else { return node }
        return node
    }

    private var warnings: [String] {
        var warnings: [String] = []
        if case .unreachable(let reason) = daemon { warnings.append(reason) }
        if case .unreadable(let reason) = kernel { warnings.append(reason) }
        return warnings
    }

    private var parts: [String] {
        switch (daemon, kernel) {
        case (.answered(let metadata), let kernel):
            ([daemonPart(metadata)] + [kernelPart(kernel)]).compactMap { $0 }
        case (.unreachable, .view(let view)): ["kernel only (daemon unreachable\(lack(view)))"]
        case (.notAsked, .view(let view)): ["kernel only\(lack(view))"]
        case (.unreachable, _), (.notAsked, _): ["nothing"]
        }
    }

    private func lack(_ view: KernelView) -> String { view.tables.isEmpty ? ", no table of podnetd" : "" }

    private func daemonPart(_ metadata: Metadata) -> String {
        let generation = metadata.generation.map { " gen \($0)" } ?? ""
        let synced = metadata.syncedAt.map { "synced \(Age.text(from: $0, to: now)) ago" } ?? "not synced yet"
        return "daemon\(generation) (\(synced))"
    }

    private func kernelPart(_ kernel: KernelReading) -> String? {
        switch kernel {
        case .notAsked: return nil
        case .unreadable: return "kernel not readable"
        case .view(let view) where view.tables.isEmpty: return "kernel (no table of podnetd)"
        case .view(let view):
            let names = view.tables.sorted().map(\.description).joined(separator: ", ")
            return "kernel table\(view.tables.count > 1 ? "s" : "") \(names)"
        }
    }
}
