package import Addressing

/// What a cluster says of one node, as far as a service proxy may act on it.
package struct NodeFacts: Hashable, Sendable {
    /// Its name: what EndpointSlices call it.
    package var name: String
    /// Where it stands (label `topology.kubernetes.io/zone`); nil when nobody says.
    package var zone: String?
    /// Where its pods have their addresses, in the order given.
    package var podCIDRs: [CIDR]
    /// Its own addresses, in the order given; names are left out.
    package var addresses: [IPAddress]
    /// The keys of its taints.
    package var taints: [String]
    /// Whether no new pods are to be put on it.
    package var isUnschedulable: Bool
    /// Whether somebody asked for its removal.
    package var isBeingDeleted: Bool

    /// Reads a Node. What is no network or no address is left out: a proxy can go on without it.
    package init(_ node: KubernetesNode) {
        name = node.metadata?.name ?? ""
        zone = node.metadata?.labels?.zone
        podCIDRs = (node.spec?.podCIDRs ?? []).compactMap { text in try? CIDR(parsing: text) }
        addresses = (node.status?.addresses ?? []).compactMap { entry in
            entry.address.flatMap { text in try? IPAddress(parsing: text) }
        }
        taints = (node.spec?.taints ?? []).compactMap(\.key)
        isUnschedulable = node.spec?.unschedulable ?? false
        isBeingDeleted = node.metadata?.deletionTimestamp != nil
    }

    /// Whether load balancers should go on sending to it: the cluster's autoscaler marks what it is about to remove.
    package var isEligible: Bool { !isBeingDeleted && !taints.contains("ToBeDeletedByClusterAutoscaler") }
}

/// A range that a cluster takes virtual addresses from.
package struct ServiceCIDR: Hashable, Sendable {
    /// Its name.
    package var name: String
    /// At most one network of each family.
    package var cidrs: [CIDR]
    /// Whether addresses are taken from it.
    package var isReady: Bool

    /// Describes a range.
    package init(name: String, cidrs: [CIDR], isReady: Bool) {
        self.name = name
        self.cidrs = cidrs
        self.isReady = isReady
    }

    /// Reads a ServiceCIDR. What is no network is left out.
    package init(_ object: KubernetesServiceCIDR) {
        name = object.metadata?.name ?? ""
        cidrs = (object.spec?.cidrs ?? []).compactMap { text in try? CIDR(parsing: text) }
        isReady = (object.status?.conditions ?? []).contains { $0.type == "Ready" && $0.status == "True" }
    }
}
