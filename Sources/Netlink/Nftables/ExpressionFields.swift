import CNFTNL
import NetworkModel

/// The attributes of one expression as the kernel prints it. Those that are read are taken out, so that what is left
/// shows whether the expression does more than the reader understood.
struct ExpressionFields {
    private var values: [Int: [UInt8]] = [:]

    /// Reads the attributes.
    init(_ payload: RawSpan) throws(MalformedMessage) {
        var values: [Int: [UInt8]] = [:]
        try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in values[type] = value.array() }
        self.values = values
    }

    /// No attributes.
    init() {}

    /// Whether everything up to the attribute with this number has been taken.
    ///
    /// Those with higher numbers are younger than our headers; kernels that have them may print them always.
    func areTaken(upTo last: Int) -> Bool {
        values.keys.allSatisfy { $0 > last }
    }

    /// Takes out a 32-bit number; nil when it is not there.
    mutating func number(_ type: Int) -> UInt32? {
        guard let bytes = values.removeValue(forKey: type), bytes.count == 4 else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Takes out an 8-bit number; nil when it is not there.
    mutating func octet(_ type: Int) -> UInt8? {
        guard let bytes = values.removeValue(forKey: type), bytes.count == 1 else { return nil }
        return bytes[0]
    }

    /// Takes out a name; nil when it is not there.
    mutating func text(_ type: Int) -> String? {
        values.removeValue(forKey: type).map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Takes out nested data; nil when it is not there or not bytes.
    mutating func bytes(_ type: Int) -> [UInt8]? {
        guard let nested = values.removeValue(forKey: type) else { return nil }
        let bytes = try? unsafe valueBytes(nested.span.bytes)
        return bytes.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Takes out a nested verdict; nil when it is not there, or bytes. Bytes are left for `bytes`.
    mutating func verdict(_ type: Int) -> Verdict? {
        guard let nested = values[type] else { return nil }
        var verdict: Verdict?
        try? unsafe forEachAttribute(in: nested.span.bytes) { type, value throws(MalformedMessage) in
            if type == Int(NFTA_DATA_VERDICT.rawValue) { verdict = try Verdict(value) }
        }
        if verdict != nil { values[type] = nil }
        return verdict
    }

    /// Takes out a register of data; nil when it is not there or not one of the sixteen.
    ///
    /// The kernel prints a register that begins one of the four old 128-bit ones by that one's number, 1 to 4
    /// (nft_dump_register).
    mutating func register(_ type: Int) -> Register? {
        switch number(type) {
        case let number? where (1...4).contains(number): Register((number - 1) * 4)
        case let number? where (8...23).contains(number): Register(number - 8)
        case _: nil
        }
    }

    /// Whether the register is there and is the one for verdicts; leaves any other.
    mutating func isVerdictRegister(_ type: Int) -> Bool {
        guard values[type] == [0, 0, 0, 0] else { return false }
        values[type] = nil
        return true
    }

    /// Whether there is such an attribute.
    func has(_ type: Int) -> Bool { values[type] != nil }
}
