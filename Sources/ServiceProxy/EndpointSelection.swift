package import Addressing

/// The node that endpoints are chosen for.
package struct SelectingNode: Hashable, Sendable {
    /// Its name; nil takes every endpoint for local.
    package var name: String?
    /// Its zone (`topology.kubernetes.io/zone`); nil where there are none.
    package var zone: String?

    /// Names a node.
    package init(name: String? = nil, zone: String? = nil) {
        self.name = name
        self.zone = zone
    }
}

/// The endpoints of one service port in one family, and those that new connections go to.
///
/// The rules are kube-proxy's. Cluster-wide traffic gets the ready ones, narrowed by hints; local traffic the ready ones
/// of this node. Where there is none, those that are going away but still serve, whatever the hints.
package struct EndpointSelection: Sendable {
    /// Which connections a list of endpoints is for.
    package enum Audience: Hashable, Sendable {
        /// Those that may go to any node.
        case everywhere
        /// Those that are to stay on this node.
        case here
        /// The one or the other, by where they come from.
        case bySource
    }

    private let slices: [EndpointSlice]
    private let node: SelectingNode
    private let candidates: [Candidate]
    private let hasReady: Bool
    private let hasReadyHere: Bool
    private let hints: HintUse

    fileprivate struct Candidate {
        let address: EndpointAddress
        let slice: Int
        let endpoint: Int
        let isReady: Bool
        let isServing: Bool
        let isTerminating: Bool
        let isLocal: Bool
    }

    private enum HintUse { case none, nodes, zones }

    /// Joins a service port with the slices of its service: same family, same port name and protocol.
    package init(
        _ port: ServicePort,
        _ family: IPAddress.Family,
        in slices: [EndpointSlice],
        for node: SelectingNode
    ) {
        self.slices = slices
        self.node = node
        let candidates = Self.candidates(port, family, slices, node.name)
        self.candidates = candidates
        hasReady = candidates.contains(where: \.isReady)
        hasReadyHere = candidates.contains { $0.isReady && $0.isLocal }
        hints = Self.hintUse(candidates, slices, node)
    }

    /// The endpoints that new connections go to, by address; none when they are to be refused.
    package func chosen(for audience: Audience) -> [EndpointAddress] {
        candidates.lazy.filter { isChosen($0, for: audience) }.map(\.address)
    }

    /// Whether any endpoint anywhere could take a connection: if so, local traffic without a local one is dropped and
    /// not refused, since it is this node only that has none.
    package var hasAny: Bool { candidates.contains { isChosen($0, for: .everywhere) || isChosen($0, for: .here) } }

    /// The chosen ones that run on this node.
    package func localAddresses(for audience: Audience) -> [IPAddress] {
        candidates.lazy.filter { $0.isLocal && isChosen($0, for: audience) }.map(\.address.address)
    }

    /// The endpoints of this node that are ready.
    package var readyHere: [IPAddress] { candidates.lazy.filter { $0.isLocal && $0.isReady }.map(\.address.address) }

    /// The endpoints that open connections may go on with, chosen or not.
    package var serving: [EndpointAddress] { candidates.lazy.filter(\.isServing).map(\.address) }

    /// Every endpoint with its state, by address.
    package func statuses(for audience: Audience) -> [EndpointStatus] {
        candidates.map { candidate in
            let source = source(of: candidate)
            let isChosen = isChosen(candidate, for: audience)
            return EndpointStatus(
                address: candidate.address,
                podName: source.podName,
                nodeName: source.nodeName,
                state: candidate.isReady ? .ready : candidate.isTerminating ? .terminating : .notReady,
                isServing: candidate.isServing,
                isChosen: isChosen,
                exclusion: candidate.isReady && !isChosen ? exclusion(for: audience) : nil
            )
        }
    }

    private func exclusion(for audience: Audience) -> EndpointStatus.Exclusion {
        if audience == .here { return .policy }
        return hints == .nodes ? .nodeHints : .zoneHints
    }

    private func isChosen(_ candidate: Candidate, for audience: Audience) -> Bool {
        switch audience {
        case .everywhere: hasReady ? candidate.isReady && isHinted(candidate) : candidate.isLastResort
        case .here: candidate.isLocal && (hasReadyHere ? candidate.isReady : candidate.isLastResort)
        case .bySource: isChosen(candidate, for: .everywhere) || isChosen(candidate, for: .here)
        }
    }

    private func isHinted(_ candidate: Candidate) -> Bool {
        switch hints {
        case .none: true
        case .nodes: source(of: candidate).hints?.nodes.contains(node.name ?? "") ?? false
        case .zones: source(of: candidate).hints?.zones.contains(node.zone ?? "") ?? false
        }
    }

    private func source(of candidate: Candidate) -> Endpoint { slices[candidate.slice].endpoints[candidate.endpoint] }

    /// Hints count only when every ready endpoint has some and one of them is for this node or zone: anything else is a
    /// state of transition, in which some endpoints would get too much.
    private static func hintUse(
        _ candidates: [Candidate],
        _ slices: [EndpointSlice],
        _ node: SelectingNode
    ) -> HintUse {
        var nodes: (all: Bool, own: Bool) = (true, false)
        var zones: (all: Bool, own: Bool) = (true, false)
        for candidate in candidates where candidate.isReady {
            guard let hints = slices[candidate.slice].endpoints[candidate.endpoint].hints else { return .none }
            nodes = (nodes.all && !hints.nodes.isEmpty, nodes.own || node.name.map(hints.nodes.contains) ?? false)
            zones = (zones.all && !hints.zones.isEmpty, zones.own || node.zone.map(hints.zones.contains) ?? false)
        }
        if nodes.all && nodes.own { return .nodes }
        return zones.all && zones.own ? .zones : .none
    }

    /// By address; of several entries for one address and port the one that is not going away wins, else the first.
    private static func candidates(
        _ port: ServicePort,
        _ family: IPAddress.Family,
        _ slices: [EndpointSlice],
        _ nodeName: String?
    ) -> [Candidate] {
        var found: [Candidate] = []
        for (index, slice) in slices.enumerated() where slice.family == family {
            for target in slice.ports where target.name == port.name && target.transport == port.transport {
                found.reserveCapacity(found.count + slice.endpoints.count)
                for (position, endpoint) in slice.endpoints.enumerated() {
                    found.append(Candidate(endpoint, target.port, slice: index, position, on: nodeName))
                }
            }
        }
        found.sort { $0.precedes($1) }
        return found.deduplicated()
    }
}

extension EndpointSelection.Candidate {
    fileprivate init(_ endpoint: Endpoint, _ port: Port, slice: Int, _ position: Int, on nodeName: String?) {
        self.init(
            address: EndpointAddress(endpoint.address, port),
            slice: slice,
            endpoint: position,
            isReady: endpoint.isReady,
            isServing: endpoint.isServing,
            isTerminating: endpoint.isTerminating,
            isLocal: endpoint.isLocal(to: nodeName)
        )
    }

    /// Whether it takes connections when nobody is ready.
    fileprivate var isLastResort: Bool { isServing && isTerminating }

    fileprivate func precedes(_ other: Self) -> Bool {
        guard address == other.address else { return address < other.address }
        guard isTerminating == other.isTerminating else { return !isTerminating }
        return (slice, endpoint) < (other.slice, other.endpoint)
    }
}

extension [EndpointSelection.Candidate] {
    /// Keeps the first of each run with one address.
    fileprivate func deduplicated() -> Self {
        guard indices.dropFirst().contains(where: { self[$0].address == self[$0 - 1].address }) else { return self }
        return indices.filter { $0 == 0 || self[$0].address != self[$0 - 1].address }.map { self[$0] }
    }
}
