/// The drawn form of `netctl status`: one screen about the daemon.
package enum StatusReport {
    /// All lines.
    package static func lines(_ list: StatusList, now: Timestamp, _ palette: Palette) -> [String] {
        list.items.flatMap { status in
            let daemon = [daemon(status, node: list.metadata.node, now)] + watches(status)
            let facts = [sync(status, at: list.metadata.syncedAt, now), objects(status)]
            return (daemon + facts + tables(status.tables)).map { Cell($0).text } + problems(status, palette)
        }
    }

    private static func daemon(_ status: Status, node: String, _ now: Timestamp) -> String {
        let source = status.source
        let state = source.problem ?? reading(source, hasProblems: !status.problems.isEmpty)
        return
            "daemon    podnetd \(status.version) (pid \(status.pid)) up \(Age.text(from: status.startedAt, to: now))  "
            + "source \(source.kind) \(source.location) (\(state))  node \(node)"
    }

    private static func reading(_ source: Status.Source, hasProblems: Bool) -> String {
        if source.isComplete { return "read completely" }
        return hasProblems ? "not read completely: see the problems below" : "not read completely yet"
    }

    private static func watches(_ status: Status) -> [String] {
        let watches = status.source.watches ?? []
        let width = watches.map(\.resource.count).max() ?? 0
        return watches.map { watch in
            let name = watch.resource + String(repeating: " ", count: width - watch.resource.count)
            let state = watch.isWatching ? "watching" : "listing "
            let version = watch.resourceVersion.map { "  resource version \($0)" } ?? ""
            return "watch     \(name)  \(state)\(version)" + (watch.problem.map { "  (\($0))" } ?? "")
        }
    }

    private static func sync(_ status: Status, at synced: Timestamp?, _ now: Timestamp) -> String {
        let settled = synced.map { "in the kernel \(Age.text(from: $0, to: now)) ago" } ?? "not in the kernel yet"
        let change = status.lastSync.map { sync in
            let elements = sync.changes == 1 ? "1 element" : "\(sync.changes) elements"
            let cost = "\(milliseconds(sync.seconds)) ms, \(elements)"
            return "   last change gen \(sync.generation) \(Age.text(from: sync.at, to: now)) ago (\(cost))"
        }
        return "sync      gen \(status.generation) \(settled)\(change ?? "")   failures \(status.syncFailures)   "
            + "drift repaired \(status.driftRepaired)"
    }

    private static func objects(_ status: Status) -> String {
        let objects = status.objects
        return "objects   services \(objects.services) (\(objects.servicesWithoutEndpoints) without endpoints)  "
            + "endpoints \(objects.endpoints) (\(objects.readyEndpoints) ready)"
    }

    private static func tables(_ tables: [Status.TableStatus]) -> [String] {
        let rows = tables.map { table in
            let facts =
                table.present
                ? [
                    "frontends \(table.frontends)", "endpoints \(table.endpoints)",
                    table.owned ? "owned" : "not owned: others can change it, podnetd takes it back",
                ] : ["", "", "not in the kernel"]
            return (["table   ", table.name] + facts).map { Cell($0) }
        }
        return TextTable(columns: ["", "", "", "", ""], rows: rows).lines(headings: false, .none)
    }

    private static func problems(_ status: Status, _ palette: Palette) -> [String] {
        status.problems.map { problem in
            let object = problem.object + (problem.field.map { " \($0)" } ?? "")
            return palette.paint("problem", .bad) + Cell("   \(object): \(problem.reason)").text
        }
    }

    /// With one decimal: `4.1`.
    private static func milliseconds(_ seconds: Double) -> String {
        let tenths = seconds.isFinite ? Int(clamping: Int64(max(0, min(seconds, 1e9)) * 10_000 + 0.5)) : 0
        return "\(tenths / 10).\(tenths % 10)"
    }
}
