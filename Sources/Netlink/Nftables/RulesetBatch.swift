import CNFTNL
import Glibc
import NetworkModel

/// A list of changes as the messages of one transaction: BATCH_BEGIN, a message or more for each change, BATCH_END.
struct RulesetBatch: ~Copyable {
    /// The messages.
    var messages: MessageBuffer
    /// What each message is made of, in order; the first is number `firstSequence`, after BATCH_BEGIN.
    private(set) var origins: [Origin] = []
    /// Where the last message begins.
    private var lastMessage: Int?
    /// Number of BATCH_BEGIN, whose errors are those of the whole.
    let firstSequence: UInt32

    /// Where a message comes from.
    struct Origin {
        /// Index of the change.
        let change: Int
        /// Index of the first element in it, for messages of elements.
        let element: Int
    }

    /// Whether there is nothing to commit.
    var isEmpty: Bool { origins.isEmpty }

    /// Encodes the changes; `firstSequence` and as many numbers after it as there are messages must be unused.
    ///
    /// Throws `.invalid` for what cannot be written: names and comments that are too long, unknown expressions.
    init(_ changes: [RulesetChange], generation: UInt32?, firstSequence: UInt32) throws(KernelError) {
        messages = MessageBuffer(capacity: Self.estimatedSize(of: changes))
        self.firstSequence = firstSequence
        begin(generation)
        for (index, change) in changes.enumerated() {
            do throws(Unwritable) {
                try append(change, index)
            } catch {
                throw KernelError(change.operation, change.subject, reason: .invalid, text: error.why)
            }
        }
        // One acknowledgement is all that is needed: errors come without being asked for.
        if let lastMessage { messages.add(flags: NLM_F_ACK, toMessageAt: lastMessage) }
        end()
    }

    /// The number of the next message.
    private var nextSequence: UInt32 { firstSequence &+ UInt32(origins.count) &+ 1 }

    /// Upper bound of the numbers that a batch of these changes takes.
    static func sequenceCount(of changes: [RulesetChange]) -> Int {
        // An element takes at most 504 bytes, so a message holds 128 and more.
        changes.reduce(2) { $0 + 1 + $1.elementCount / 50 }
    }

    /// Enough for most batches, so that the buffer is seldom moved.
    private static func estimatedSize(of changes: [RulesetChange]) -> Int {
        changes.reduce(65_536) { $0 + 256 + 128 * $1.elementCount }
    }

    private mutating func begin(_ generation: UInt32?) {
        let type = UInt16(NFNL_MSG_BATCH_BEGIN)
        messages.message(.init(type: type, resource: UInt16(NFNL_SUBSYS_NFTABLES), sequence: firstSequence)) { buffer in
            guard let generation else { return }
            buffer.reserve(8)
            buffer.append(attribute: UInt16(NFNL_BATCH_GENID.rawValue), bigEndian: generation)
        }
    }

    private mutating func end() {
        let type = UInt16(NFNL_MSG_BATCH_END)
        messages.message(.init(type: type, resource: UInt16(NFNL_SUBSYS_NFTABLES), sequence: nextSequence)) { _ in }
    }
}

extension RulesetBatch {
    /// Appends the messages of one change.
    private mutating func append(_ change: RulesetChange, _ index: Int) throws(Unwritable) {
        switch change {
        case .addTable(let id, let flags, let comment):
            try append(table: id, NFT_MSG_NEWTABLE, index, flags: flags, UserData.checkedComment(comment, of: .table))
        case .deleteTable(let id):
            try append(table: id, NFT_MSG_DELTABLE, index, flags: nil, [])
        case .addChain(let id, let name, let base, let comment):
            let userData = try UserData.checkedComment(comment, of: .chain)
            try append(chain: name, id, NFT_MSG_NEWCHAIN, index, base, userData)
        case .deleteChain(let id, let name):
            try append(chain: name, id, NFT_MSG_DELCHAIN, index, nil, [])
        case .flushChain(let id, let name):
            try flush(chain: name, id, index)
        case .appendRule(let id, let chain, let rule):
            try append(rule, chain, id, index)
        case .deleteRule(let id, let chain, let handle):
            try delete(rule: handle, chain, id, index)
        case .addSet(let id, let name, let key, let value, let dynamic, let comment):
            try append(set: ElementSet(key: key, value: value, dynamic: dynamic, comment: comment), name, id, index)
        case .deleteSet(let id, let name):
            try delete(set: name, id, index)
        case .addElements(let id, let set, let elements):
            try append(elements, set, id, index)
        case .deleteElements(let id, let set, let keys):
            try delete(keys, set, id, index)
        }
    }

    /// The header of a message about something in a table, and its entry in the list of origins.
    mutating func nextHeader(
        _ type: nf_tables_msg_types,
        _ table: TableID,
        change: Int,
        element: Int = 0
    ) -> MessageBuffer.Header {
        let sequence = nextSequence
        origins.append(Origin(change: change, element: element))
        lastMessage = messages.count
        return MessageBuffer.Header(
            type: UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(type.rawValue),
            flags: type.creationFlags,
            family: table.family.number,
            sequence: sequence
        )
    }

    private mutating func append(
        table: TableID,
        _ type: nf_tables_msg_types,
        _ index: Int,
        flags: UInt32?,
        _ userData: [UInt8]
    ) throws(Unwritable) {
        let object = TableObject()
        object.set(NFTNL_TABLE_NAME, try checked("table name", table.name))
        if let flags { object.set(NFTNL_TABLE_FLAGS, flags) }
        object.set(NFTNL_TABLE_USERDATA, userData)
        unsafe messages.message(nextHeader(type, table, change: index), room: 1_024) { unsafe object.build(into: $0) }
    }

