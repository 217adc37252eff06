import Control
import KubernetesClient
import Logging
import Posix
import ServiceProxy

/// Where services come from: nothing behind it knows which it is.
enum ServiceSource: Sendable {
    case directory(SourceWatch)
    case cluster(ClusterWatch)

    /// The cluster where there is an access to one, else the directory.
    init(
        _ configuration: Configuration,
        _ access: ClusterAccess?,
        inbox: ReconcilerInbox<ReconcilerEvent>,
        node: NodeWatch,
        logger: Logger
    ) {
        if let access {
            self = .cluster(ClusterWatch(access, configuration, inbox: inbox, node: node, logger: logger))
        } else {
            self = .directory(SourceWatch(configuration.servicesDirectory, inbox: inbox, logger: logger))
        }
    }

    /// Watches until the task is cancelled.
    func run() async {
        switch self {
        case .directory(let watch): await watch.run()
        case .cluster(let watch): await watch.run()
        }
    }

    /// Looks at everything again, where that may find something.
    func look() {
        switch self {
        case .directory(let watch): watch.look()
        // Its watches tell everything, and files of certificates and tokens are read for every request.
        case .cluster: break
        }
    }

    /// Where the objects in force are written down.
    func origins() async -> [ObjectID: ServiceItem.Origin] {
        switch self {
        case .directory(let watch): await watch.origins()
        case .cluster: [:]
        }
    }

    /// What it is and where.
    var place: Status.Source.Place {
        switch self {
        case .directory(let watch): Status.Source.Place(kind: "directory", location: watch.path)
        case .cluster(let watch): Status.Source.Place(kind: "kubernetes", location: watch.server)
        }
    }

    /// How its watches are; nil where there are none.
    var watches: [Status.Source.Watch]? {
        switch self {
        case .directory: nil
        case .cluster(let watch): watch.watches
        }
    }
}

extension Configuration {
    /// How to reach the cluster that services come from; nil when they come from the directory.
    func clusterAccess(_ environment: [String: String]) throws -> ClusterAccess? {
        if let kubeconfigPath {
            return try Kubeconfig(paths: kubeconfigPath).access(server: server).checked(environment)
        }
        guard let server else { return nil }
        // Outside of a pod: a server on this machine, such as `kubectl proxy`, that wants no credentials.
        let isPod = environment["KUBERNETES_SERVICE_HOST"] != nil
        return try (isPod ? ClusterAccess(inCluster: server) : ClusterAccess(server)).checked(environment)
    }
}
