import CNI
import NetworkModel
import PodWiring

/// What GC takes away when nobody is left who shares it.
extension BridgePlugin where K: ~Copyable {
    /// Removes bridges of ours that have no port, and our table when it has no element.
    ///
    /// Ours is a bridge with the hardware address that podnet derives from its name; another's is left alone.
    func sweepShared(in kernel: inout K) throws(CNIError) {
        try surroundings.exclusively { () throws(CNIError) in
            let links = try kernel.links()
            let used = Set(links.compactMap(\.master))
            let unused = links.filter { link in
                link.kind == .bridge && !used.contains(link.id.name)
                    && link.mac == BridgeNames.mac(of: link.id.name, node: surroundings.node)
            }
            var observed = NetworkState()
            for link in unused { observed.links[link.id] = link }
            try sweepTable(into: &observed, in: &kernel)
            let errors = kernel.runBestEffort(NetworkDiff(from: observed, to: NetworkState()).planAroundConflicts)
            if let error = CNIError(errors.map { CNIError($0) }) { throw error }
        }
    }

    private func sweepTable(into observed: inout NetworkState, in kernel: inout K) throws(CNIError) {
        var scope = Scope()
        scope.tables = [BridgeRuleset.table: .all]
        let ruleset = try kernel.look(scope).ruleset
        guard let table = ruleset.tables[BridgeRuleset.table] else { return }
        if table.sets.values.allSatisfy({ $0.elements.isEmpty }) { observed.ruleset = ruleset }
    }
}

extension Kernel where Self: ~Copyable {
    /// The host's links for a plugin; an error is the plugin's answer.
    mutating func links() throws(CNIError) -> [Link] {
        do {
            return try hostLinks()
        } catch {
            throw CNIError(error)
        }
    }
}
