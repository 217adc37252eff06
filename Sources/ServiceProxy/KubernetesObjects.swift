// The fields that we read of Kubernetes objects, as their writer spelled them: nothing is checked yet. Both the
// manifest reader and an API client fill them in, and `Service.init(checking:)` and `EndpointSlice.init(checking:)` turn
// them into values. Fields are optional here so that a missing one becomes our error and not a decoder's.

/// `metadata` of an object.
package struct KubernetesMetadata: Decodable, Sendable {
    package var name: String?
    package var namespace: String?
    package var creationTimestamp: String?
    package var labels: KubernetesLabels?

    package init() {}
}

/// The labels that a service proxy acts on.
package struct KubernetesLabels: Decodable, Sendable {
    /// On a slice: the service that it belongs to.
    package var serviceName: String?
    /// On a service: the proxy that it is meant for.
    package var serviceProxyName: String?

    package enum CodingKeys: String, CodingKey {
        case serviceName = "kubernetes.io/service-name"
        case serviceProxyName = "service.kubernetes.io/service-proxy-name"
    }

    package init() {}
}

/// `v1/Service`
package struct KubernetesService: Decodable, Sendable {
    package var metadata: KubernetesMetadata?
    package var spec: Spec?

    package init() {}

    /// `spec` of a Service. The place for traffic policies, session affinity, node ports and external addresses.
    package struct Spec: Decodable, Sendable {
        package var type: String?
        package var clusterIP: String?
        package var clusterIPs: [String]?
        package var ports: [Port]?

        package init() {}
    }

    /// One of `spec.ports`.
    package struct Port: Decodable, Sendable {
        package var name: String?
        package var `protocol`: String?
        package var port: Int?

        package init() {}
    }
}

/// `discovery.k8s.io/v1/EndpointSlice`
package struct KubernetesEndpointSlice: Decodable, Sendable {
    package var metadata: KubernetesMetadata?
    package var addressType: String?
    package var ports: [KubernetesService.Port]?
    package var endpoints: [Endpoint]?

    package init() {}

    /// One of `endpoints`. The place for hints and zone.
    package struct Endpoint: Decodable, Sendable {
        package var addresses: [String]?
        package var conditions: Conditions?
        package var nodeName: String?
        package var targetRef: Reference?

        package init() {}
    }

    /// `conditions` of an endpoint.
    package struct Conditions: Decodable, Sendable {
        package var ready: Bool?
        package var serving: Bool?
        package var terminating: Bool?

        package init() {}
    }

    /// `targetRef` of an endpoint.
    package struct Reference: Decodable, Sendable {
        package var kind: String?
        package var name: String?

        package init() {}
    }
}

extension KubernetesMetadata {
    /// Names the object, for errors too: without a namespace it is in `default`, as for `kubectl`.
    package func id(_ kind: ObjectID.Kind) -> ObjectID {
        ObjectID(kind, namespace: shortened(namespace ?? "default"), name: shortened(name ?? ""))
    }
}
