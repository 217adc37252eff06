import Addressing
package import CNI
import JSON
import NetworkModel
import PodWiring

/// DEL and GC: the difference to a state without what an attachment owns.
///
/// The host end's name and the elements' comments say whose they are, so neither needs the pod's namespace, a previous
/// result or the configuration that the ADD had.
extension BridgePlugin where K: ~Copyable {
    /// Removes the attachment and gives its addresses back; goes on after errors and reports all of them.
    package func del(_ request: Request) throws(CNIError) {
        var errors: [CNIError] = []
        collect(&errors) { () throws(CNIError) in try removeAttachment(request) }
        if let ipamType = request.config.ipamType {
            // The address comes last: whoever gets it next must not meet the pod that had it.
            collect(&errors) { () throws(CNIError) in try surroundings.delegate.del(ipamType, request) }
        }
        if let error = CNIError(errors) { throw error }
    }

    /// Removes every attachment of this network that is not listed; without a list, nothing.
    package func gc(_ request: NetworkRequest) throws(CNIError) {
        guard let valid = request.config.validAttachments else { return }
        var errors: [CNIError] = []
        collect(&errors) { () throws(CNIError) in try removeAll(of: request.config.name, except: valid) }
        if let ipamType = request.config.ipamType {
            collect(&errors) { () throws(CNIError) in try surroundings.delegate.gc(ipamType, request) }
        }
        if let error = CNIError(errors) { throw error }
    }

    private func collect(_ errors: inout [CNIError], _ body: () throws(CNIError) -> Void) {
        do throws(CNIError) {
            try body()
        } catch {
            errors.append(error)
        }
    }

    private func removeAttachment(_ request: Request) throws(CNIError) {
        var kernel = try surroundings.kernel(request.netns)
        let names = AttachmentNames(request.attachment)
        var scope = Scope()
        scope.links = [LinkID(.host, names.hostVeth)]
        if !request.netns.isEmpty { scope.links.insert(LinkID(.container, request.attachment.ifName)) }
        scope.tables = [BridgeRuleset.table: .comment(names.tag)]
        // Another DEL or a GC may remove the same elements at the same time: then there are fewer the next time.
        for attempt in 1...3 {
            let errors = try remove(try kernel.look(scope), in: &kernel)
            if attempt < 3, errors.contains(where: { $0.reason == .notFound }) { continue }
            if let error = CNIError(errors.map { CNIError($0) }) { throw error }
            return
        }
    }

    private func removeAll(of network: NetworkName, except valid: Set<Attachment>) throws(CNIError) {
        var kernel = try surroundings.kernel("")
        let keptTags = Set(valid.map { AttachmentNames($0).tag })
        let prefix = AttachmentNames.tagPrefix(of: network)
        var scope = Scope()
        scope.tables = [BridgeRuleset.table: .commentPrefix(prefix)]
        var stale = try kernel.look(scope).keepingElements { !keptTags.contains($0) }
        for link in try kernel.links() {
            guard let alias = link.alias, alias.hasPrefix(prefix), !keptTags.contains(alias) else { continue }
            stale.links[link.id] = link
        }
        let errors = try remove(stale, in: &kernel)
        if let error = CNIError(errors.map { CNIError($0) }) { throw error }
        try sweepShared(in: &kernel)
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
}

extension NetworkState {
    /// The addresses that the observed elements are about: a set of pods has addresses for keys.
    var podAddresses: Set<IPAddress> {
        let sets = ruleset.tables[BridgeRuleset.table]?.sets.filter { BridgeRuleset.isPodSet($0.key) } ?? [:]
        return Set(sets.values.flatMap { $0.elements.keys.compactMap { IPAddress(bytes: $0) } })
    }

    /// The table's structure and nothing else.
    var withoutElements: NetworkState {
        var state = NetworkState()
        state.ruleset = ruleset
        for name in ruleset.tables[BridgeRuleset.table]?.sets.keys.map({ $0 }) ?? [] {
            state.ruleset.tables[BridgeRuleset.table]?.sets[name]?.elements = [:]
        }
        return state
    }

    /// The same with only those elements whose comment is as wanted.
    func keepingElements(where isWanted: (String) -> Bool) -> NetworkState {
        var state = self
        for (name, set) in ruleset.tables[BridgeRuleset.table]?.sets ?? [:] {
            let kept = set.elements.filter { $0.value.comment.map(isWanted) ?? false }
            state.ruleset.tables[BridgeRuleset.table]?.sets[name]?.elements = kept
        }
        return state
    }
}

extension Scope {
    /// The host's routes to these addresses.
    init(hostStateOf addresses: Set<IPAddress>) {
        self.init()
        hostRoutesTo = Set(addresses.map { CIDR(host: $0) })
    }

    /// The neighbours that these routes lead to.
    init(neighborsOf routes: Set<Route>) {
        self.init()
        hostNeighbors = Set(routes.map { HostNeighbor($0.link.name, $0.destination.address) })
    }
}
