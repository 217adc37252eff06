package import Addressing
package import NetworkModel

/// Everything that was found about attachments, not yet put together.
package struct AttachmentEvidence: Hashable, Sendable {
    /// Every link of the host.
    package var links: [Link] = []
    /// Addresses by the attachment's tag, from the CNI plugins' table.
    package var taggedAddresses: [String: [IPAddress]] = [:]
    /// Host routes to single pods.
    package var podRoutes: Set<IPAddress> = []
    /// Hardware addresses of pods, from the host's permanent neighbours.
    package var neighbors: [IPAddress: MACAddress] = [:]
    /// Leases of `host-local`.
    package var leases: [Lease] = []
    /// What runtimes remember of ADDs.
    package var results: [CachedResult] = []
    /// Those of the namespaces' paths at which there is a namespace.
    package var livingNetns: Set<String> = []
    /// Bytes received and sent by links of the host, by name.
    package var traffic: [String: Traffic] = [:]

    /// Nothing.
    package init() {}

    /// One lease of `host-local`: a file `networks/<network>/<address>`.
    package struct Lease: Hashable, Sendable {
        /// The network.
        package var network: String
        /// The address.
        package var address: IPAddress
        /// The container that has it.
        package var containerID: String
        /// Its interface; absent in files of very old plugins.
        package var ifName: String?
        /// The namespace's path, when the lease is in podnet's index.
        package var netns: String?
        /// When it was given.
        package var since: Timestamp?

        /// Describes a lease.
        package init(
            network: String,
            address: IPAddress,
            containerID: String,
            ifName: String?,
            netns: String? = nil,
            since: Timestamp? = nil
        ) {
            self.network = network
            self.address = address
            self.containerID = containerID
            self.ifName = ifName
            self.netns = netns
            self.since = since
        }
    }

    /// What a link of the host has carried.
    package struct Traffic: Hashable, Sendable {
        /// Received by the host's end, that is, sent by the pod.
        package var received: UInt64
        /// Sent by the host's end.
        package var sent: UInt64

        /// Counts bytes.
        package init(received: UInt64, sent: UInt64) {
            self.received = received
            self.sent = sent
        }
    }
}

extension AttachmentEvidence {
    /// The addresses in the sets of the CNI plugins' table, by the attachment that their comments name.
    package static func taggedAddresses(in table: Table) -> [String: [IPAddress]] {
        var addresses: [String: Set<IPAddress>] = [:]
        for set in table.sets.values where set.key == [.ipv4Address] || set.key == [.ipv6Address] {
            for (key, element) in set.elements {
                guard let tag = element.comment, let address = IPAddress(bytes: key) else { continue }
                addresses[tag, default: []].insert(address)
            }
        }
        return addresses.mapValues { $0.sorted() }
    }

    /// Reads `/proc/net/dev`: after two lines of headings one line a link, `name: received-bytes … sent-bytes …`, with
    /// eight numbers for each direction (proc(5)).
    package static func traffic(in text: String) -> [String: Traffic] {
        var traffic: [String: Traffic] = [:]
        for line in text.split(separator: "\n") {
            // A link's name holds no colon.
            guard let colon = line.firstIndex(of: ":") else { continue }
            let numbers = line[line.index(after: colon)...].split(separator: " ").map { UInt64($0) }
            guard numbers.count >= 9, let received = numbers[0], let sent = numbers[8] else { continue }
            traffic[String(line[..<colon].drop { $0 == " " })] = Traffic(received: received, sent: sent)
        }
        return traffic
    }

    /// Reads a lease file: the container's ID, then the interface's name on a line of its own.
    package static func lease(
        network: String,
        fileName: String,
        contents: String,
        netns: String? = nil,
        since: Timestamp? = nil
    ) -> Lease? {
        guard let address = IPAddress(fileName) else { return nil }
        let lines = contents.split(whereSeparator: \.isNewline).map(String.init)
        guard let containerID = lines.first else { return nil }
        let ifName = lines.count > 1 ? lines[1] : nil
        return Lease(
            network: network,
            address: address,
            containerID: containerID,
            ifName: ifName,
            netns: netns,
            since: since
        )
    }
}

/// One link of the index that podnet's `host-local` keeps beside its leases.
package struct LeaseIndexEntry: Hashable, Sendable {
    /// The container.
    package let containerID: String
    /// Its interface.
    package let ifName: String
    /// The namespace's path.
    package let netns: String
    /// The namespace's inode number; 0 when unknown.
    package let inode: UInt64

    /// Reads a symbolic link: `containerID:ifName` leads to `address,address inode path`.
    package init?(name: String, target: String) {
        let owner = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let parts = target.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard owner.count == 2, parts.count == 3, let inode = UInt64(parts[1]), !parts[2].isEmpty else { return nil }
        containerID = owner[0]
        ifName = owner[1]
        netns = String(parts[2])
        self.inode = inode
    }
}
