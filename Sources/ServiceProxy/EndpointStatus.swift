/// What an endpoint of a service port is, and whether new connections go to it.
package struct EndpointStatus: Hashable, Sendable {
    /// What the source says of the endpoint.
    package enum State: String, Hashable, Sendable {
        case ready
        case notReady = "not-ready"
        case terminating
    }

    /// Why a ready endpoint gets no connections here.
    package enum Exclusion: Hashable, Sendable {
        /// It runs on another node, and the traffic policy is Local.
        case policy
        /// Others are hinted for this node.
        case nodeHints
        /// Others are hinted for this zone.
        case zoneHints
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
    /// Why not, though it is ready.
    package let exclusion: Exclusion?

    /// Why it is chosen or not, where the state alone does not say it.
    package var reason: String? {
        switch (state, isChosen, isServing) {
        case (.ready, _, _): exclusion?.reason
        case (.notReady, _, _): "not ready by its source"
        case (.terminating, true, _): "going away, but no endpoint is ready and it still serves"
        case (.terminating, false, true): "going away: open connections go on, new ones go to ready endpoints"
        case (.terminating, false, false): "going away and no longer serving"
        }
    }
}

extension EndpointStatus.Exclusion {
    fileprivate var reason: String {
        switch self {
        case .policy: "on another node, and the traffic policy is Local"
        case .nodeHints: "for other nodes: hints give this one endpoints of its own"
        case .zoneHints: "for other zones: hints give this one endpoints of its own"
        }
    }
}
