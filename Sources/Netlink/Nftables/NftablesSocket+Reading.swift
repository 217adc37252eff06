import CNFTNL
package import NetworkModel
import Posix

extension NftablesSocket {
    /// Reads a table with its sets, as many elements as asked for and, unless they are asked for by comment, its chains and
    /// rules; nil when it is not there.
    ///
    /// All of it is of one generation and no element is missing: when anybody commits meanwhile, or the kernel reorders a
    /// set, it is read again, at most ten times in half a second, then the error is `.interrupted`. Only this table is read, but for chains, which the kernel lists for all
    /// tables of a family or not at all. Nothing that others put into the table is an error; it reads as something that
    /// equals nothing of ours: expressions as `.unknown`, sets of a kind that we do not write with an empty `key`, base
    /// chains of such a kind without `base` and with an `.unknown` rule in front.
    package mutating func table(_ id: TableID, elements: Scope.ElementScope?) throws(KernelError) -> Table? {
        for attempt in 0...10 {
            if attempt > 0 { MonotonicClock.sleep(.milliseconds(min(1 << (attempt - 1), 100))) }
            let before = try generation()
            let attempt = try readOnce(id, elements)
            guard try generation() == before else { continue }
            switch attempt {
            case .read(let table): return table
            case .failed(let error): throw error
            case .incomplete: continue
            }
        }
        throw KernelError(
            "read",
            "table \(id)",
            reason: .interrupted,
            text: "it changed, or the kernel reordered it, during each of eleven attempts to read it"
        )
    }

    /// What came of reading a table once.
    private enum Attempt {
        case read(Table?)
        /// Maybe because the table was replaced meanwhile: it is only an error if it was not.
        case failed(KernelError)
        /// Elements are missing.
        case incomplete
    }

    /// One attempt.
    private mutating func readOnce(
        _ id: TableID,
        _ scope: Scope.ElementScope?
    ) throws(KernelError) -> Attempt {
        do throws(KernelError) {
            guard var table = try header(of: id) else { return .read(nil) }
            if scope?.includesChains ?? true {
                table = try reading(NFT_MSG_GETCHAIN, into: table, "chains", id)
                table = try reading(NFT_MSG_GETRULE, into: table, "rules", id)
            }
            guard let scope else { return .read(try reading(NFT_MSG_GETSET, into: table, "sets", id)) }
            if case .keys(let keys) = scope {
                table = try reading(NFT_MSG_GETSET, into: table, "sets", id)
                try read(keys, into: &table.sets, id)
                return .read(table)
            }
            let sets = try sets(of: id)
            for set in sets where table.sets[set.name] == nil { table.sets[set.name] = set.set }
            return try read(scope, of: sets, into: &table.sets, id) ? .read(table) : .incomplete
        } catch  where error.reason == .notFound {
            return .failed(error)
        }
    }

    /// The names of a table's chains; nil when it is not there.
    mutating func chainNames(of id: TableID) throws(KernelError) -> Set<String>? {
        guard try header(of: id) != nil else { return nil }
        return Set(try reading(NFT_MSG_GETCHAIN, into: Table(), "chains", id).chains.keys)
    }

    /// The table alone, or nil when it is not there.
    private mutating func header(of id: TableID) throws(KernelError) -> Table? {
        var request = Self.request(NFT_MSG_GETTABLE, family: id.family.number)
        request.append(attribute: Int(NFTA_TABLE_NAME.rawValue), id.name)
        do throws(KernelError) {
            return try socket.get(request, "read", "table \(id)") { _, payload throws(MalformedMessage) in
                try Table(payload)
            }
        } catch  where error.reason == .notFound {
            return nil
        }
    }

    /// The table with the chains, rules or sets that a dump of this kind lists.
    private mutating func reading(
        _ type: nf_tables_msg_types,
        into table: Table,
        _ objects: StaticString,
        _ id: TableID
    ) throws(KernelError) -> Table {
        var request = Self.request(type, family: id.family.number)
        switch type {
        case NFT_MSG_GETRULE: request.append(attribute: Int(NFTA_RULE_TABLE.rawValue), id.name)
        case NFT_MSG_GETSET: request.append(attribute: Int(NFTA_SET_TABLE.rawValue), id.name)
        default: break
        }
        return try socket.dump(request, into: table, "read", "\(objects) of \(id)") {
            table,
            _,
            payload throws(MalformedMessage) in
            switch type {
            case NFT_MSG_GETCHAIN: try table.take(chain: payload, of: id)
            case NFT_MSG_GETRULE: try table.take(rule: payload, of: id)
            default: try table.take(set: payload)
            }
        }
    }

    private mutating func sets(of id: TableID) throws(KernelError) -> [NamedSet] {
        var request = Self.request(NFT_MSG_GETSET, family: id.family.number)
        request.append(attribute: Int(NFTA_SET_TABLE.rawValue), id.name)
        return try socket.dump(request, "read", "sets of \(id)") { _, payload throws(MalformedMessage) in
            try NamedSet(payload)
        }
    }
}

extension Table {
    /// Takes in an NFT_MSG_NEWCHAIN, if the chain is of this table.
    fileprivate mutating func take(chain payload: RawSpan, of id: TableID) throws(MalformedMessage) {
        guard let named = try NamedChain(payload, of: id), chains[named.name] == nil else { return }
        chains[named.name] = named.chain
    }

    /// Takes in an NFT_MSG_NEWRULE, if the rule is of this table; those of one chain come in order.
    fileprivate mutating func take(rule payload: RawSpan, of id: TableID) throws(MalformedMessage) {
        guard let (chain, rule) = try rule(in: payload, of: id) else { return }
        chains[chain]?.rules.append(rule)
    }

    /// Takes in an NFT_MSG_NEWSET.
    fileprivate mutating func take(set payload: RawSpan) throws(MalformedMessage) {
        let named = try NamedSet(payload)
        if sets[named.name] == nil { sets[named.name] = named.set }
    }
}
