import NetworkModel

/// What of a change cannot be put into a message.
///
/// The kernel would refuse most of it anyway, with less of a reason; but libnftnl copies names and values into memory
/// of a fixed size without asking how long they are.
struct Unwritable: Error {
    /// For example `a comment of 130 bytes is longer than 127`.
    let why: String

    init(_ why: String) { self.why = why }
}

/// NFT_DATA_VALUE_MAXLEN, in bytes: sixteen registers.
let maximumValue = 64

/// A name that fits the kernel's NFT_NAME_MAXLEN of 256 with the closing NUL.
@discardableResult
func checked(_ what: String, _ name: String) throws(Unwritable) -> String {
    guard !name.isEmpty, name.utf8.count <= 255, !name.utf8.contains(0) else {
        throw Unwritable("\(what) '\(name)' is not 1 to 255 bytes without NUL")
    }
    return name
}

/// Bytes that fit into the registers.
func check(value bytes: [UInt8], _ what: String) throws(Unwritable) {
    guard (1...maximumValue).contains(bytes.count) else {
        throw Unwritable("\(what) of \(bytes.count) bytes is not 1 to \(maximumValue)")
    }
}

extension Expression {
    /// Throws unless names and values have lengths that libnftnl takes.
    func check() throws(Unwritable) {
        switch self {
        case .compare(_, _, let bytes), .immediate(let bytes, _):
            try Netlink.check(value: bytes, "value")
        case .bitwise(_, let mask, let xor, _):
            try Netlink.check(value: mask, "mask")
            try Netlink.check(value: xor, "xor")
        case .lookup(let set, _, _), .lookupMissing(let set, _), .verdictMap(let set, _),
            .writeElement(_, let set, _, _):
            try checked("set name", set)
        case .verdict(let verdict):
            if let chain = verdict.chain { try checked("chain name", chain) }
        case .payload, .meta, .setMeta, .conntrack, .random, .fibAddressType, .setAddress, .dnat, .masquerade, .reject,
            .counter,
            .unknown:
            break
        }
    }
}

/// nft's number of a concatenation: six bits for each part, the first in the highest.
func nftType(of types: [ElementSet.DataType]) throws(Unwritable) -> UInt32 {
    guard (1...5).contains(types.count) else { throw Unwritable("\(types.count) parts are not 1 to 5") }
    return types.reduce(0) { $0 << 6 | $1.rawValue }
}

/// Bytes of a key or of data with these parts; each is padded when there are several.
func length(of types: [ElementSet.DataType]) -> UInt32 {
    guard types.count > 1 else { return UInt32(types.first?.length ?? 0) }
    return types.reduce(0) { $0 + UInt32(aligned($1.length)) }
}
