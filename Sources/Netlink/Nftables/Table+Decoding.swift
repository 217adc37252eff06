import CNFTNL
import Glibc
import NetworkModel

extension Table {
    /// Reads an NFT_MSG_NEWTABLE.
    init(_ payload: RawSpan) throws(MalformedMessage) {
        self.init()
        try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value throws(MalformedMessage) in
            switch type {
            case Int(NFTA_TABLE_FLAGS.rawValue): flags = try value.bigEndian()
            case Int(NFTA_TABLE_USERDATA.rawValue): comment = UserData.comment(in: value, of: .table)
            default: break
            }
        }
    }
}

/// A chain with its name.
struct NamedChain {
    var name = ""
    var chain = Chain()
    private var table = ""
    private var kind: String?
    private var hook: UInt32?
    private var priority: Int32 = 0
    private var policy: UInt32 = UInt32(NF_ACCEPT)
    private var flags: UInt32 = 0

    /// Reads an NFT_MSG_NEWCHAIN; nil when the chain is in another table.
    init?(_ payload: RawSpan, of id: TableID) throws(MalformedMessage) {
        try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value throws(MalformedMessage) in
            try read(type, value)
        }
        guard table == id.name else { return nil }
        complete()
    }

    private mutating func read(_ type: Int, _ value: RawSpan) throws(MalformedMessage) {
        switch type {
        case Int(NFTA_CHAIN_TABLE.rawValue): table = value.string()
        case Int(NFTA_CHAIN_NAME.rawValue): name = value.string()
        case Int(NFTA_CHAIN_USERDATA.rawValue): chain.comment = UserData.comment(in: value, of: .chain)
        case Int(NFTA_CHAIN_TYPE.rawValue): kind = value.string()
        case Int(NFTA_CHAIN_POLICY.rawValue): policy = try value.bigEndian()
        case Int(NFTA_CHAIN_FLAGS.rawValue): flags = try value.bigEndian()
        case Int(NFTA_CHAIN_HOOK.rawValue):
            try forEachAttribute(in: value) { type, value throws(MalformedMessage) in
                switch type {
                case Int(NFTA_HOOK_HOOKNUM.rawValue): hook = try value.bigEndian()
                case Int(NFTA_HOOK_PRIORITY.rawValue): priority = try value.bigEndian()
                default: break
                }
            }
        default: break
        }
    }

    /// Puts the base together, or marks a chain of a kind that we never write.
    private mutating func complete() {
        let isOurs = policy == UInt32(NF_ACCEPT) && flags & ~UInt32(NFT_CHAIN_BASE.rawValue) == 0
        guard kind != nil || hook != nil || !isOurs else { return }
        guard isOurs, let kind = kind.flatMap(Chain.Base.Kind.init), let hook = hook.flatMap(Chain.Base.Hook.init)
        else {
            chain.rules.append(Rule([.unknown(description)]))
            return
        }
        chain.base = Chain.Base(kind, hook, priority: priority)
    }

    private var description: String {
        "chain type \(kind ?? "none") hook \(hook.map(String.init) ?? "none") policy \(policy) flags \(flags)"
    }
}

/// Reads an NFT_MSG_NEWRULE, with the name of its chain; nil when it is in another table.
func standingRule(in payload: RawSpan, of id: TableID) throws(MalformedMessage) -> StandingRule? {
    var handle: UInt64?
    try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value throws(MalformedMessage) in
        if type == Int(NFTA_RULE_HANDLE.rawValue) { handle = try value.bigEndian() }
    }
    guard let handle, let (_, rule) = try rule(in: payload, of: id) else { return nil }
    return StandingRule(handle: handle, rule)
}

/// A rule with its chain's name, or nil for another table's.
func rule(in payload: RawSpan, of id: TableID) throws(MalformedMessage) -> (chain: String, rule: Rule)? {
    var table = ""
    var chain = ""
    var rule = Rule([])
    try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value throws(MalformedMessage) in
        switch type {
        case Int(NFTA_RULE_TABLE.rawValue): table = value.string()
        case Int(NFTA_RULE_CHAIN.rawValue): chain = value.string()
        case Int(NFTA_RULE_USERDATA.rawValue): rule.comment = UserData.comment(in: value, of: .rule)
        case Int(NFTA_RULE_EXPRESSIONS.rawValue):
            try forEachAttribute(in: value) { _, expression throws(MalformedMessage) in
                rule.expressions.append(try Expression(expression, in: id.family))
            }
        default: break
        }
    }
    return table == id.name ? (chain, rule) : nil
}

