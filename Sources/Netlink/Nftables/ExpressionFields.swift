import CNFTNL
import NetworkModel

/// The attributes of one expression as the kernel prints it. Those that are read are taken out, so that what is left
/// shows whether the expression does more than the reader understood.
struct ExpressionFields {
    /// The attributes as they came: few, and each is looked for once.
    private var payload: [UInt8] = []
    /// A bit for each attribute's number that is there and was not taken out; the lowest for one that is there twice,
    /// which nobody takes.
    private var left: UInt64 = 0

    /// Reads the attributes.
    init(_ payload: RawSpan) throws(MalformedMessage) {
        var left: UInt64 = 0
        try forEachAttribute(in: payload) { type, _ throws(MalformedMessage) in
            let bit: UInt64 = 1 << UInt64(min(type, 63))
            left |= left & bit == 0 || type >= 63 ? bit : 1
        }
        self.payload = payload.array()
        self.left = left
    }

    /// No attributes.
    init() {}

    /// Whether everything up to the attribute with this number has been taken.
    ///
    /// Those with higher numbers are younger than our headers; kernels that have them may print them always.
    func areTaken(upTo last: Int) -> Bool {
        left & (1 << UInt64(last + 1) - 1) == 0
    }

    /// What `read` makes of an attribute that is there.
    private func value<Value>(
        of type: Int,
        _ read: (RawSpan) throws(MalformedMessage) -> Value?
    ) -> Value? {
        guard has(type) else { return nil }
        var found: Value?
        try? unsafe forEachAttribute(in: payload.span.bytes) { number, value throws(MalformedMessage) in
            if number == type { found = try read(value) }
        }
        return found
    }

    private mutating func take<Value>(
        _ type: Int,
        _ read: (RawSpan) throws(MalformedMessage) -> Value?
    ) -> Value? {
        defer { remove(type) }
        return value(of: type, read)
    }

    private mutating func remove(_ type: Int) { left &= ~(1 << UInt64(type)) }

    /// Takes out a 32-bit number; nil when it is not there.
    mutating func number(_ type: Int) -> UInt32? {
        take(type) { value throws(MalformedMessage) in value.byteCount == 4 ? try value.bigEndian() : nil }
    }

    /// Takes out an 8-bit number; nil when it is not there.
    mutating func octet(_ type: Int) -> UInt8? {
        take(type) { value throws(MalformedMessage) in value.byteCount == 1 ? try value.number() : nil }
    }

    /// Takes out a name; nil when it is not there.
    mutating func text(_ type: Int) -> String? { take(type) { $0.string() } }

    /// Takes out nested data; nil when it is not there or not bytes.
    mutating func bytes(_ type: Int) -> [UInt8]? {
        let bytes = take(type) { nested throws(MalformedMessage) in try valueBytes(nested) }
        return bytes.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Takes out a nested verdict; nil when it is not there, or bytes. Bytes are left for `bytes`.
    mutating func verdict(_ type: Int) -> Verdict? {
        let verdict = value(of: type) { nested throws(MalformedMessage) in
            var verdict: Verdict?
            try forEachAttribute(in: nested) { type, value throws(MalformedMessage) in
                if type == Int(NFTA_DATA_VERDICT.rawValue) { verdict = try Verdict(value) }
            }
            return verdict
        }
        if verdict != nil { remove(type) }
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
        guard value(of: type, { $0.array() }) == [0, 0, 0, 0] else { return false }
        remove(type)
        return true
    }

    /// Takes out a number of any length, if there is one; whether it is zero.
    mutating func isZero(_ type: Int) -> Bool {
        take(type) { $0.array() }?.allSatisfy { $0 == 0 } ?? true
    }

    /// Whether there is such an attribute.
    func has(_ type: Int) -> Bool { left & 1 << UInt64(type) != 0 }
}
