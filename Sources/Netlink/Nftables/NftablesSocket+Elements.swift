import CNFTNL
import NetworkModel

extension NftablesSocket {
    /// Reads the elements in scope of some sets into `result`; false when some are missing.
    mutating func read(
        _ scope: Scope.ElementScope,
        of sets: [NamedSet],
        into result: inout [String: ElementSet],
        _ id: TableID
    ) throws(KernelError) -> Bool {
        switch scope {
        case .keys(let keys):
            try read(keys, into: &result, id)
            return true
        case .comment(let text): return try read(matching: .comment(Array(text.utf8)), of: sets, into: &result, id)
        case .commentPrefix(let text):
            return try read(matching: .commentPrefix(Array(text.utf8)), of: sets, into: &result, id)
        case .sets(let names):
            return try read(matching: .all, of: sets.filter { names.contains($0.name) }, into: &result, id)
        case .all: return try read(matching: .all, of: sets, into: &result, id)
        }
    }

    /// Looks elements up by key.
    mutating func read(
        _ keys: [Scope.ElementKey],
        into result: inout [String: ElementSet],
        _ id: TableID
    ) throws(KernelError) {
        for key in keys where result[key.set] != nil {
            result[key.set]?.elements[key.bytes] = try element(key.bytes, in: key.set, of: id)
        }
    }

    private mutating func read(
        matching filter: ElementFilter,
        of sets: [NamedSet],
        into result: inout [String: ElementSet],
        _ id: TableID
    ) throws(KernelError) -> Bool {
        // What rules write is packets' doing: there may be much of it, and nobody compares it.
        for set in sets where set.set.dynamic == nil {
            guard let elements = try elements(of: set, in: id, filter) else { return false }
            result[set.name]?.elements = elements
        }
        return true
    }

    /// The elements of a set; nil when the kernel left some out.
    ///
    /// It walks its hash table anew for every message of a dump and skips as many elements as it has listed already
    /// (nft_rhash_walk). Right after many were added, a worker still moves them to a larger table, so the walk's order
    /// changes between two messages: some elements come twice and others never. NLM_F_DUMP_INTR does not tell, since no
    /// ruleset changed. Since 6.16 the kernel says how many there are; before, two readings must agree.
    private mutating func elements(
        of set: NamedSet,
        in id: TableID,
        _ filter: ElementFilter
    ) throws(KernelError) -> [[UInt8]: Element]? {
        let reading = try reading(of: set.name, in: id, filter)
        switch set.completeness(usingCount: usesElementCounts) {
        case .count(let count): return reading.count >= count ? reading.kept : nil
        case .unknowable: return reading.kept
        case .agreement where reading.messages <= 1: return reading.kept
        case .agreement:
            let second = try self.reading(of: set.name, in: id, filter)
            return second.agrees(with: reading) ? second.kept : nil
        }
    }

    private mutating func reading(
        of set: String,
        in id: TableID,
        _ filter: ElementFilter
    ) throws(KernelError) -> ElementReading {
        var request = Self.request(NFT_MSG_GETSETELEM, family: id.family.number)
        request.append(attribute: Int(NFTA_SET_ELEM_LIST_TABLE.rawValue), id.name)
        request.append(attribute: Int(NFTA_SET_ELEM_LIST_SET.rawValue), set)
        return ElementReading(
            try socket.dump(request, "read", "elements of \(id) \(set)") { _, payload throws(MalformedMessage) in
                try ElementPiece(payload, filter)
            }
        )
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
            let found = try socket.get(request, "read", "element of \(id) \(set)") {
                _,
                payload throws(MalformedMessage) in
                try ElementPiece(payload, .all).kept
            }
            return found.first { $0.key == key }?.element
        } catch  where error.reason == .notFound {
            return nil
        }
    }
}
