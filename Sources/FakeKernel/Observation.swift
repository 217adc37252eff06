import Addressing
import NetworkModel

/// What one `observe` answers from the whole state.
struct Observation {
    private let state: NetworkState

    init(of state: NetworkState, hasContainer: Bool) {
        guard !hasContainer else {
            self.state = state
            return
        }
        var visible = state
        visible.links = state.links.filter { $0.key.place == .host }.mapValues(\.withoutHiddenPeer)
        visible.addresses = state.addresses.filter { $0.link.place == .host }
        visible.routes = state.routes.filter { $0.link.place == .host }
        visible.rules = state.rules.filter { $0.place == .host }
        visible.neighbors = state.neighbors.filter { $0.link.place == .host }
        visible.sysctls = state.sysctls.filter { $0.key.place == .host }
        self.state = visible
    }

    func limited(to scope: Scope) -> NetworkState {
        var listed = state
        listed.ruleset = state.ruleset.asListed
        return listed.part(in: scope)
    }
}

extension Link {
    fileprivate var withoutHiddenPeer: Link {
        guard case .veth(let peer?) = kind, peer.place == .container else { return self }
        var link = self
        link.kind = .veth(peer: nil)
        return link
    }
}

extension Ruleset {
    /// Without the elements of sets that rules write to, which nobody lists.
    fileprivate var asListed: Ruleset {
        var listed = self
        for (id, table) in tables {
            for (name, set) in table.sets where set.dynamic != nil { listed.tables[id]?.sets[name]?.elements = [:] }
        }
        return listed
    }
}
