import CNFTNL
import NetworkModel

/// The attributes of one expression as the kernel prints it. Those that are read are taken out, so that what is left
/// shows whether the expression does more than the reader understood.
struct ExpressionFields {
    /// Few, and each is looked for once: no dictionary finds them faster.
    private var values: [(type: Int, bytes: [UInt8])] = []

    /// Reads the attributes.
    init(_ payload: RawSpan) throws(MalformedMessage) {
        var values: [(type: Int, bytes: [UInt8])] = []
        try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
            values.append((type, value.array()))
        }
        self.values = values
    }

    /// No attributes.
    init() {}

    /// Whether everything up to the attribute with this number has been taken.
    ///
    /// Those with higher numbers are younger than our headers; kernels that have them may print them always.
    func areTaken(upTo last: Int) -> Bool {
        values.allSatisfy { $0.type > last }
    }

    private func place(of type: Int) -> Int? { values.firstIndex { $0.type == type } }

    private mutating func take(_ type: Int) -> [UInt8]? { place(of: type).map { values.remove(at: $0).bytes } }

    /// Takes out a 32-bit number; nil when it is not there.
    mutating func number(_ type: Int) -> UInt32? {
        guard let bytes = take(type), bytes.count == 4 else { return nil }
        return UInt32(bytes[0]) << 24 | UInt32(bytes[1]) << 16 | UInt32(bytes[2]) << 8 | UInt32(bytes[3])
    }

    /// Takes out an 8-bit number; nil when it is not there.
    mutating func octet(_ type: Int) -> UInt8? {
        guard let bytes = take(type), bytes.count == 1 else { return nil }
        return bytes[0]
    }

    /// Takes out a name; nil when it is not there.
    mutating func text(_ type: Int) -> String? {
        take(type).map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Takes out nested data; nil when it is not there or not bytes.
    mutating func bytes(_ type: Int) -> [UInt8]? {
        guard let nested = take(type) else { return nil }
        let bytes = try? unsafe valueBytes(nested.span.bytes)
        return bytes.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Takes out a nested verdict; nil when it is not there, or bytes. Bytes are left for `bytes`.
    mutating func verdict(_ type: Int) -> Verdict? {
        guard let place = place(of: type) else { return nil }
        let nested = values[place].bytes
        var verdict: Verdict?
        try? unsafe forEachAttribute(in: nested.span.bytes) { type, value throws(MalformedMessage) in
            if type == Int(NFTA_DATA_VERDICT.rawValue) { verdict = try Verdict(value) }
        }
        if verdict != nil { values.remove(at: place) }
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
        guard let place = place(of: type), values[place].bytes == [0, 0, 0, 0] else { return false }
        values.remove(at: place)
        return true
    }

    /// Takes out a number of any length, if there is one; whether it is zero.
    mutating func isZero(_ type: Int) -> Bool {
        take(type)?.allSatisfy { $0 == 0 } ?? true
    }

    /// Whether there is such an attribute.
    func has(_ type: Int) -> Bool { place(of: type) != nil }
}
