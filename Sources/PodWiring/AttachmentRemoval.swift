import Addressing
package import CNI
package import NetworkModel

/// DEL and GC: the difference to a state without what an attachment owns.
///
/// The host end's name and the elements' comments say whose they are, so neither needs the pod's namespace, a previous
/// result or the configuration that the ADD had.
package struct AttachmentRemoval<K: Kernel & ~Copyable> {
    private let surroundings: Surroundings<K>
    private let tables: [TableID]

    /// Removes in these surroundings; `tables` are those in which the plugin's attachments can have elements.
    package init(_ surroundings: Surroundings<K>, tables: [TableID] = [PodTable.id]) {
        self.surroundings = surroundings
        self.tables = tables
    }

    private func tables(_ elements: Scope.ElementScope) -> [TableID: Scope.ElementScope] {
        Dictionary(tables.map { ($0, elements) }) { first, _ in first }
    }

    /// Removes an attachment and gives its addresses back; goes on after errors and reports all of them.
    package func remove(_ request: Request) throws(CNIError) {
        try surroundings.delete(request) { () throws(CNIError) in
            var kernel = try surroundings.kernel(request.netns)
            var errors: [CNIError] = []
            errors.collect { () throws(CNIError) in try removeAttachment(request, in: &kernel) }
            errors += kernel.removeReferenceArtefacts(of: request.attachment).map { CNIError($0) }
            if let error = CNIError(errors) { throw error }
        }
    }

    /// Removes every attachment of this network that is not listed, and what nobody is left who shares it; without a
    /// list, nothing. `unused` picks the latter from the node's links.
    package func collectGarbage(
        _ request: NetworkRequest,
        sweeping unused: (_ links: [Link], _ kernel: inout K) throws(CNIError) -> [Link] = { _, _ in [] }
    ) throws(CNIError) {
        guard let valid = request.config.validAttachments else { return }
        var errors: [CNIError] = []
        errors.collect { () throws(CNIError) in try removeAll(of: request.config.name, except: valid, unused) }
        if let ipamType = request.config.ipamType {
            errors.collect { () throws(CNIError) in try surroundings.delegate.gc(ipamType, request) }
        }
        if let error = CNIError(errors) { throw error }
    }

    private func removeAttachment(_ request: Request, in kernel: inout K) throws(CNIError) {
        let names = AttachmentNames(request.attachment)
        var scope = Scope()
        scope.links = [LinkID(.host, names.hostVeth)]
        if !request.netns.isEmpty { scope.links.insert(LinkID(.container, request.attachment.ifName)) }
        scope.tables = tables(.comment(names.tag))
        // Another DEL or a GC may remove the same elements at the same time: then there are fewer the next time.
        for attempt in 1...3 {
            let errors = try remove(try pairs(of: request.attachment, scope, in: &kernel), in: &kernel)
            if attempt < 3, errors.contains(where: { $0.reason == .notFound }) { continue }
            if let error = CNIError(errors.map { CNIError($0) }) { throw error }
            return
        }
    }

    /// What is in the scope of links and elements: no link but ends of pairs, and of those no other attachment's.
    private func pairs(
        of attachment: Attachment,
        _ scope: Scope,
        in kernel: inout K
    ) throws(CNIError) -> NetworkState {
        var found = try kernel.look(scope).withPairsOnly
        let inner = LinkID(.container, attachment.ifName)
        if let link = found.links[inner], try kernel.isAnothers(link, than: attachment) { found.links[inner] = nil }
        return found
    }

    private func removeAll(
        of network: NetworkName,
        except valid: Set<Attachment>,
        _ unused: (_ links: [Link], _ kernel: inout K) throws(CNIError) -> [Link]
    ) throws(CNIError) {
        var kernel = try surroundings.kernel("")
        let keptTags = Set(valid.map { AttachmentNames($0).tag })
        let prefix = AttachmentNames.tagPrefix(of: network)
        var scope = Scope()
        scope.tables = tables(.commentPrefix(prefix))
        var stale = try kernel.look(scope).keepingElements { !keptTags.contains($0) }
        for link in try kernel.links() {
            guard let alias = link.alias, alias.hasPrefix(prefix), !keptTags.contains(alias) else { continue }
            stale.links[link.id] = link
        }
        let errors = try remove(stale, in: &kernel)
        if let error = CNIError(errors.map { CNIError($0) }) { throw error }
        try sweepShared(in: &kernel, unused)
    }

    /// Removes what was observed of attachments: links, elements, and the host's routes to the elements' addresses.
    private func remove(_ observed: NetworkState, in kernel: inout K) throws(CNIError) -> [KernelError] {
        var observed = observed
        let leftovers = try kernel.look(Scope(hostStateOf: observed.podAddresses))
        observed.routes = leftovers.routes.filter { $0.origin == Route.ownProtocol }
        observed.neighbors = try kernel.look(Scope(neighborsOf: observed.routes)).neighbors
        let rest = observed.withoutElements
        return kernel.runBestEffort(NetworkDiff(from: observed, to: rest).planAroundConflicts)
    }

    /// Removes links that nobody uses, and our tables when they have no element.
    private func sweepShared(
        in kernel: inout K,
        _ unused: (_ links: [Link], _ kernel: inout K) throws(CNIError) -> [Link]
    ) throws(CNIError) {
        try surroundings.exclusively { () throws(CNIError) in
            var observed = NetworkState()
            for link in try unused(kernel.links(), &kernel) { observed.links[link.id] = link }
            try sweepTables(into: &observed, in: &kernel)
            let errors = kernel.runBestEffort(NetworkDiff(from: observed, to: NetworkState()).planAroundConflicts)
            if let error = CNIError(errors.map { CNIError($0) }) { throw error }
        }
    }

    private func sweepTables(into observed: inout NetworkState, in kernel: inout K) throws(CNIError) {
        var scope = Scope()
        scope.tables = tables(.all)
        let found = try kernel.look(scope).ruleset.tables
        observed.ruleset.tables = found.filter { Ruleset([$0.key: $0.value]).hasNoElements }
    }
}

