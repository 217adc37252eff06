import CNFTNL
package import NetworkModel
import Posix

extension NftablesSocket {
    /// Reads a table with its chains, rules and sets, and as many elements as asked for; nil when it is not there.
    ///
    /// All of it is of one generation: when anybody commits meanwhile it is read again, at most ten times in half a
    /// second, then the error is `.interrupted`. Only this table is read, but for chains, which the kernel lists for all
    /// tables of a family or not at all. Nothing that others put into the table is an error; it reads as something that
    /// equals nothing of ours: expressions as `.unknown`, sets of a kind that we do not write with an empty `key`, base
    /// chains of such a kind without `base` and with an `.unknown` rule in front.
    package mutating func table(_ id: TableID, elements: Scope.ElementScope?) throws(KernelError) -> Table? {
        for attempt in 0...10 {
            if attempt > 0 { MonotonicClock.sleep(.milliseconds(min(1 << (attempt - 1), 100))) }
            let before = try generation()
            let table = try readOnce(id, elements)
            if try generation() == before { return try table.get() }
        }
        throw KernelError(
            "read",
            "table \(id)",
            reason: .interrupted,
            text: "the ruleset changed during each of eleven attempts to read it"
        )
    }

    /// One attempt. An error of it may come from the table's being replaced meanwhile, and is only one if it was not.
    private mutating func readOnce(
        _ id: TableID,
        _ scope: Scope.ElementScope?
    ) throws(KernelError) -> Result<Table?, KernelError> {
        do throws(KernelError) {
            guard var table = try header(of: id) else { return .success(nil) }
            table.chains = try chains(of: id)
            for (chain, rule) in try rules(of: id) { table.chains[chain]?.rules.append(rule) }
            table.sets = try sets(of: id)
            if let scope { try read(scope, into: &table.sets, of: id) }
            return .success(table)
        } catch  where error.reason == .notFound {
            return .failure(error)
        }
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

    private mutating func chains(of id: TableID) throws(KernelError) -> [String: Chain] {
        let request = Self.request(NFT_MSG_GETCHAIN, family: id.family.number)
        let chains = try socket.dump(request, "read", "chains of \(id)") { _, payload throws(MalformedMessage) in
            try NamedChain(payload, of: id)
        }
        return Dictionary(chains.map { ($0.name, $0.chain) }) { first, _ in first }
    }

    /// Rules with their chains' names, those of one chain in order.
    private mutating func rules(of id: TableID) throws(KernelError) -> [(chain: String, rule: Rule)] {
        var request = Self.request(NFT_MSG_GETRULE, family: id.family.number)
        request.append(attribute: Int(NFTA_RULE_TABLE.rawValue), id.name)
        return try socket.dump(request, "read", "rules of \(id)") { _, payload throws(MalformedMessage) in
            try rule(in: payload, of: id)
        }
    }

    private mutating func sets(of id: TableID) throws(KernelError) -> [String: ElementSet] {
        var request = Self.request(NFT_MSG_GETSET, family: id.family.number)
        request.append(attribute: Int(NFTA_SET_TABLE.rawValue), id.name)
        let sets = try socket.dump(request, "read", "sets of \(id)") { _, payload throws(MalformedMessage) in
            try NamedSet(payload)
        }
        return Dictionary(sets.map { ($0.name, $0.set) }) { first, _ in first }
    }
}

extension NftablesSocket {
    /// Reads the elements in scope into the sets.
    private mutating func read(
        _ scope: Scope.ElementScope,
        into sets: inout [String: ElementSet],
        of id: TableID
    ) throws(KernelError) {
        switch scope {
        case .keys(let keys):
            for (name, keys) in keys where sets[name] != nil {
                for key in keys { sets[name]?.elements[key] = try element(key, in: name, of: id) }
            }
        case .comment(let text): try read(ElementFilter.comment(Array(text.utf8)), into: &sets, of: id)
        case .commentPrefix(let text): try read(ElementFilter.commentPrefix(Array(text.utf8)), into: &sets, of: id)
        case .all: try read(ElementFilter.all, into: &sets, of: id)
        }
    }

    private mutating func read(
        _ filter: ElementFilter,
        into sets: inout [String: ElementSet],
        of id: TableID
    ) throws(KernelError) {
        for name in sets.keys {
            let parts = try elements(of: name, in: id, filter)
            var elements: [[UInt8]: Element] = [:]
            elements.reserveCapacity(parts.reduce(0) { $0 + $1.count })
            for part in parts { for keyed in part { elements[keyed.key] = keyed.element } }
            sets[name]?.elements = elements
        }
    }

    /// All elements of a set, in the kernel's pieces.
    private mutating func elements(
        of set: String,
        in id: TableID,
        _ filter: ElementFilter
    ) throws(KernelError) -> [[KeyedElement]] {
        var request = Self.request(NFT_MSG_GETSETELEM, family: id.family.number)
        request.append(attribute: Int(NFTA_SET_ELEM_LIST_TABLE.rawValue), id.name)
        request.append(attribute: Int(NFTA_SET_ELEM_LIST_SET.rawValue), set)
        return try socket.dump(request, "read", "elements of \(id) \(set)") { _, payload throws(MalformedMessage) in
            try Netlink.elements(in: payload, filter)
        }
    }

    /// One element, or nil when it is not there: a look-up whose cost does not depend on how many there are.
    private mutating func element(_ key: [UInt8], in set: String, of id: TableID) throws(KernelError) -> Element? {
        var request = Self.request(NFT_MSG_GETSETELEM, family: id.family.number)
        request.append(attribute: Int(NFTA_SET_ELEM_LIST_TABLE.rawValue), id.name)
        request.append(attribute: Int(NFTA_SET_ELEM_LIST_SET.rawValue), set)
        request.nest(Int(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue)) { list in
            list.nest(Int(NFTA_LIST_ELEM.rawValue)) { element in
                element.nest(Int(NFTA_SET_ELEM_KEY.rawValue)) { data in
                    data.append(attribute: Int(NFTA_DATA_VALUE.rawValue), key)
                }
            }
        }
        do throws(KernelError) {
            return try socket.get(request, "read", "element of \(id) \(set)") { _, payload throws(MalformedMessage) in
                try Netlink.elements(in: payload, .all).first { $0.key == key }?.element
            }
        } catch  where error.reason == .notFound {
            return nil
        }
    }
}
