import Posix
package import ServiceProxy
import Synchronization

/// A cluster as a source of services: watches what a service proxy needs and tells what changes.
package final class Cluster: Sendable {
    /// What is worth a line in the log.
    package enum Notice: Sendable {
        /// A watch has trouble; the last state stays.
        case trouble(Resource, String)
        /// It has none any more.
        case recovered(Resource)
        /// The cluster says something else of this node.
        case node(NodeFacts?)
        /// It takes virtual addresses from elsewhere.
        case serviceCIDRs([ServiceCIDR])
    }

    fileprivate struct Memory {
        var state: ClusterState
        var reports: [Resource: WatchReport] = [:]
        var troubled: [Resource: String] = [:]
    }

    private let resources: [Resource]
    private let client: APIClient
    private let patience: Patience
    private let memory: Mutex<Memory>
    private let give: @Sendable (SourceUpdate) -> Void
    private let notice: @Sendable (Notice) -> Void

    /// Watches the cluster behind `access` for `node`; nothing happens before `run`.
    package init(
        _ access: ClusterAccess,
        node: String,
        acceptsEmptiness: Bool = false,
        needsNode: Bool = false,
        environment: [String: String],
        patience: Patience = Patience(),
        give: @escaping @Sendable (SourceUpdate) -> Void,
        notice: @escaping @Sendable (Notice) -> Void = { _ in }
    ) {
        resources = [.services, .endpointSlices, .node(node), .serviceCIDRs]
        client = APIClient(access, environment: environment, connectTimeout: patience.connect)
        memory = Mutex(Memory(state: ClusterState(acceptsEmptiness: acceptsEmptiness, needsNode: needsNode)))
        self.patience = patience
        self.give = give
        self.notice = notice
    }

    /// Watches until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for resource in resources {
                let reflector = Reflector(resource, client, patience) { [self] changes, report in
                    take(changes, report)
                }
                group.addTask { await reflector.run() }
            }
            group.addTask { [self] in
                while (try? await Task.sleep(for: .seconds(1))) != nil { pass() }
            }
        }
        await client.shutDown()
    }

    /// How the watches are, services first.
    package var reports: [WatchReport] {
        memory.withLock { memory in resources.compactMap { memory.reports[$0] } }
    }

    /// What the cluster says of this node.
    package var node: NodeFacts? { memory.withLock { $0.state.node } }

    /// Where the cluster takes virtual addresses from.
    package var serviceCIDRs: [ServiceCIDR] { memory.withLock { $0.state.serviceCIDRs } }
}

extension Cluster {
    private func take(_ changes: [ListWatch.Change], _ report: WatchReport) {
        let noticed = ContinuousClock.now
        let notices = memory.withLock { memory in
            let former = (node: memory.state.node, ranges: memory.state.serviceCIDRs)
            memory.reports[report.resource] = report
            for change in changes { memory.state.take(change, of: report.resource, at: MonotonicClock.now()) }
            memory.state.note(report.problem, of: report.resource)
            // Under the lock, so that updates are given in the order in which they were made.
            if let update = memory.state.takeUpdate(noticed: noticed) { give(update) }
            let trouble = memory.trouble(report)
            let (node, ranges) = (memory.state.node, memory.state.serviceCIDRs)
            return [
                trouble, node == former.node ? nil : .node(node), ranges == former.ranges ? nil : .serviceCIDRs(ranges),
            ]
            .compactMap(\.self)
        }
        for one in notices { notice(one) }
    }

    private func pass() {
        memory.withLock { memory in
            memory.state.pass(MonotonicClock.now())
            if let update = memory.state.takeUpdate(noticed: .now) { give(update) }
        }
    }
}

extension Cluster.Memory {
    /// What is news in how a watch is.
    mutating func trouble(_ report: WatchReport) -> Cluster.Notice? {
        let former = troubled[report.resource]
        guard former != report.problem else { return nil }
        if let problem = report.problem {
            troubled[report.resource] = problem
            return .trouble(report.resource, problem)
        }
        // Only what works again has recovered; another try has not.
        guard report.isWatching else { return nil }
        troubled[report.resource] = nil
        return .recovered(report.resource)
    }
}
