package import Addressing

/// What the rules depend on besides services and endpoints.
package struct ProxySettings: Hashable, Sendable {
    /// The ranges that pods have addresses of; what comes to a virtual address from outside of them is masqueraded.
    ///
    /// Without any, only pods that reach themselves are.
    package var podCIDRs: [CIDR]
    /// Whether everything that goes to a virtual address is masqueraded, from pods too.
    package var masqueradeAll: Bool
    /// This node's name, by which endpoints are local; nil takes every endpoint for local.
    package var nodeName: String?
    /// The families that have a table.
    package var families: Set<IPAddress.Family>
    /// The tables' flags (`NFT_TABLE_F_*`), as far as the kernel knows them.
    package var tableFlags: UInt32

    /// Describes the settings.
    package init(
        podCIDRs: [CIDR] = [],
        masqueradeAll: Bool = false,
        nodeName: String? = nil,
        families: Set<IPAddress.Family> = [.v4, .v6],
        tableFlags: UInt32 = 0
    ) {
        self.podCIDRs = podCIDRs
        self.masqueradeAll = masqueradeAll
        self.nodeName = nodeName
        self.families = families
        self.tableFlags = tableFlags
    }
}
