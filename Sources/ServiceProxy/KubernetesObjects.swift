// The fields that we read of Kubernetes objects, as their writer spelled them: nothing is checked yet. A `FieldReader`
// fills them in (`KubernetesObjects+Reading`), of JSON or of YAML; `Service.init(checking:)` and
// `EndpointSlice.init(checking:)` turn them into values. Fields are optional so that a missing one becomes our error.

/// `metadata` of an object.
package struct KubernetesMetadata: Sendable {
    /// `metadata.name`
    package var name: String?
    /// `metadata.namespace`
    package var namespace: String?
    /// `metadata.creationTimestamp`
    package var creationTimestamp: String?
    /// `metadata.labels`
    package var labels: KubernetesLabels?
    /// `metadata.annotations`
    package var annotations: KubernetesAnnotations?

    /// No field is given.
    package init() {}
}

/// The labels that a service proxy acts on.
package struct KubernetesLabels: Sendable {
    /// On a slice: the service that it belongs to.
    package var serviceName: String?
    /// On a service: the proxy that it is meant for.
    package var serviceProxyName: String?

    /// No field is given.
    package init() {}
}

/// The annotations that a service proxy reads.
package struct KubernetesAnnotations: Sendable {
    /// On a slice: when that happened which made it what it is.
    package var lastChangeTriggerTime: String?

    /// No field is given.
    package init() {}
}

/// `v1/Service`
package struct KubernetesService: Sendable {
    /// `metadata`
    package var metadata: KubernetesMetadata?
    /// `spec`
    package var spec: Spec?
    /// `status`
    package var status: Status?

    /// No field is given.
    package init() {}

    /// `spec` of a Service.
    package struct Spec: Sendable {
        /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`
        package var type: String?
        /// An address, `None` or nothing.
        package var clusterIP: String?
        /// Addresses, the first of them that of `clusterIP`.
        package var clusterIPs: [String]?
        /// The ports.
        package var ports: [Port]?
        /// `Cluster` or `Local`
        package var internalTrafficPolicy: String?
        /// `Cluster` or `Local`
        package var externalTrafficPolicy: String?
        /// `None` or `ClientIP`
        package var sessionAffinity: String?
        /// How long it lasts.
        package var sessionAffinityConfig: AffinityConfig?
        /// Addresses that others route to the nodes.
        package var externalIPs: [String]?
        /// CIDRs of those who may use the load balancer's addresses.
        package var loadBalancerSourceRanges: [String]?
        /// The port of the node that load balancers ask.
        package var healthCheckNodePort: Int?

        /// No field is given.
        package init() {}
    }

    /// `spec.sessionAffinityConfig`
    package struct AffinityConfig: Sendable {
        /// `clientIP`
        package var clientIP: ClientIP?

        /// No field is given.
        package init() {}

        /// `clientIP` of the affinity's configuration.
        package struct ClientIP: Sendable {
            /// Seconds.
            package var timeoutSeconds: Int?

            /// No field is given.
            package init() {}
        }
    }

    /// `status` of a Service.
    package struct Status: Sendable {
        /// `loadBalancer`
        package var loadBalancer: LoadBalancer?

        /// No field is given.
        package init() {}

        /// `status.loadBalancer`
        package struct LoadBalancer: Sendable {
            /// Where traffic comes in.
            package var ingress: [Ingress]?

            /// No field is given.
            package init() {}
        }

        /// One of `status.loadBalancer.ingress`.
        package struct Ingress: Sendable {
            /// An address; missing for one that has a name only.
            package var ip: String?
            /// `VIP` unless given; with `Proxy` packets arrive with another destination.
            package var ipMode: String?

            /// No field is given.
            package init() {}
        }
    }

    /// One of `spec.ports`.
    package struct Port: Sendable {
        /// May be missing where there is one port.
        package var name: String?
        /// `TCP` unless given.
        package var `protocol`: String?
        /// The number.
        package var port: Int?
        /// The number at the nodes' addresses; 0 for none.
        package var nodePort: Int?

        /// No field is given.
        package init() {}
    }
}

/// `discovery.k8s.io/v1/EndpointSlice`
package struct KubernetesEndpointSlice: Sendable {
    /// `metadata`
    package var metadata: KubernetesMetadata?
    /// `IPv4`, `IPv6` or `FQDN`
    package var addressType: String?
    /// The ports; without a name they go by the empty one.
    package var ports: [KubernetesService.Port]?
    /// The endpoints.
    package var endpoints: [Endpoint]?

    /// No field is given.
    package init() {}

    /// One of `endpoints`.
    package struct Endpoint: Sendable {
        /// Addresses of one pod.
        package var addresses: [String]?
        /// What is known of its state.
        package var conditions: Conditions?
        /// The node that it runs on.
        package var nodeName: String?
        /// The object behind it.
        package var targetRef: Reference?
        /// Whose clients it is meant for.
        package var hints: Hints?

        /// No field is given.
        package init() {}
    }

    /// `hints` of an endpoint.
    package struct Hints: Sendable {
        /// Nodes.
        package var forNodes: [Name]?
        /// Zones.
        package var forZones: [Name]?

        /// No field is given.
        package init() {}

        /// One of either.
        package struct Name: Sendable {
            /// The name.
            package var name: String?

            /// No field is given.
            package init() {}
        }
    }

    /// `conditions` of an endpoint.
    package struct Conditions: Sendable {
        /// Unknown counts as true.
        package var ready: Bool?
        /// Unknown counts as true.
        package var serving: Bool?
        /// Unknown counts as false.
        package var terminating: Bool?

        /// No field is given.
        package init() {}
    }

    /// `targetRef` of an endpoint.
    package struct Reference: Sendable {
        /// `Pod`, or something else.
        package var kind: String?
        /// The name.
        package var name: String?

        /// No field is given.
        package init() {}
    }
}

extension KubernetesMetadata {
    /// Names the object, for errors too: without a namespace it is in `default`, as for `kubectl`.
    package func id(_ kind: ObjectID.Kind) -> ObjectID {
        ObjectID(kind, namespace: shortened(namespace ?? "default"), name: shortened(name ?? ""))
    }
}
