import CNFTNL
import NetworkModel

// Elements are written straight into the messages. libnftnl would allocate six times for each and keep all of a message
// before it builds it, which takes several times as long as the kernel's own work; it builds everything else.

extension RulesetBatch {
    /// Upper bound of an element's bytes: key, data or verdict with a chain's name, comment and counter, with headers
    /// (504), and also of the names of table and set (524).
    private static var maximumElement: Int { 1_024 }
    /// An attribute's length is 16 bits.
    private static var maximumList: Int { 65_535 }

    /// Appends elements, in as many messages as they need.
    mutating func append(
        _ elements: [KeyedElement],
        _ set: String,
        _ table: TableID,
        _ index: Int
    ) throws(Unwritable) {
        try appendInChunks(elements, NFT_MSG_NEWSETELEM, set, table, index) { buffer, keyed throws(Unwritable) in
            try buffer.append(keyed)
        }
    }

    /// Deletes elements by key; without any it appends nothing, since a deletion of no element empties the set.
    mutating func delete(
        _ keys: [[UInt8]],
        _ set: String,
        _ table: TableID,
        _ index: Int
    ) throws(Unwritable) {
        try appendInChunks(keys, NFT_MSG_DELSETELEM, set, table, index) { buffer, key throws(Unwritable) in
            try check(value: key, "key")
            buffer.nest(UInt16(NFTA_LIST_ELEM.rawValue)) { $0.append(key: key) }
        }
    }

    @inline(__always)
    private mutating func appendInChunks<Item>(
        _ items: [Item],
        _ type: nf_tables_msg_types,
        _ set: String,
        _ table: TableID,
        _ index: Int,
        _ append: (inout MessageBuffer, Item) throws(Unwritable) -> Void
    ) throws(Unwritable) {
        try checked("table name", table.name)
        try checked("set name", set)
        var next = 0
        var fault: Unwritable?
        while next < items.count {
            messages.message(nextHeader(type, table, change: index, element: next)) { buffer in
                let room = min(Self.maximumList, (items.count - next) * Self.maximumElement)
                buffer.reserve(room + Self.maximumElement)
                buffer.append(attribute: UInt16(NFTA_SET_ELEM_LIST_TABLE.rawValue), table.name)
                buffer.append(attribute: UInt16(NFTA_SET_ELEM_LIST_SET.rawValue), set)
                buffer.nest(UInt16(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue)) { list in
                    let limit = list.count + Self.maximumList - Self.maximumElement
                    while next < items.count, list.count < limit, fault == nil {
                        do throws(Unwritable) {
                            try append(&list, items[next])
                            next += 1
                        } catch {
                            fault = error
                        }
                    }
                }
            }
            if let fault { throw fault }
        }
    }
}

extension MessageBuffer {
    /// Appends an element.
    @inline(__always)
    fileprivate mutating func append(_ keyed: KeyedElement) throws(Unwritable) {
        let element = keyed.element
        try check(value: keyed.key, "key")
        if let value = element.value { try value.check() }
        if let comment = element.comment, comment.utf8.count > UserData.maximumComment {
            throw Unwritable("a comment of \(comment.utf8.count) bytes is longer than \(UserData.maximumComment)")
        }
        nest(UInt16(NFTA_LIST_ELEM.rawValue)) { buffer in
            buffer.append(key: keyed.key)
            if let value = element.value { buffer.append(value) }
            if let comment = element.comment { buffer.append(comment: comment) }
            if element.hasCounter { buffer.appendCounter() }
        }
    }

    @inline(__always)
    fileprivate mutating func append(key: [UInt8]) {
        nest(UInt16(NFTA_SET_ELEM_KEY.rawValue)) { $0.append(attribute: UInt16(NFTA_DATA_VALUE.rawValue), key) }
    }

    @inline(__always)
    private mutating func append(_ value: Element.Value) {
        nest(UInt16(NFTA_SET_ELEM_DATA.rawValue)) { buffer in
            switch value {
            case .data(let bytes): buffer.append(attribute: UInt16(NFTA_DATA_VALUE.rawValue), bytes)
            case .verdict(let verdict):
                buffer.nest(UInt16(NFTA_DATA_VERDICT.rawValue)) { buffer in
                    let code = UInt32(bitPattern: verdict.code)
                    buffer.append(attribute: UInt16(NFTA_VERDICT_CODE.rawValue), bigEndian: code)
                    guard let chain = verdict.chain else { return }
                    buffer.append(attribute: UInt16(NFTA_VERDICT_CHAIN.rawValue), chain)
                }
            }
        }
    }

    /// As `UserData` does it, but without an array in between.
    @inline(__always)
    private mutating func append(comment: String) {
        var comment = comment
        comment.withUTF8 { text in
            append(attribute: UInt16(NFTA_SET_ELEM_USERDATA.rawValue), length: 2 + text.count + 1)
            unsafe append(comment: text, type: UserData.CommentOf.element.type)
        }
    }

    /// A counter at zero. What the kernel counts with is made anew for every element.
    @inline(__always)
    private mutating func appendCounter() {
        nest(UInt16(NFTA_SET_ELEM_EXPR.rawValue)) { buffer in
            buffer.append(attribute: UInt16(NFTA_EXPR_NAME.rawValue), length: 8)
            // "counter" and its NUL
            buffer.append(UInt64(bigEndian: 0x636f_756e_7465_7200))
        }
    }
}

extension Element.Value {
    /// Throws unless the lengths are such as the kernel takes.
    @inline(__always)
    fileprivate func check() throws(Unwritable) {
        switch self {
        case .data(let bytes): try Netlink.check(value: bytes, "value")
        case .verdict(let verdict):
            if let chain = verdict.chain { try checked("chain name", chain) }
        }
    }
}
