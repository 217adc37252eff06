package import Addressing

/// How to reach an API server, and as whom.
package struct ClusterAccess: Hashable, Sendable {
    /// Whose certificates are believed.
    package enum Trust: Hashable, Sendable {
        /// What this machine believes.
        case system
        /// These authorities only.
        case authorities(TextSource)
        /// Everybody's: the kubeconfig says so.
        case everybody
    }

    /// Where a text is: given, or in a file that is read again and again, since certificates and tokens are renewed.
    package enum TextSource: Hashable, Sendable {
        case inline(Secret)
        case file(String)
    }

    /// Where credentials come from.
    package enum TokenSource: Hashable, Sendable {
        case nowhere
        case text(TextSource)
        /// From a program that prints them.
        case program(ExecProgram)
    }

    /// A client's certificate chain and its key, PEM.
    package struct ClientCertificate: Hashable, Sendable {
        /// The chain.
        package var chain: TextSource
        /// The key.
        package var key: TextSource
    }

    /// Who is asked for to act as.
    package struct Impersonation: Hashable, Sendable {
        /// A user.
        package var user: String?
        /// Groups.
        package var groups: [String] = []
    }

    /// The server.
    package var server: ServerAddress
    /// The name in the server's certificate, when it is another than the host's.
    package var serverName: String?
    /// Whose certificates are believed.
    package var trust = Trust.system
    /// The client's certificate.
    package var certificate: ClientCertificate?
    /// The token.
    package var token = TokenSource.nowhere
    /// Who to act as.
    package var impersonation = Impersonation()

    /// Nobody in particular, at a server.
    package init(_ server: ServerAddress) {
        self.server = server
    }
}

extension ClusterAccess {
    /// Where a pod finds its service account.
    package static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// A pod's access with its service account, at a server that is given.
    package init(inCluster server: ServerAddress, directory: String = serviceAccountDirectory) {
        self.init(server)
        trust = .authorities(.file("\(directory)/ca.crt"))
        token = .text(.file("\(directory)/token"))
    }

    /// The same access, unless its server is what a service proxy itself makes reachable.
    ///
    /// The address that a cluster gives to its pods, KUBERNETES_SERVICE_HOST, is that of a service. A proxy that depends
    /// on it waits for itself for ever once the node has restarted.
    package func checked(_ environment: [String: String]) throws(InvalidValue) -> ClusterAccess {
        if server.host == environment["KUBERNETES_SERVICE_HOST"] || server.host.hasPrefix("kubernetes.default") {
            throw InvalidValue(
                server.description,
                isNot: "an address that a service proxy can use",
                reason: "it is the service that this proxy programs; name a control plane's own address"
            )
        }
        return self
    }
}

/// A program that prints credentials (client.authentication.k8s.io).
package struct ExecProgram: Hashable, Sendable {
    /// The API's version: `client.authentication.k8s.io/v1` or `…/v1beta1`.
    package var apiVersion: String
    /// A name in PATH or a path.
    package var command: String
    /// Its arguments.
    package var arguments: [String]
    /// What its environment has beyond ours.
    package var environment: [String: String]
    /// What it is told of the cluster; nil when it is not to be told.
    package var clusterInformation: [String: String]?
}
