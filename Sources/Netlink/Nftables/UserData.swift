import CNFTNL
import NetworkModel

/// The bytes that nft keeps in the kernel beside an object, to print it as it was typed: type, length and value, each
/// length one byte (libnftnl, udata.h). The kernel does not look at them.
enum UserData {
    /// What follows is the comment of an object of this kind.
    enum CommentOf {
        case table, chain, rule, set, element

        /// The value's type; each kind of object counts its own.
        @inline(__always)
        var type: UInt8 {
            switch self {
            case .table: UInt8(NFTNL_UDATA_TABLE_COMMENT.rawValue)
            case .chain: UInt8(NFTNL_UDATA_CHAIN_COMMENT.rawValue)
            case .rule: UInt8(NFTNL_UDATA_RULE_COMMENT.rawValue)
            case .set: UInt8(NFTNL_UDATA_SET_COMMENT.rawValue)
            case .element: UInt8(NFTNL_UDATA_SET_ELEM_COMMENT.rawValue)
            }
        }
    }

    /// Of a comment, in bytes: nft has 128 with the closing NUL.
    static var maximumComment: Int { Int(NFTNL_UDATA_COMMENT_MAXLEN) - 1 }

    /// A comment, or nothing.
    private static func comment(_ text: String?, of object: CommentOf) -> [UInt8] {
        guard let text else { return [] }
        return [object.type, UInt8(truncatingIfNeeded: text.utf8.count + 1)] + text.utf8 + [0]
    }

    /// A comment, or nothing; throws when nft could not print it.
    static func checkedComment(_ text: String?, of object: CommentOf) throws(Unwritable) -> [UInt8] {
        if let text, text.utf8.count > maximumComment {
            throw Unwritable("a comment of \(text.utf8.count) bytes is longer than \(maximumComment)")
        }
        return comment(text, of: object)
    }

    /// What nft wants to know of a set.
    static func ofSet(
        key: [ElementSet.DataType],
        value: ElementSet.Value?,
        comment: String?
    ) throws(Unwritable) -> [UInt8] {
        let text = try checkedComment(comment, of: .set)
        switch value {
        case nil, .verdict: return byteOrders(key: key, data: nil) + text
        case .data(let types): return byteOrders(key: key, data: types) + text
        }
    }

    /// Tells nft in which order the bytes of a set's keys and data are, without which it prints numbers wrongly.
    private static func byteOrders(key: [ElementSet.DataType], data: [ElementSet.DataType]?) -> [UInt8] {
        number(UInt8(NFTNL_UDATA_SET_KEYBYTEORDER.rawValue), byteOrder(of: key))
            + (data.map { number(UInt8(NFTNL_UDATA_SET_DATABYTEORDER.rawValue), byteOrder(of: $0)) } ?? [])
    }

    private static func number(_ type: UInt8, _ value: UInt32) -> [UInt8] {
        // In the machine's order, as nftnl_udata_put_u32 writes it.
        unsafe withUnsafeBytes(of: value) { unsafe [type, 4] + Array($0) }
    }

    /// nft's `enum byteorder`: 0 none (a concatenation, whose parts have their own), 1 host, 2 big endian.
    private static func byteOrder(of types: [ElementSet.DataType]) -> UInt32 {
        guard types.count == 1, let type = types.first else { return 0 }
        switch type {
        case .mark, .classID, .interfaceIndex, .interfaceName: return 1
        case .ipv4Address, .ipv6Address, .etherAddress, .inetProto, .inetService: return 2
        }
    }
}

extension UserData {
    /// The comment in an object's user data, or nil when there is none or the bytes are not nft's.
    static func comment(in data: RawSpan, of object: CommentOf) -> String? {
        guard let range = range(of: object, in: data) else { return nil }
        return data.extracting(range).string()
    }

    /// Whether an element's comment is, or begins with, these bytes; nothing of it is copied.
    static func hasComment(_ data: RawSpan, _ wanted: [UInt8], asPrefix: Bool) -> Bool {
        guard let range = range(of: .element, in: data) else { return false }
        // The NUL at the end is part of the value.
        guard asPrefix || range.count == wanted.count + 1 else { return false }
        return data.extracting(range).begins(with: wanted)
    }

    private static func range(of object: CommentOf, in data: RawSpan) -> Range<Int>? {
        var offset = 0
        while offset + 2 <= data.byteCount {
            let type = unsafe data.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            let end = offset + 2 + Int(unsafe data.unsafeLoad(fromByteOffset: offset + 1, as: UInt8.self))
            guard end <= data.byteCount else { return nil }
            if type == object.type { return (offset + 2)..<end }
            offset = end
        }
        return nil
    }
}