    private mutating func append(
        chain: String,
        _ table: TableID,
        _ type: nf_tables_msg_types,
        _ index: Int,
        _ base: Chain.Base?,
        _ userData: [UInt8]
    ) throws(Unwritable) {
        let object = ChainObject()
        object.set(NFTNL_CHAIN_TABLE, try checked("table name", table.name))
        object.set(NFTNL_CHAIN_NAME, try checked("chain name", chain))
        if let base {
            object.set(NFTNL_CHAIN_TYPE, base.kind.rawValue)
            object.set(NFTNL_CHAIN_HOOKNUM, base.hook.rawValue)
            object.set(NFTNL_CHAIN_PRIO, UInt32(bitPattern: base.priority))
            object.set(NFTNL_CHAIN_POLICY, UInt32(NF_ACCEPT))
        }
        object.set(NFTNL_CHAIN_USERDATA, userData)
        unsafe messages.message(nextHeader(type, table, change: index), room: 2_048) { unsafe object.build(into: $0) }
    }

    /// A deletion that names no rule takes all of the chain's.
    private mutating func flush(chain: String, _ table: TableID, _ index: Int) throws(Unwritable) {
        try delete(rule: nil, chain, table, index)
    }

    private mutating func delete(
        rule handle: UInt64?,
        _ chain: String,
        _ table: TableID,
        _ index: Int
    ) throws(Unwritable) {
        let object = RuleObject()
        if let handle { object.set(NFTNL_RULE_HANDLE, handle) }
        object.set(NFTNL_RULE_TABLE, try checked("table name", table.name))
        object.set(NFTNL_RULE_CHAIN, try checked("chain name", chain))
        let header = nextHeader(NFT_MSG_DELRULE, table, change: index)
        unsafe messages.message(header, room: 1_024) { unsafe object.build(into: $0) }
    }

    private mutating func append(
        _ rule: Rule,
        _ chain: String,
        _ table: TableID,
        _ index: Int
    ) throws(Unwritable) {
        // NFT_RULE_MAXEXPRS; it also keeps the list below an attribute's 64 KiB.
        guard rule.expressions.count <= 128 else {
            throw Unwritable("\(rule.expressions.count) expressions are more than 128")
        }
        let object = RuleObject()
        object.set(NFTNL_RULE_TABLE, try checked("table name", table.name))
        object.set(NFTNL_RULE_CHAIN, try checked("chain name", chain))
        object.set(NFTNL_RULE_USERDATA, try UserData.checkedComment(rule.comment, of: .rule))
        for expression in rule.expressions {
            try expression.check()
            guard let part = expression.object(in: table.family) else {
                throw Unwritable("no way to write \(expression)")
            }
            object.append(part)
        }
        let room = 2_048 + 512 * rule.expressions.count
        let header = nextHeader(NFT_MSG_NEWRULE, table, change: index)
        unsafe messages.message(header, room: room) { unsafe object.build(into: $0) }
    }

    private mutating func append(
        set: ElementSet,
        _ name: String,
        _ table: TableID,
        _ index: Int
    ) throws(Unwritable) {
        let object = SetObject()
        object.set(NFTNL_SET_TABLE, try checked("table name", table.name))
        object.set(NFTNL_SET_NAME, try checked("set name", name))
        // The kernel wants one even where nothing in the batch refers to it.
        object.set(NFTNL_SET_ID, nextSequence)
        object.set(NFTNL_SET_KEY_TYPE, try nftType(of: set.key))
        object.set(NFTNL_SET_KEY_LEN, length(of: set.key))
        object.set(NFTNL_SET_FLAGS, set.kernelFlags)
        if let dynamic = set.dynamic {
            object.set(NFTNL_SET_TIMEOUT, UInt64(dynamic.timeout) * 1_000)
            object.set(NFTNL_SET_DESC_SIZE, dynamic.size)
        }
        switch set.value {
        case nil: break
        case .verdict:
            object.set(NFTNL_SET_DATA_TYPE, UInt32(NFT_DATA_VERDICT.rawValue))
            object.set(NFTNL_SET_DATA_LEN, UInt32(0))
        case .data(let types):
            object.set(NFTNL_SET_DATA_TYPE, try nftType(of: types))
            object.set(NFTNL_SET_DATA_LEN, length(of: types))
        }
        object.set(NFTNL_SET_USERDATA, try UserData.ofSet(key: set.key, value: set.value, comment: set.comment))
        let header = nextHeader(NFT_MSG_NEWSET, table, change: index)
        unsafe messages.message(header, room: 2_048) { unsafe object.build(into: $0) }
    }

    private mutating func delete(set: String, _ table: TableID, _ index: Int) throws(Unwritable) {
        let object = SetObject()
        object.set(NFTNL_SET_TABLE, try checked("table name", table.name))
        object.set(NFTNL_SET_NAME, try checked("set name", set))
        let header = nextHeader(NFT_MSG_DELSET, table, change: index)
        unsafe messages.message(header, room: 1_024) { unsafe object.build(into: $0) }
    }
}

extension ElementSet {
    /// `NFT_SET_*`
    var kernelFlags: UInt32 {
        UInt32(value == nil ? 0 : NFT_SET_MAP.rawValue)
            | UInt32(dynamic == nil ? 0 : NFT_SET_EVAL.rawValue | NFT_SET_TIMEOUT.rawValue)
    }
}

extension nf_tables_msg_types {
    /// `add…` of what is there already is no error, so NLM_F_EXCL is never among them.
    fileprivate var creationFlags: Int32 {
        switch self {
        case NFT_MSG_NEWRULE: NLM_F_CREATE | NLM_F_APPEND
        case NFT_MSG_NEWTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWSET, NFT_MSG_NEWSETELEM: NLM_F_CREATE
        default: 0
        }
    }
}
