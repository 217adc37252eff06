/// One interface of one pod: a row of `netctl pods`.
package struct PodItem: ListItem {
    /// `PodList`
    package static let listKind = "PodList"

    /// The pod's namespace, when the runtime named it.
    package var namespace: String?
    /// The pod's name, when the runtime named it.
    package var pod: String?
    /// The container (sandbox) ID; its beginning where only that is known.
    package var containerID: String
    /// The interface in the pod; absent where no lease names it.
    package var ifName: String?
    /// The CNI network.
    package var network: String
    /// Addresses with their prefix lengths.
    package var addresses: [String]
    /// The hardware address in the pod, when known.
    package var mac: String?
    /// The host's end; absent when it is gone.
    package var hostLink: HostLink?
    /// The pod's network namespace.
    package var netns: Netns?
    /// Since when its addresses have been leased.
    package var since: Timestamp?
    /// How the attachment is.
    package var state: AttachmentState
    /// Why it is so, when that is not obvious.
    package var reason: String?

    /// Describes an attachment.
    package init(
        namespace: String? = nil,
        pod: String? = nil,
        containerID: String,
        ifName: String?,
        network: String,
        addresses: [String],
        mac: String? = nil,
        hostLink: HostLink?,
        netns: Netns?,
        since: Timestamp? = nil,
        state: AttachmentState,
        reason: String? = nil
    ) {
        self.namespace = namespace
        self.pod = pod
        self.containerID = containerID
        self.ifName = ifName
        self.network = network
        self.addresses = addresses
        self.mac = mac
        self.hostLink = hostLink
        self.netns = netns
        self.since = since
        self.state = state
        self.reason = reason
    }

    /// The host's end of a pod's wire.
    package struct HostLink: Codable, Hashable, Sendable {
        /// Its name.
        package var name: String
        /// The bridge that it is a port of.
        package var bridge: String?
        /// Its own hardware address, which is not the pod's.
        package var mac: String?
        /// In bytes.
        package var mtu: Int?
        /// Whether it is up.
        package var isUp: Bool
        /// What the pod has received, in bytes.
        package var received: UInt64?
        /// What the pod has sent, in bytes.
        package var sent: UInt64?

        /// Describes a link.
        package init(
            name: String,
            bridge: String?,
            mac: String?,
            mtu: Int?,
            isUp: Bool,
            received: UInt64? = nil,
            sent: UInt64? = nil
        ) {
            self.name = name
            self.bridge = bridge
            self.mac = mac
            self.mtu = mtu
            self.isUp = isUp
            self.received = received
            self.sent = sent
        }
    }

    /// A network namespace by its path.
    package struct Netns: Codable, Hashable, Sendable {
        /// The path.
        package var path: String
        /// Whether a namespace is there.
        package var exists: Bool

        /// Describes a namespace.
        package init(path: String, exists: Bool) {
            self.path = path
            self.exists = exists
        }
    }
}

/// How an attachment is. Readers must expect states that they do not know.
package struct AttachmentState: RawRepresentable, Codable, Hashable, Sendable {
    /// The word on the wire and in tables; capitals mean that something is wrong.
    package let rawValue: String

    /// Takes any word.
    package init(rawValue: String) { self.rawValue = rawValue }

    /// Wired up.
    package static let up = AttachmentState(rawValue: "up")
    /// The host's end is there, but not up.
    package static let down = AttachmentState(rawValue: "down")
    /// A lease without a link: the pod is gone, its address is not free.
    package static let orphan = AttachmentState(rawValue: "ORPHAN")
    /// Made by plugins that leave no mark on their links, so nobody can tell.
    package static let unknown = AttachmentState(rawValue: "unknown")
}
