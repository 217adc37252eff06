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
        visible.neighbors = state.neighbors.filter { $0.link.place == .host }
        visible.sysctls = state.sysctls.filter { $0.key.place == .host }
        self.state = visible
    }

    func limited(to scope: Scope) -> NetworkState {
        var answer = NetworkState()
        answer.links = state.links.filter { scope.links.contains($0.key) }
        answer.addresses = state.addresses.filter { scope.addressesOf.contains($0.link) }
        answer.routes = state.routes.filter { scope.names($0) }
        answer.neighbors = state.neighbors.filter { scope.names($0) }
        answer.sysctls = state.sysctls.filter { scope.sysctls.contains($0.key) }
        answer.ruleset = Ruleset(
            state.ruleset.tables.filter { scope.tables[$0.key] != nil }.map { id, table in
                (id, table.limited(to: scope.tables[id] ?? .all))
            }.reduce(into: [:]) { $0[$1.0] = $1.1 }
        )
        return answer
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

extension Scope {
    private static let mainTable: UInt32 = 254
    /// RTPROT_KERNEL (linux/rtnetlink.h).
    private static let kernelProtocol: UInt8 = 2

    fileprivate func names(_ route: Route) -> Bool {
        guard route.table == Self.mainTable, route.origin != Self.kernelProtocol else { return false }
        return routesOf.contains(route.link) || route.link.place == .host && hostRoutesTo.contains(route.destination)
    }

    fileprivate func names(_ neighbor: Neighbor) -> Bool {
        neighborsOf.contains(neighbor.link)
            || neighbor.link.place == .host && hostNeighbors.contains(.init(neighbor.link.name, neighbor.address))
    }
}

extension Table {
    fileprivate func limited(to scope: Scope.ElementScope) -> Table {
        var table = self
        table.sets = table.sets.reduce(into: [:]) { sets, entry in
            var set = entry.value
            set.elements = set.elements.filter { scope.names($0.key, $0.value, in: entry.key) }
            sets[entry.key] = set
        }
        return table
    }
}

extension Scope.ElementScope {
    fileprivate func names(_ key: [UInt8], _ element: Element, in set: String) -> Bool {
        switch self {
        case .keys(let keys): keys[set]?.contains(key) ?? false
        case .comment(let text): element.comment == text
        case .commentPrefix(let prefix): element.comment?.hasPrefix(prefix) ?? false
        case .all: true
        }
    }
}
