package import Addressing
package import CNI
package import NetworkModel
package import PodWiring

/// What an attachment's published ports look like in the table: the heart of the plugin.
package struct PortMapDesired: Sendable {
    /// One of the pod's addresses, as the plugins before this one made it.
    struct PodAddress: Hashable, Sendable {
        let cidr: CIDR
        /// The node's address on the pod's link, when there is one.
        let gateway: IPAddress?

        /// Whether the pod's neighbours reach it without the node, and so answer it without the node, too.
        var hasNeighbors: Bool { cidr.prefixLength < cidr.family.bitWidth }
    }

    let config: PortMapConfig
    /// The attachment's tag.
    let tag: String
    /// The first address of each family.
    let addresses: [IPAddress.Family: PodAddress]
    /// The node's links that the pod is behind.
    let hostLinks: [InterfaceName]

    /// Reads from the result of the plugins before where the pod is.
    package init(_ config: PortMapConfig, _ attachment: Attachment, _ previous: CNIResult) throws(CNIError) {
        self.config = config
        tag = AttachmentNames(attachment).tag
        addresses = Self.addresses(attachment.ifName, previous)
        hostLinks = previous.linksBeforePod
        try refuseUnreachable()
    }

    /// The reference's rule: the first address of each family that is not known to be on another interface.
    private static func addresses(_ ifName: InterfaceName, _ result: CNIResult) -> [IPAddress.Family: PodAddress] {
        var addresses: [IPAddress.Family: PodAddress] = [:]
        for ip in result.ips where addresses[ip.address.family] == nil {
            let interface = result.interface(of: ip)
            let isOwn = interface.map { $0.name == ifName.text && !($0.sandbox ?? "").isEmpty } ?? true
            if isOwn { addresses[ip.address.family] = PodAddress(cidr: ip.address, gateway: ip.gateway) }
        }
        return addresses
    }

    /// A port that is published on the loopback address alone must be reachable there.
    private func refuseUnreachable() throws(CNIError) {
        for published in published where published.mapping.isLoopbackOnly && loopbackSource(published) == nil {
            throw CNIError(
                .invalidConfig,
                "host port \(published.mapping) cannot be published",
                details: "the loopback address needs snat, and the node's address on the pod's link as its gateway"
            )
        }
    }

    /// A mapping in one family, with the pod's address in it.
    struct Published: Hashable, Sendable {
        let mapping: PortMapping
        let family: IPAddress.Family
        let pod: PodAddress

        /// Whom flows to the port are answered by.
        var end: FlowEnd { FlowEnd(pod.cidr.address, mapping.containerPort) }
    }

    /// Every mapping in every family that the pod has an address of.
    var published: [Published] {
        config.mappings.flatMap { mapping in
            mapping.families.compactMap { family in
                addresses[family].map { Published(mapping: mapping, family: family, pod: $0) }
            }
        }
    }

    /// The address that a program of the node speaks to the pod from when it uses the loopback address.
    private func loopbackSource(_ published: Published) -> IPAddress? {
        guard config.snat, published.mapping.isOnLoopback else { return nil }
        return published.pod.gateway
    }
}

extension PortMapDesired {
    /// The attachment's part of the table.
    package var elements: OwnedElements {
        var values: [String: [[UInt8]: Element.Value?]] = [:]
        for published in published {
            var elements = [PortMapElement.dnat(published)] + masqueraded(published)
            if let source = loopbackSource(published) { elements.append(.loopback(published, from: source)) }
            for element in elements {
                values[element.set, default: [:]].updateValue(
                    element.value.map(Element.Value.data),
                    forKey: element.key
                )
            }
        }
        let names = Set(values.keys)
        return OwnedElements(tag: tag, values) { PortMapRuleset.structure(with: names, given: $0) }
    }

    /// What is masqueraded, since the answers would not come back through the node.
    private func masqueraded(_ published: Published) -> [PortMapElement] {
        if config.masqAll { return [.masqueradedPort(published)] }
        guard config.snat else { return [] }
        let links = published.pod.hasNeighbors ? hostLinks : []
        return [.hairpin(published)] + links.map { .neighbors(published, of: $0) }
    }

    /// The flows that were begun before the port was published, or when somebody else had it.
    ///
    /// TCP's end by themselves; UDP's and SCTP's go on for as long as the client sends.
    package var staleFlows: [FlowFilter] {
        published.filter { $0.mapping.transport != .tcp }.map { published in
            FlowFilter(
                published.family,
                published.mapping.transport,
                destination: published.mapping.hostIP,
                destinationPort: published.mapping.hostPort,
                sparing: published.end,
                toNodeOnly: published.mapping.hostIP == nil
            )
        }
    }
}
