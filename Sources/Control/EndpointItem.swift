/// One endpoint behind one port of one virtual IP: a row of `netctl endpoints`.
///
/// A port of a service that has no endpoint is one item without `endpoint`.
package struct EndpointItem: ListItem {
    /// `EndpointList`
    package static let listKind = "EndpointList"

    /// The service's namespace.
    package var namespace: String
    /// The service's name.
    package var service: String
    /// The service port's name; empty for an unnamed port.
    package var portName: String
    /// `tcp`, `udp` or `sctp`; empty where the port is not known.
    package var `protocol`: String
    /// The virtual IP.
    package var vip: String
    /// The port of the virtual IP; 0 where it is not known, which is so of a rejected one when only the kernel is asked.
    package var port: Int
    /// Where connections go; absent when the port has no endpoint at all.
    package var endpoint: Target?
    /// What the daemon wants; absent when it wants no such thing or was not asked.
    package var desired: Desired?
    /// The last transaction that put it into the kernel; absent when it is not applied.
    package var applied: Applied?
    /// How the endpoint is.
    package var state: EndpointState
    /// Why it is so, when that is not obvious.
    package var reason: String?
    /// What the kernel has of it. The daemon leaves it out: `netctl` looks for itself.
    package var kernel: KernelEvidence?

    /// Describes an endpoint.
    package init(
        namespace: String,
        service: String,
        portName: String,
        protocol: String,
        vip: String,
        port: Int,
        endpoint: Target?,
        desired: Desired?,
        applied: Applied?,
        state: EndpointState,
        reason: String? = nil,
        kernel: KernelEvidence? = nil
    ) {
        self.namespace = namespace
        self.service = service
        self.portName = portName
        self.protocol = `protocol`
        self.vip = vip
        self.port = port
        self.endpoint = endpoint
        self.desired = desired
        self.applied = applied
        self.state = state
        self.reason = reason
        self.kernel = kernel
    }

    /// Where connections go.
    package struct Target: Codable, Hashable, Sendable {
        /// The endpoint's address.
        package var address: String
        /// The port there.
        package var port: Int
        /// The pod's name, when known.
        package var pod: String?
        /// The node that the pod runs on, when known.
        package var node: String?
        /// Whether that is this node.
        package var local: Bool

        /// Describes a target.
        package init(address: String, port: Int, pod: String? = nil, node: String? = nil, local: Bool) {
            self.address = address
            self.port = port
            self.pod = pod
            self.node = node
            self.local = local
        }
    }

    /// What the daemon wants.
    package struct Desired: Codable, Hashable, Sendable {
        /// Whether it takes new connections.
        package var ready: Bool
        /// Whether it answers, ready or not.
        package var serving: Bool
        /// Whether it is on its way out.
        package var terminating: Bool
        /// Whether endpoint selection gives it connections, so that it has to be in the kernel.
        package var selected: Bool
        /// The generation that it was last changed in.
        package var generation: UInt64

        /// Describes a wish.
        package init(ready: Bool, serving: Bool, terminating: Bool, selected: Bool, generation: UInt64) {
            self.ready = ready
            self.serving = serving
            self.terminating = terminating
            self.selected = selected
            self.generation = generation
        }
    }

    /// A transaction that the kernel took.
    package struct Applied: Codable, Hashable, Sendable {
        /// The generation that the transaction brought the kernel to.
        package var generation: UInt64

        /// Names the transaction's generation.
        package init(generation: UInt64) { self.generation = generation }
    }
}

/// How an endpoint is. Readers must expect states that they do not know.
package struct EndpointState: RawRepresentable, Codable, Hashable, Sendable {
    /// The word on the wire and in tables.
    package let rawValue: String

    /// Takes any word.
    package init(rawValue: String) { self.rawValue = rawValue }

    /// Takes new connections.
    package static let ready = EndpointState(rawValue: "ready")
    /// Known, but takes no connections.
    package static let notReady = EndpointState(rawValue: "not-ready")
    /// On its way out.
    package static let terminating = EndpointState(rawValue: "terminating")
    /// Ready, but a policy, a zone hint or its family keeps connections away from it; the reason says which.
    package static let excluded = EndpointState(rawValue: "excluded")
    /// The port has no endpoint at all.
    package static let noEndpoints = EndpointState(rawValue: "no-endpoints")
    /// Something about it is not usable; the reason says what.
    package static let invalid = EndpointState(rawValue: "invalid")
    /// In the kernel, but nobody wants it.
    package static let undesired = EndpointState(rawValue: "undesired")
    /// The daemon could not be asked.
    package static let unknown = EndpointState(rawValue: "unknown")
}

/// What the kernel has of an endpoint or a service, beside what it should have.
package struct KernelEvidence: Codable, Hashable, Sendable {
    /// The verdict.
    package var state: KernelState
    /// The table looked into: `ip podnet`.
    package var table: String?
    /// The endpoint's index behind its frontend.
    package var index: Int?
    /// Connections that the kernel has sent there.
    package var connections: UInt64?

    /// Describes what was found.
    package init(_ state: KernelState, table: String? = nil, index: Int? = nil, connections: UInt64? = nil) {
        self.state = state
        self.table = table
        self.index = index
        self.connections = connections
    }
}

/// The word in the column KERNEL. Readers must expect states that they do not know.
package struct KernelState: RawRepresentable, Codable, Hashable, Sendable {
    /// The word on the wire and in tables; capitals mean that something is wrong.
    package let rawValue: String

    /// Takes any word.
    package init(rawValue: String) { self.rawValue = rawValue }

    /// There, as it should be.
    package static let ok = KernelState(rawValue: "ok")
    /// Not there, as it should be.
    package static let absent = KernelState(rawValue: "absent")
    /// Not there, and should be.
    package static let missing = KernelState(rawValue: "MISSING")
    /// There, and should not be.
    package static let stale = KernelState(rawValue: "STALE")
    /// The kernel rejects connections to this port, as it should.
    package static let reject = KernelState(rawValue: "reject")
    /// The kernel drops connections to this port, as it should: no endpoint is on this node, and the policy is Local.
    package static let drop = KernelState(rawValue: "drop")
    /// Of a service: some of its endpoints are MISSING or STALE.
    package static let drift = KernelState(rawValue: "DRIFT")
    /// The kernel could not be read.
    package static let unknown = KernelState(rawValue: "unknown")
}
