package import JSON

/// What libcni remembers of an ADD: a file in `/var/lib/cni/results`.
package struct CachedResult: Hashable, Sendable {
    /// The network.
    package var network: String
    /// The container.
    package var containerID: String
    /// The interface in the pod.
    package var ifName: String
    /// The namespace's path.
    package var netns: String?
    /// `K8S_POD_NAMESPACE`
    package var namespace: String?
    /// `K8S_POD_NAME`
    package var pod: String?
    /// Addresses with their prefix lengths.
    package var addresses: [String]
    /// The hardware address in the pod.
    package var mac: String?
    /// The links that the plugins made on the host.
    package var hostLinks: [String]

    /// Reads `cniCacheV1`; nil for a document that is none.
    ///
    /// Where libcni wrote no container ID into it (before 1.2 it did not) the file's name tells:
    /// `<network>-<containerID>-<ifName>`.
    package init?(_ document: JSON, fileName: String) {
        guard let network = document["networkName"]?.text, let ifName = document["ifName"]?.text else { return nil }
        guard let containerID = document["containerId"]?.text ?? Self.containerID(fileName, network, ifName) else {
            return nil
        }
        self.network = network
        self.ifName = ifName
        self.containerID = containerID
        netns = document["netns"]?.text
        namespace = Self.argument("K8S_POD_NAMESPACE", in: document)
        pod = Self.argument("K8S_POD_NAME", in: document)
        addresses = (document["result"]?["ips"]?.list ?? []).compactMap { $0["address"]?.text }
        let interfaces = document["result"]?["interfaces"]?.list ?? []
        mac = interfaces.first { $0["sandbox"]?.text != nil && $0["name"]?.text == ifName }?["mac"]?.text
        hostLinks = interfaces.filter { ($0["sandbox"]?.text ?? "").isEmpty }.compactMap { $0["name"]?.text }
    }

    private static func containerID(_ fileName: String, _ network: String, _ ifName: String) -> String? {
        guard fileName.hasPrefix(network + "-"), fileName.hasSuffix("-" + ifName) else { return nil }
        let middle = fileName.dropFirst(network.count + 1).dropLast(ifName.count + 1)
        return middle.isEmpty ? nil : String(middle)
    }

    /// `cniArgs` is a list of pairs: `[["K8S_POD_NAME", "web-0"], …]`.
    private static func argument(_ name: String, in document: JSON) -> String? {
        let pairs = document["cniArgs"]?.list ?? []
        let pair = pairs.compactMap(\.list).first { $0.count == 2 && $0[0].text == name }
        return pair?[1].text
    }
}

extension JSON {
    fileprivate var text: String? {
        guard case .string(let text) = self, !text.isEmpty else { return nil }
        return text
    }

    fileprivate var list: [JSON]? {
        guard case .array(let list) = self else { return nil }
        return list
    }
}