/// A set or map, without elements, with its name.
struct NamedSet {
    var name = ""
    var set = ElementSet(key: [])
    private var flags: UInt32 = 0
    private var keyType: UInt32 = 0
    private var keyLength: UInt32 = 0
    private var dataType: UInt32?
    private var dataLength: UInt32 = 0
    private var hasExpressions = false
    /// In milliseconds.
    private var timeout: UInt64 = 0
    private var size: UInt32 = 0
    private var count: UInt32?

    /// What tells whether a reading of the elements is whole.
    enum Completeness: Equatable {
        /// The kernel says how many there are.
        case count(Int)
        /// It does not; two readings of one generation must be the same.
        case agreement
        /// Elements come and go by themselves, or are counted otherwise than listed. We write no such set.
        case unknowable
    }

    /// What tells whether a reading of this set's elements is whole.
    func completeness(usingCount: Bool) -> Completeness {
        // Intervals, timeouts, elements of rules' making.
        guard flags & ~(NFT_SET_MAP.rawValue | NFT_SET_CONSTANT.rawValue | NFT_SET_CONCAT.rawValue) == 0 else {
            return .unknowable
        }
        return usingCount ? count.map { .count(Int($0)) } ?? .agreement : .agreement
    }

    /// NFTA_SET_COUNT, which the headers of older kernels do not have (linux/netfilter/nf_tables.h, 6.16).
    private static let countAttribute = 20

    /// Reads an NFT_MSG_NEWSET. A set that we would write otherwise has an empty key.
    init(_ payload: RawSpan) throws(MalformedMessage) {
        try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value throws(MalformedMessage) in
            switch type {
            case Int(NFTA_SET_NAME.rawValue): name = value.string()
            case Int(NFTA_SET_FLAGS.rawValue): flags = try value.bigEndian()
            case Int(NFTA_SET_KEY_TYPE.rawValue): keyType = try value.bigEndian()
            case Int(NFTA_SET_KEY_LEN.rawValue): keyLength = try value.bigEndian()
            case Int(NFTA_SET_DATA_TYPE.rawValue): dataType = try value.bigEndian()
            case Int(NFTA_SET_DATA_LEN.rawValue): dataLength = try value.bigEndian()
            case Int(NFTA_SET_TIMEOUT.rawValue): timeout = try value.bigEndian()
            case Int(NFTA_SET_DESC.rawValue): size = try Self.size(value)
            case Int(NFTA_SET_USERDATA.rawValue): set.comment = UserData.comment(in: value, of: .set)
            case Int(NFTA_SET_EXPR.rawValue), Int(NFTA_SET_EXPRESSIONS.rawValue): hasExpressions = true
            case Self.countAttribute: count = try value.bigEndian()
            default: break
            }
        }
        complete()
    }

    private mutating func complete() {
        set.value = value()
        set.dynamic = dynamic()
        guard !hasExpressions, flags == set.kernelFlags else { return }
        if case .data([]) = set.value { return }
        set.key = parts(of: keyType, length: keyLength)
    }

    private static func size(_ description: RawSpan) throws(MalformedMessage) -> UInt32 {
        var size: UInt32 = 0
        try forEachAttribute(in: description) { type, value throws(MalformedMessage) in
            if type == Int(NFTA_SET_DESC_SIZE.rawValue) { size = try value.bigEndian() }
        }
        return size
    }

    /// What rules may do, if it is a set of the kind that we have rules write to.
    private func dynamic() -> ElementSet.Dynamic? {
        let (seconds, rest) = timeout.quotientAndRemainder(dividingBy: 1_000)
        guard rest == 0, seconds > 0, size > 0, let seconds = UInt32(exactly: seconds) else { return nil }
        return ElementSet.Dynamic(timeout: seconds, size: size)
    }

    private func value() -> ElementSet.Value? {
        guard let dataType else { return nil }
        if dataType == NFT_DATA_VERDICT.rawValue { return .verdict }
        return .data(parts(of: dataType, length: dataLength))
    }

    /// The parts of one of nft's type numbers; none when we do not know one of them.
    private func parts(of type: UInt32, length: UInt32) -> [ElementSet.DataType] {
        var rest = type
        var types: [ElementSet.DataType] = []
        while rest != 0 {
            guard let part = ElementSet.DataType(rawValue: rest & 0x3f) else { return [] }
            types.insert(part, at: 0)
            rest >>= 6
        }
        return Netlink.length(of: types) == length ? types : []
    }
}