extension [CNIError] {
    /// Runs a part of DEL or GC, which goes on when it fails.
    package mutating func collect(_ body: () throws(CNIError) -> Void) {
        do throws(CNIError) {
            try body()
        } catch {
            append(error)
        }
    }
}

extension NetworkState {
    /// Without links that are no end of a pair: another plugin's macvlan, a device of the host's.
    fileprivate var withPairsOnly: NetworkState {
        var state = self
        state.links = links.filter { if case .veth = $0.value.kind { true } else { false } }
        return state
    }

    /// The addresses that the observed elements are about: a set of pods has addresses for keys.
    fileprivate var podAddresses: Set<IPAddress> {
        let sets = ruleset.tables[PodTable.id]?.sets.filter { PodTable.isPodSet($0.key) } ?? [:]
        return Set(sets.values.flatMap { $0.elements.keys.compactMap { IPAddress(bytes: $0) } })
    }

    /// The tables' structure and nothing else.
    fileprivate var withoutElements: NetworkState {
        var state = NetworkState()
        state.ruleset = ruleset.keepingElements { _ in false }
        return state
    }

    /// The same with only those elements whose comment is as wanted.
    fileprivate func keepingElements(where isWanted: (String) -> Bool) -> NetworkState {
        var state = self
        state.ruleset = ruleset.keepingElements(where: isWanted)
        return state
    }
}

extension Ruleset {
    /// The same with only those elements whose comment is as wanted; an element without one goes.
    fileprivate func keepingElements(where isWanted: (String) -> Bool) -> Ruleset {
        var ruleset = self
        for (id, table) in tables {
            for (name, set) in table.sets {
                let kept = set.elements.filter { $0.value.comment.map(isWanted) ?? false }
                ruleset.tables[id]?.sets[name]?.elements = kept
            }
        }
        return ruleset
    }
}

extension Scope {
    /// The host's routes to these addresses.
    fileprivate init(hostStateOf addresses: Set<IPAddress>) {
        self.init()
        hostRoutesTo = Set(addresses.map { CIDR(host: $0) })
    }

    /// The neighbours that these routes lead to.
    fileprivate init(neighborsOf routes: Set<Route>) {
        self.init()
        hostNeighbors = Set(routes.map { HostNeighbor($0.link.name, $0.destination.address) })
    }
}
