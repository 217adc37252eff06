import CNFTNL
import NetworkModel

/// Which of a set's elements are kept while it is read.
enum ElementFilter {
    case all
    /// Those whose comment is these bytes.
    case comment([UInt8])
    /// Those whose comment begins with these bytes.
    case commentPrefix([UInt8])

    /// Whether nothing is left out.
    var keepsAll: Bool { if case .all = self { true } else { false } }

    /// Judges user data before anything of the element is built; most elements of a large set belong to others.
    @inline(__always)
    func keeps(_ userData: RawSpan) -> Bool {
        switch self {
        case .all: true
        case .comment(let wanted): UserData.hasComment(userData, wanted, asPrefix: false)
        case .commentPrefix(let wanted): UserData.hasComment(userData, wanted, asPrefix: true)
        }
    }
}

/// The elements of one NFT_MSG_NEWSETELEM.
struct ElementPiece {
    /// Those that the filter keeps.
    private(set) var kept: [KeyedElement] = []
    /// Of the others, the keys' hashes: enough to know how many there are.
    private(set) var others: [Int] = []

    /// Reads a message.
    init(_ payload: RawSpan, _ filter: ElementFilter) throws(MalformedMessage) {
        // An element with key, data and headers takes no less.
        if filter.keepsAll { kept.reserveCapacity(payload.byteCount / 48) }
        try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, list throws(MalformedMessage) in
            guard type == Int(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) else { return }
            try forEachAttribute(in: list) { _, payload throws(MalformedMessage) in
                let (element, isKept) = try KeyedElement.read(payload, filter)
                if isKept { kept.append(element) } else { others.append(element.key.hashValue) }
            }
        }
    }
}

/// All that one dump of a set's elements said, every element once.
struct ElementReading {
    /// Those that the filter keeps, by key.
    private(set) var kept: [[UInt8]: Element] = [:]
    private var others: Set<Int> = []
    /// How many messages it took.
    let messages: Int

    /// Puts the pieces together.
    init(_ pieces: [ElementPiece]) {
        messages = pieces.count
        kept.reserveCapacity(pieces.reduce(0) { $0 + $1.kept.count })
        for piece in pieces {
            for keyed in piece.kept { kept[keyed.key] = keyed.element }
            others.formUnion(piece.others)
        }
    }

    /// How many different elements were listed, kept or not.
    var count: Int { kept.count + others.count }

    /// Whether both list the same keys.
    func agrees(with other: ElementReading) -> Bool {
        others == other.others && kept.count == other.kept.count && kept.keys.allSatisfy { other.kept[$0] != nil }
    }
}

extension KeyedElement {
    /// Reads an element, whole only if the filter keeps it.
    fileprivate static func read(
        _ payload: RawSpan,
        _ filter: ElementFilter
    ) throws(MalformedMessage) -> (KeyedElement, isKept: Bool) {
        var key: [UInt8] = []
        var element = Element()
        // An element without user data has no comment to be judged by.
        var isKept = filter.keepsAll
        try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
            switch type {
            case Int(NFTA_SET_ELEM_KEY.rawValue): key = try valueBytes(value)
            case Int(NFTA_SET_ELEM_DATA.rawValue): element.value = try Element.Value(value)
            case Int(NFTA_SET_ELEM_USERDATA.rawValue):
                isKept = filter.keeps(value)
                if isKept { element.comment = UserData.comment(in: value, of: .element) }
            case Int(NFTA_SET_ELEM_EXPR.rawValue): try element.read(expression: value)
            case Int(NFTA_SET_ELEM_EXPRESSIONS.rawValue): element.comment = "foreign: several expressions"
            default: break
            }
        }
        return (KeyedElement(key, element), isKept)
    }
}

extension Element {
    /// Reads what the element does besides matching.
    ///
    /// Anything but a counter is somebody else's; it gets a comment that we never write, so it equals no element of ours.
    fileprivate mutating func read(expression: RawSpan) throws(MalformedMessage) {
        try forEachAttribute(in: expression) { type, value throws(MalformedMessage) in
            switch type {
            case Int(NFTA_EXPR_NAME.rawValue):
                hasCounter = value.begins(with: Self.counterName)
                if !hasCounter { comment = "foreign: \(value.string())" }
            case Int(NFTA_EXPR_DATA.rawValue) where hasCounter:
                try forEachAttribute(in: value) { type, number throws(MalformedMessage) in
                    if type == Int(NFTA_COUNTER_PACKETS.rawValue) { packets = try number.bigEndian() }
                }
            default: break
            }
        }
    }

    private static let counterName = Array("counter\0".utf8)
}

extension Element.Value {
    /// Reads NFTA_SET_ELEM_DATA: bytes or a verdict.
    fileprivate init?(_ payload: RawSpan) throws(MalformedMessage) {
        var value: Element.Value?
        try forEachAttribute(in: payload) { type, data throws(MalformedMessage) in
            switch type {
            case Int(NFTA_DATA_VALUE.rawValue): value = .data(data.array())
            case Int(NFTA_DATA_VERDICT.rawValue): value = try Verdict(data).map(Element.Value.verdict)
            default: break
            }
        }
        guard let value else { return nil }
        self = value
    }
}

extension Verdict {
    /// Reads NFTA_DATA_VERDICT; nil for one that we never write (`queue`, `continue`).
    init?(_ payload: RawSpan) throws(MalformedMessage) {
        var code: Int32?
        var chain: String?
        try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
            switch type {
            case Int(NFTA_VERDICT_CODE.rawValue): code = try value.bigEndian()
            case Int(NFTA_VERDICT_CHAIN.rawValue): chain = value.string()
            default: break
            }
        }
        switch (code, chain) {
        case (NF_ACCEPT, nil): self = .accept
        case (NF_DROP, nil): self = .drop
        case (NFT_RETURN.rawValue, nil): self = .return
        case (NFT_JUMP.rawValue, let chain?): self = .jump(chain)
        case (NFT_GOTO.rawValue, let chain?): self = .goto(chain)
        default: return nil
        }
    }
}

/// The bytes in a nest of `NFTA_DATA_VALUE`; empty when there are none.
func valueBytes(_ payload: RawSpan) throws(MalformedMessage) -> [UInt8] {
    var bytes: [UInt8] = []
    try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
        if type == Int(NFTA_DATA_VALUE.rawValue) { bytes = value.array() }
    }
    return bytes
}

extension RawSpan {
    /// Whether the first bytes are these.
    func begins(with bytes: [UInt8]) -> Bool {
        guard byteCount >= bytes.count else { return false }
        return unsafe withUnsafeBytes { buffer in unsafe buffer.prefix(bytes.count).elementsEqual(bytes) }
    }
}
