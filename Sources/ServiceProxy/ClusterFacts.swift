package import Addressing

/// What a cluster says of its networks, as far as the rules depend on it.
package struct ClusterFacts: Hashable, Sendable {
    /// Where this node's pods have their addresses (`spec.podCIDRs` of its Node).
    package var podCIDRs: [CIDR]
    /// Where virtual addresses are given from, by all ServiceCIDR objects.
    package var serviceCIDRs: [CIDR]

    /// Describes a cluster.
    package init(podCIDRs: [CIDR] = [], serviceCIDRs: [CIDR] = []) {
        self.podCIDRs = podCIDRs
        self.serviceCIDRs = serviceCIDRs
    }
}

extension ProxySettings {
    /// The settings with what a cluster says where it is to be asked, and what is configured where it says nothing.
    package func completed(by facts: ClusterFacts) -> ProxySettings {
        var settings = self
        if asksNodeForPodCIDRs, !facts.podCIDRs.isEmpty { settings.podCIDRs = facts.podCIDRs }
        if serviceCIDRs.isEmpty { settings.serviceCIDRs = facts.serviceCIDRs }
        return settings
    }
}
