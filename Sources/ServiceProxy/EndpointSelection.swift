package import Addressing

/// What an endpoint of a service port is, and whether new connections go to it.
package struct EndpointStatus: Hashable, Sendable {
    /// What the source says of the endpoint.
    package enum State: String, Hashable, Sendable {
        case ready
        case notReady = "not-ready"
        case terminating
    }

    /// Where it is.
    package let address: EndpointAddress
    /// The pod behind it, if known.
    package let podName: String?
    /// The node that it runs on, if known.
    package let nodeName: String?
    /// The state.
    package let state: State
    /// Whether it still answers.
    package let isServing: Bool
    /// Whether new connections go to it.
    package let isChosen: Bool

    /// Why it is chosen or not, where the state alone does not say it.
    package var reason: String? {
        switch (state, isChosen, isServing) {
        case (.ready, _, _): nil
        case (.notReady, _, _): "not ready by its source"
        case (.terminating, true, _): "going away, but no endpoint is ready and it still serves"
        case (.terminating, false, true): "going away: open connections go on, new ones go to ready endpoints"
        case (.terminating, false, false): "going away and no longer serving"
        }
    }
}

/// The endpoints of one service port in one family, and those that new connections go to.
///
/// The rules are kube-proxy's for cluster-wide traffic: the ready ones; where none is, those that are going away but
/// still serve. Node-local policies and hints will narrow the choice here too.
package struct EndpointSelection: Sendable {
    private let candidates: [Candidate]
    private let choosesReady: Bool

    fileprivate struct Candidate {
        let address: EndpointAddress
        let slice: Int
        let endpoint: Int
        let isReady: Bool
        let isServing: Bool
        let isTerminating: Bool
    }

    private let slices: [EndpointSlice]

    /// Joins a service port with the slices of its service: same family, same port name and protocol.
    package init(_ port: ServicePort, _ family: IPAddress.Family, in slices: [EndpointSlice]) {
        self.slices = slices
        candidates = Self.candidates(port, family, slices)
        choosesReady = candidates.contains(where: \.isReady)
    }

    /// The endpoints that new connections go to, by address; none when the service is to be refused.
    package var chosen: [EndpointAddress] { candidates.lazy.filter(isChosen).map(\.address) }

    /// The chosen ones that run on `node`.
    package func localAddresses(_ node: String?) -> [IPAddress] {
        candidates.lazy.filter { isChosen($0) && source(of: $0).isLocal(to: node) }.map(\.address.address)
    }

    /// The endpoints that open connections may go on with, chosen or not.
    package var serving: [EndpointAddress] { candidates.lazy.filter(\.isServing).map(\.address) }

    /// Every endpoint with its state, by address.
    package var statuses: [EndpointStatus] {
        candidates.map { candidate in
            let source = source(of: candidate)
            return EndpointStatus(
                address: candidate.address,
                podName: source.podName,
                nodeName: source.nodeName,
                state: candidate.isReady ? .ready : candidate.isTerminating ? .terminating : .notReady,
                isServing: candidate.isServing,
                isChosen: isChosen(candidate)
            )
        }
    }

    private func isChosen(_ candidate: Candidate) -> Bool {
        choosesReady ? candidate.isReady : candidate.isServing && candidate.isTerminating
    }

    private func source(of candidate: Candidate) -> Endpoint { slices[candidate.slice].endpoints[candidate.endpoint] }

    /// By address; of several entries for one address and port the one that is not going away wins, else the first.
    private static func candidates(
        _ port: ServicePort,
        _ family: IPAddress.Family,
        _ slices: [EndpointSlice]
    ) -> [Candidate] {
        var found: [Candidate] = []
        for (index, slice) in slices.enumerated() where slice.family == family {
            for target in slice.ports where target.name == port.name && target.transport == port.transport {
                found.reserveCapacity(found.count + slice.endpoints.count)
                for (position, endpoint) in slice.endpoints.enumerated() {
                    found.append(Candidate(endpoint, target.port, slice: index, position))
                }
            }
        }
        found.sort { $0.precedes($1) }
        return found.deduplicated()
    }
}

extension EndpointSelection.Candidate {
    fileprivate init(_ endpoint: Endpoint, _ port: Port, slice: Int, _ position: Int) {
        self.init(
            address: EndpointAddress(endpoint.address, port),
            slice: slice,
            endpoint: position,
            isReady: endpoint.isReady,
            isServing: endpoint.isServing,
            isTerminating: endpoint.isTerminating
        )
    }

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
