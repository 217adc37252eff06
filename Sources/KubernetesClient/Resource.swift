package import ServiceProxy

/// What is watched.
package enum Resource: Hashable, Sendable {
    case services
    case endpointSlices
    /// One node, by name.
    case node(String)
    case serviceCIDRs

    /// The place below the server's address.
    package var path: String {
        switch self {
        case .services: "/api/v1/services"
        case .endpointSlices: "/apis/discovery.k8s.io/v1/endpointslices"
        case .node: "/api/v1/nodes"
        case .serviceCIDRs: "/apis/networking.k8s.io/v1/servicecidrs"
        }
    }

    /// `apiVersion` of its objects.
    package var apiVersion: String {
        switch self {
        case .services, .node: "v1"
        case .endpointSlices: "discovery.k8s.io/v1"
        case .serviceCIDRs: "networking.k8s.io/v1"
        }
    }

    /// `kind` of its objects.
    package var kind: String {
        switch self {
        case .services: "Service"
        case .endpointSlices: "EndpointSlice"
        case .node: "Node"
        case .serviceCIDRs: "ServiceCIDR"
        }
    }

    /// Its name for people.
    package var name: String {
        switch self {
        case .services: "services"
        case .endpointSlices: "endpointslices"
        case .node: "nodes"
        case .serviceCIDRs: "servicecidrs"
        }
    }

    /// What narrows it down, in the words of the query string.
    ///
    /// Services are those of kube-proxy: other proxies' and headless ones are not ours to serve. A service that gets
    /// such a label later arrives as deleted.
    var selectors: [(name: String, value: String)] {
        switch self {
        case .services:
            [("labelSelector", "!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless")]
        case .endpointSlices: [("labelSelector", "!service.kubernetes.io/headless")]
        case .node(let name): [("fieldSelector", "metadata.name=\(name)")]
        case .serviceCIDRs: []
        }
    }
}

/// The name of an object among those of one resource.
package struct ObjectKey: Hashable, Sendable, Comparable {
    /// Empty for objects without a namespace.
    package let namespace: String
    /// The name.
    package let name: String

    /// Names an object.
    package init(namespace: String = "", name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// By namespace, then by name.
    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}

/// An object as it was at one version.
package struct WatchedObject: Hashable, Sendable {
    /// Its name.
    package let key: ObjectKey
    /// Its version.
    package let version: ResourceVersion
    /// What it says.
    package let content: Content

    /// What an object turned out to be.
    package enum Content: Hashable, Sendable {
        case service(Service)
        case slice(EndpointSlice)
        case node(NodeFacts)
        case serviceCIDR(ServiceCIDR)
        /// It is not taken.
        case refused(Rejection)
        /// It is good, and nothing for a service proxy.
        case nothing
    }

    /// Describes an object.
    package init(_ key: ObjectKey, _ version: ResourceVersion, _ content: Content) {
        self.key = key
        self.version = version
        self.content = content
    }
}

/// What a line of a watch says.
package enum WatchEvent: Hashable, Sendable {
    /// It is there; for a former watcher it is new.
    case added(WatchedObject)
    /// It is different.
    case modified(WatchedObject)
    /// It is gone, or the selector does not match it any more.
    case deleted(WatchedObject)
    /// Everything up to this version has been told; with `endsInitialEvents` also all that was there before.
    case bookmark(ResourceVersion, endsInitialEvents: Bool)
    /// The server says no in the middle of the stream.
    case error(APIStatus)
}
