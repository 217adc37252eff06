package import CNI
package import NetworkModel

/// What a plugin that only adds elements to table `inet podnet-cni` wants there for one attachment.
package struct OwnedElements: Sendable {
    /// The attachment's tag, every element's comment.
    package let tag: String
    /// The elements, by set and key.
    package let elements: [String: [[UInt8]: Element]]
    /// The table without the attachment: what others need of it, and what this one needs.
    private let structure: @Sendable (_ observed: Table?) -> Table

    /// Collects the parts; the elements get the tag as their comment.
    package init(
        tag: String,
        _ values: [String: [[UInt8]: Element.Value?]],
        structure: @escaping @Sendable (_ observed: Table?) -> Table
    ) {
        self.tag = tag
        elements = values.mapValues { $0.mapValues { Element($0, comment: tag) } }
        self.structure = structure
    }

    /// Where the elements are: one look-up each.
    private var scope: Scope {
        var scope = Scope()
        let keys = elements.flatMap { set, own in own.keys.map { Scope.ElementKey(set, $0) } }
        scope.tables[PodTable.id] = .keys(keys)
        return scope
    }

    /// The ruleset as it should be, given what was seen of it.
    package func ruleset(given observed: Ruleset) -> Ruleset {
        var table = structure(observed.tables[PodTable.id])
        for (set, own) in elements { table.sets[set]?.elements = own }
        return Ruleset(PodTable.id, table)
    }
}

extension OwnedElements {
    /// Adds what is missing in one transaction, under the lock only when chains or sets are missing.
    ///
    /// `refuse` throws when what was seen is somebody else's. Another plugin may change the table between the look and
    /// the transaction: then the kernel refuses the transaction, and the next look tells what happened.
    package func ensure<K: Kernel & ~Copyable>(
        in kernel: inout K,
        _ surroundings: Surroundings<K>,
        refusing refuse: (_ found: Ruleset) throws(CNIError) -> Void = { _ in }
    ) throws(CNIError) {
        let found = try kernel.look(scope).ruleset
        if isStructureMissing(in: found) {
            try surroundings.exclusively { () throws(CNIError) in try commit(in: &kernel, given: nil, refuse) }
        } else {
            try commit(in: &kernel, given: found, refuse)
        }
    }

    private func isStructureMissing(in found: Ruleset) -> Bool {
        !RulesetDiff(from: found.withoutElements, to: ruleset(given: found).withoutElements).isEmpty
    }

    private func commit<K: Kernel & ~Copyable>(
        in kernel: inout K,
        given known: Ruleset?,
        _ refuse: (_ found: Ruleset) throws(CNIError) -> Void
    ) throws(CNIError) {
        var known = known
        for attempt in 1...3 {
            let found: Ruleset
            if let seen = known { found = seen } else { found = try kernel.look(scope).ruleset }
            try refuse(found)
            let diff = RulesetDiff(from: found, to: ruleset(given: found))
            guard !diff.isEmpty else { return }
            do throws(KernelError) {
                return try kernel.apply(.changeRuleset(diff.changes, undo: diff.undo))
            } catch {
                guard attempt < 3, error.reason == .exists || error.reason == .notFound else { throw CNIError(error) }
                known = nil
            }
        }
    }

    /// What CHECK demands to be nothing: the difference in words.
    package func faults<K: Kernel & ~Copyable>(in kernel: inout K) throws(CNIError) -> [String] {
        let found = try kernel.look(scope).ruleset
        return RulesetDiff(from: found, to: ruleset(given: found)).differences.map(\.description)
    }
}

/// DEL and GC of such a plugin: its elements go by their comments, and nobody else's.
package struct ElementRemoval {
    private let scope: Scope
    private let isOwn: (_ set: String) -> Bool
    private let isMeant: (_ tag: String) -> Bool

    /// Means the attachment's elements in those sets that satisfy `isOwn`.
    package init(of request: Request, in isOwn: @escaping (_ set: String) -> Bool) {
        let tag = AttachmentNames(request.attachment).tag
        self.init(.comment(tag), isOwn) { $0 == tag }
    }

    /// Means the elements of the network's attachments that are not listed; nil without a list.
    package init?(unlistedIn request: NetworkRequest, in isOwn: @escaping (_ set: String) -> Bool) {
        guard let valid = request.config.validAttachments else { return nil }
        let kept = Set(valid.map { AttachmentNames($0).tag })
        let prefix = AttachmentNames.tagPrefix(of: request.config.name)
        self.init(.commentPrefix(prefix), isOwn) { $0.hasPrefix(prefix) && !kept.contains($0) }
    }

    private init(
        _ elements: Scope.ElementScope,
        _ isOwn: @escaping (_ set: String) -> Bool,
        _ isMeant: @escaping (_ tag: String) -> Bool
    ) {
        var scope = Scope()
        scope.tables = [PodTable.id: elements]
        self.scope = scope
        self.isOwn = isOwn
        self.isMeant = isMeant
    }

    /// Removes them, and answers the sets with what was removed.
    ///
    /// Another DEL or a GC may remove the same elements at the same time: then there are fewer the next time.
    @discardableResult
    package func run<K: Kernel & ~Copyable>(in kernel: inout K) throws(CNIError) -> [String: ElementSet] {
        for attempt in 1...3 {
            guard let found = meant(try kernel.look(scope).ruleset) else { return [:] }
            let observed = Ruleset([PodTable.id: found])
            let diff = RulesetDiff(from: observed, to: observed.withoutElements)
            do throws(KernelError) {
                try kernel.apply(.changeRuleset(diff.changes, undo: diff.undo))
                return found.sets
            } catch {
                guard attempt < 3, error.reason == .notFound else { throw CNIError(error) }
            }
        }
        return [:]
    }

    /// The table with nothing in it but sets that hold such elements, and those.
    private func meant(_ ruleset: Ruleset) -> Table? {
        guard var table = ruleset.tables[PodTable.id] else { return nil }
        table.chains = [:]
        table.sets = table.sets.filter { isOwn($0.key) }.mapValues { set in
            var set = set
            set.elements = set.elements.filter { $0.value.comment.map(isMeant) ?? false }
            return set
        }.filter { !$0.value.elements.isEmpty }
        return table.sets.isEmpty ? nil : table
    }
}
