import Addressing
import Control
import KubernetesClient
import Logging
import Posix
import ServiceProxy

/// A cluster as the source of services.
final class ClusterWatch: Sendable {
    /// The API server.
    let server: String
    private let cluster: Cluster

    /// Watches the cluster behind `access`; what it finds goes into `inbox`.
    init(
        _ access: ClusterAccess,
        _ configuration: Configuration,
        inbox: ReconcilerInbox<ReconcilerEvent>,
        node: NodeWatch,
        logger: Logger
    ) {
        server = access.server.description
        cluster = Cluster(
            access,
            node: configuration.nodeName ?? "",
            acceptsEmptiness: configuration.acceptEmpty,
            needsNode: configuration.nodeCIDR,
            environment: StandardStreams.environment,
            give: { inbox.put(.source($0)) },
            notice: { notice in
                if case .node(let facts) = notice { node.use(facts) }
                Self.log(notice, logger)
            }
        )
    }

    /// Watches until the task is cancelled.
    func run() async {
        await cluster.run()
    }

    /// How the watches are.
    var watches: [Status.Source.Watch] {
        cluster.reports.map { report in
            Status.Source.Watch(
                resource: report.resource.name,
                isWatching: report.isWatching,
                resourceVersion: report.version?.description,
                problem: report.problem
            )
        }
    }

    private static func log(_ notice: Cluster.Notice, _ logger: Logger) {
        switch notice {
        case .trouble(let resource, let problem):
            logger.warning("a watch has trouble", metadata: ["resource": "\(resource.name)", "problem": "\(problem)"])
        case .recovered(let resource):
            logger.info("a watch works again", metadata: ["resource": "\(resource.name)"])
        case .node(let facts?):
            let cidrs = facts.podCIDRs.map(\.description).joined(separator: ",")
            let zone = facts.zone ?? ""
            logger.info("this node", metadata: ["name": "\(facts.name)", "zone": "\(zone)", "podCIDRs": "\(cidrs)"])
        case .serviceCIDRs(let ranges):
            let cidrs = ranges.flatMap(\.cidrs).map(\.description).joined(separator: ",")
            logger.info("virtual addresses are given", metadata: ["from": "\(cidrs)"])
        case .node(nil):
            logger.warning("the cluster has no node of our name")
        }
    }
}
