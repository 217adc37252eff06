package import Addressing
package import ServiceProxy

/// What a load balancer is told of a service, in kube-proxy's words.
package struct HealthCheckAnswer: Hashable, Sendable {
    /// The service.
    package let service: ServiceName
    /// How many addresses its ready endpoints on this node have.
    package let localEndpoints: Int
    /// Whether the proxy does its work.
    package let isHealthy: Bool

    /// Describes an answer to somebody who asked at an address of `family`.
    package init(_ service: ServiceName, _ check: HealthCheck, _ family: IPAddress.Family, isHealthy: Bool) {
        self.service = service
        localEndpoints = check.readyHere[family] ?? 0
        self.isHealthy = isHealthy
    }

    /// Whether connections should come to this node.
    package var isGood: Bool { localEndpoints > 0 && isHealthy }

    /// JSON, indented as kube-proxy does it: there are those who compare texts. Names need no quoting.
    package var text: String {
        """
        {
        \t"service": {
        \t\t"namespace": "\(service.namespace)",
        \t\t"name": "\(service.name)"
        \t},
        \t"localEndpoints": \(localEndpoints),
        \t"serviceProxyHealthy": \(isHealthy)
        }
        """
    }
}
