package import Addressing

/// What the rules depend on besides services and endpoints.
package struct ProxySettings: Hashable, Sendable {
    /// The ranges that pods have addresses of; what comes to a virtual address from outside of them is masqueraded.
    ///
    /// Without any, only pods that reach themselves are.
    package var podCIDRs: [CIDR]
    /// Whether the cluster's Node says that better than `podCIDRs`.
    package var asksNodeForPodCIDRs: Bool
    /// Whether everything that goes to a virtual address is masqueraded, from pods too.
    package var masqueradeAll: Bool
    /// The links that pods come in by, where that and not their addresses tells them; nil where addresses do.
    package var podLinks: PodLinks?
    /// Where external IPs may lie; nil is anywhere.
    package var externalIPRanges: [CIDR]?
    /// The ranges that virtual addresses are given from: one that no service has is dropped. Without any, those that the
    /// cluster's ServiceCIDR objects name.
    package var serviceCIDRs: [CIDR]
    /// How many pairs of a client and what it connects to are remembered at most for each timeout of session affinity;
    /// the kernel takes 8 to 16 bytes for each as soon as a service has that timeout.
    package var affinityClients: UInt32
    /// This node's name, by which endpoints are local; nil takes every endpoint for local.
    package var nodeName: String?
    /// The families that have a table.
    package var families: Set<IPAddress.Family>
    /// The tables' flags (`NFT_TABLE_F_*`), as far as the kernel knows them.
    package var tableFlags: UInt32

    /// Describes the settings.
    package init(
        podCIDRs: [CIDR] = [],
        asksNodeForPodCIDRs: Bool = false,
        podLinks: PodLinks? = nil,
        externalIPRanges: [CIDR]? = nil,
        serviceCIDRs: [CIDR] = [],
        masqueradeAll: Bool = false,
        affinityClients: UInt32 = 262_144,
        nodeName: String? = nil,
        families: Set<IPAddress.Family> = [.v4, .v6],
        tableFlags: UInt32 = 0
    ) {
        self.podCIDRs = podCIDRs
        self.asksNodeForPodCIDRs = asksNodeForPodCIDRs
        self.podLinks = podLinks
        self.externalIPRanges = externalIPRanges
        self.serviceCIDRs = serviceCIDRs
        self.masqueradeAll = masqueradeAll
        self.affinityClients = affinityClients
        self.nodeName = nodeName
        self.families = families
        self.tableFlags = tableFlags
    }
}

/// Links that pods' packets come in by.
package enum PodLinks: Hashable, Sendable {
    /// One bridge.
    case bridge(InterfaceName)
    /// Every link whose name begins so: 1 to 15 bytes.
    case prefix(String)
}

/// What is true of the node for now. Unlike settings it changes while the daemon runs.
package struct NodeConditions: Hashable, Sendable {
    /// The addresses that node ports are open at.
    package var nodePortAddresses: [IPAddress]
    /// The addresses that the node is known by.
    package var primaryAddresses: [IPAddress]
    /// Its zone (`topology.kubernetes.io/zone`); nil where there are none.
    package var zone: String?

    /// Describes a node.
    package init(nodePortAddresses: [IPAddress] = [], primaryAddresses: [IPAddress] = [], zone: String? = nil) {
        self.nodePortAddresses = nodePortAddresses.sorted()
        self.primaryAddresses = primaryAddresses.sorted()
        self.zone = zone
    }
}
