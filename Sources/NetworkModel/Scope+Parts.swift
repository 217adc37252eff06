extension Scope {
    /// What either names: to look at once instead of twice.
    package func union(_ other: Scope) -> Scope {
        var scope = self
        scope.links.take(other.links)
        scope.vlansOf.take(other.vlansOf)
        scope.addressesOf.take(other.addressesOf)
        scope.routesOf.take(other.routesOf)
        scope.tablesOf.take(other.tablesOf)
        scope.rulesOf.take(other.rulesOf)
        scope.hostRoutesTo.take(other.hostRoutesTo)
        scope.neighborsOf.take(other.neighborsOf)
        scope.shapingOf.take(other.shapingOf)
        scope.hostNeighbors.take(other.hostNeighbors)
        scope.sysctls.take(other.sysctls)
        scope.tables.merge(other.tables) { $0.union($1) }
        return scope
    }
}

extension Set {
    /// As `formUnion`, at no cost where there is nothing to add.
    fileprivate mutating func take(_ others: Set) {
        if !others.isEmpty { formUnion(others) }
    }
}

extension Scope.ElementScope {
    /// Keys of either; all elements where either names them by something else.
    fileprivate func union(_ other: Self) -> Self {
        guard case .keys(let keys) = self, case .keys(let others) = other else { return self == other ? self : .all }
        return .keys(others.reduce(into: keys) { all, key in if !keys.contains(key) { all.append(key) } })
    }

    fileprivate func contains(_ element: Element, _ key: [UInt8], of set: String) -> Bool {
        switch self {
        case .keys(let keys): keys.contains { $0.bytes == key && $0.set == set }
        case .comment(let text): element.comment == text
        case .commentPrefix(let text): element.comment?.hasPrefix(text) ?? false
        case .sets(let names): names.contains(set)
        case .all: true
        }
    }
}

extension NetworkState {
    /// What would have been observed with this scope, which must be a part of the one that this was observed with.
    package func part(in scope: Scope) -> NetworkState {
        var state = NetworkState()
        for (id, link) in links where scope.links.contains(id) {
            state.links[id] = scope.vlansOf.contains(id) ? link : link.withoutVLANs
        }
        state.addresses = addresses.keeping { scope.addressesOf.contains($0.link) }
        state.routes = routes.keeping { route in
            (scope.tablesOf.contains(route.link.place) && route.table != Route.localTable)
                || (scope.routesOf.contains(route.link) && route.isSetInMain)
                || (route.link.place == .host && scope.hostRoutesTo.contains(route.destination)
                    && route.isSetInMain)
        }
        state.rules = rules.keeping { scope.rulesOf.contains($0.place) }
        state.neighbors = neighbors.keeping { neighbor in
            scope.neighborsOf.contains(neighbor.link)
                || (neighbor.link.place == .host
                    && scope.hostNeighbors.contains(Scope.HostNeighbor(neighbor.link.name, neighbor.address)))
        }
        state.shaping = shaping.keeping { scope.shapingOf.contains($0.link) }
        for (sysctl, value) in sysctls where scope.sysctls.contains(sysctl) { state.sysctls[sysctl] = value }
        for (id, elements) in scope.tables { state.ruleset.tables[id] = ruleset.tables[id]?.keeping(elements) }
        return state
    }
}

extension Link {
    /// Nobody is told a port's VLANs who has not asked.
    package var withoutVLANs: Link {
        var link = self
        link.bridgePort?.vlans = nil
        return link
    }
}

extension Table {
    fileprivate func keeping(_ scope: Scope.ElementScope) -> Table {
        var table = self
        if !scope.includesChains { table.chains = [:] }
        for (name, set) in sets where !set.elements.isEmpty {
            table.sets[name]?.elements = set.elements.filter { scope.contains($0.value, $0.key, of: name) }
        }
        return table
    }
}
