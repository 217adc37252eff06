import Addressing
import NetworkModel

/// Puts links, leases and remembered results into one row per attachment.
package enum AttachmentJoin {
    /// One row for each attachment that anything tells of, by pod, container and interface.
    package static func rows(_ evidence: AttachmentEvidence) -> [PodItem] {
        var traces: [String: AttachmentTrace] = [:]
        for link in evidence.links {
            guard let tag = tag(of: link) else { continue }
            traces[tag, default: AttachmentTrace(tag: tag)].link = link
        }
        for lease in evidence.leases {
            let tag = tag(lease.network, lease.containerID, lease.ifName, among: traces)
            traces[tag, default: AttachmentTrace(tag: tag)].leases.append(lease)
        }
        for result in evidence.results {
            let tag = tag(result.network, result.containerID, result.ifName, among: traces)
            traces[tag, default: AttachmentTrace(tag: tag)].result = result
        }
        return traces.values.map { $0.row(evidence) }.sorted { order($0).lexicographicallyPrecedes(order($1)) }
    }

    /// The alias of a pair's host end, if it names an attachment.
    private static func tag(of link: Link) -> String? {
        guard case .veth = link.kind, let alias = link.alias, AttachmentTrace.parts(of: alias) != nil else {
            return nil
        }
        return alias
    }

    /// The tag of an attachment, as its link would have it; without an interface name, that of the container's only
    /// interface.
    private static func tag(
        _ network: String,
        _ containerID: String,
        _ ifName: String?,
        among traces: [String: AttachmentTrace]
    ) -> String {
        guard let ifName else {
            let candidates = traces.keys.filter { $0.hasPrefix("\(network)/\(containerID)/") }
            return candidates.count == 1 ? candidates[candidates.startIndex] : "\(network)/\(containerID)/"
        }
        let text = "\(network)/\(containerID)/\(ifName)"
        return (try? Attachment(parsing: text)).map { AttachmentNames($0).tag } ?? text
    }

    private static func order(_ item: PodItem) -> [String] {
        [item.namespace ?? "", item.pod ?? "", item.network, item.containerID, item.ifName ?? ""]
    }
}

/// What is known of one attachment.
struct AttachmentTrace {
    let tag: String
    var link: Link?
    var leases: [AttachmentEvidence.Lease] = []
    var result: CachedResult?

    init(tag: String) { self.tag = tag }

    /// Network, container and interface of a tag; long ones are cut and end in a hash.
    static func parts(of tag: String) -> [String]? {
        let parts = tag.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return parts.count == 3 && !parts[0].isEmpty && !parts[1].isEmpty ? parts : nil
    }

    func row(_ evidence: AttachmentEvidence) -> PodItem {
        let parts = Self.parts(of: tag) ?? ["", "", ""]
        let hostLink = hostLink(evidence)
        let netns = netns(evidence)
        let (state, reason) = judgement(hostLink, netns)
        return PodItem(
            namespace: result?.namespace,
            pod: result?.pod,
            containerID: result?.containerID ?? leases.first?.containerID ?? parts[1],
            ifName: parts[2].isEmpty ? nil : parts[2],
            network: result?.network ?? leases.first?.network ?? parts[0],
            addresses: addresses(evidence),
            mac: mac(evidence),
            hostLink: hostLink,
            netns: netns,
            since: leases.compactMap(\.since).min(),
            state: state,
            reason: reason
        )
    }

    /// The tagged link, or the one that the remembered result names.
    private func hostLink(_ evidence: AttachmentEvidence) -> PodItem.HostLink? {
        let named = result.flatMap { result in
            evidence.links.first { link in
                guard case .veth = link.kind else { return false }
                return result.hostLinks.contains(link.id.name.text)
            }
        }
        guard let link = link ?? named else { return nil }
        let traffic = evidence.traffic[link.id.name.text]
        return PodItem.HostLink(
            name: link.id.name.text,
            bridge: link.master?.text,
            mac: link.mac?.description,
            mtu: link.mtu,
            isUp: link.isUp ?? false,
            received: traffic?.sent,
            sent: traffic?.received
        )
    }

    private func netns(_ evidence: AttachmentEvidence) -> PodItem.Netns? {
        guard let path = result?.netns ?? leases.compactMap(\.netns).first else { return nil }
        return PodItem.Netns(path: path, exists: evidence.livingNetns.contains(path))
    }

    /// Every address that anything names. The remembered result knows prefix lengths; a lease or an element is a single
    /// address, which is what it is when the host routes to it.
    private func addresses(_ evidence: AttachmentEvidence) -> [String] {
        let remembered = result?.addresses ?? []
        let known = Set(remembered.compactMap { CIDR($0)?.address })
        return remembered
            + found(evidence).filter { !known.contains($0) }.map { address in
                evidence.podRoutes.contains(address) ? CIDR(host: address).description : address.description
            }
    }

    private func mac(_ evidence: AttachmentEvidence) -> String? {
        if let remembered = result?.mac { return remembered }
        let known = (result?.addresses ?? []).compactMap { CIDR($0)?.address }
        return (known + found(evidence)).lazy.compactMap { evidence.neighbors[$0]?.description }.first
    }

    private func found(_ evidence: AttachmentEvidence) -> [IPAddress] {
        Set(leases.map(\.address)).union(evidence.taggedAddresses[tag] ?? []).sorted()
    }

    private func judgement(
        _ hostLink: PodItem.HostLink?,
        _ netns: PodItem.Netns?
    ) -> (AttachmentState, String?) {
        if let hostLink { return hostLink.isUp ? (.up, nil) : (.down, "link \(hostLink.name) is down") }
        if netns?.exists == true { return (.orphan, "its namespace is there, its link is gone") }
        if netns != nil { return (.orphan, "link and namespace are gone, the address is still leased") }
        return (.unknown, "leased by a plugin that marks no links")
    }
}
