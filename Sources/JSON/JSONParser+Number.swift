extension JSONParser {
    /// The number that starts at the position: an `int` if it is whole and fits, otherwise a `double`.
    mutating func number() throws(JSONError) -> JSON {
        if let integer = shortInteger() { return .int(integer) }
        let start = position
        let isNegative = skip(UInt8(ascii: "-"))
        let whole = try integerPart()
        let fraction = skip(UInt8(ascii: ".")) ? try digits() : position..<position
        let exponent = try exponentPart()
        let digits = fraction.isEmpty ? bytes[whole] : bytes[whole] + bytes[fraction]
        let spelled = Decimal(digits, exponent: exponent - fraction.count)
        if let integer = spelled.integer(isNegative: isNegative) { return .int(integer) }
        return try double(start..<position, isWhole: spelled.isWhole)
    }

    /// The number if it is a few digits and nothing else, as nearly all are; otherwise nil, and nothing is read.
    private mutating func shortInteger() -> Int? {
        var end = position
        var value = 0
        while end < bytes.count, end - position < 18, bytes[end].isDigit {
            value = value * 10 + Int(bytes[end] - UInt8(ascii: "0"))
            end += 1
        }
        guard end > position, end == position + 1 || bytes[position] != UInt8(ascii: "0") else { return nil }
        if end < bytes.count, bytes[end].isDigit || ".eE".utf8.contains(bytes[end]) { return nil }
        position = end
        return value
    }

    /// Digits without leading zeros.
    private mutating func integerPart() throws(JSONError) -> Range<Int> {
        let digits = try digits()
        guard digits.count == 1 || bytes[digits.lowerBound] != UInt8(ascii: "0") else {
            position = digits.lowerBound + 1
            throw expected("no digit after a leading 0")
        }
        return digits
    }

    /// At least one digit.
    private mutating func digits() throws(JSONError) -> Range<Int> {
        let start = position
        while current.isDigit { position += 1 }
        guard position > start else { throw expected("a digit") }
        return start..<position
    }

    /// The exponent or 0. A long one is cut off where it is beyond what any document's digits make up for.
    private mutating func exponentPart() throws(JSONError) -> Int {
        guard skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) else { return 0 }
        let isNegative = skip(UInt8(ascii: "-"))
        if !isNegative { _ = skip(UInt8(ascii: "+")) }
        let magnitude = bytes[try digits()].reduce(0) { min($0 * 10 + Int($1 - UInt8(ascii: "0")), Int(Int32.max)) }
        return isNegative ? -magnitude : magnitude
    }

    /// The nearest double. One that rounding made whole is an `int`, as it will be when it is written and read again.
    private mutating func double(_ spelling: Range<Int>, isWhole: Bool) throws(JSONError) -> JSON {
        guard let number = Double(String(decoding: bytes[spelling], as: UTF8.self)), number.isFinite else {
            position = spelling.lowerBound
            throw fault("expected a number that a double holds, found a larger one")
        }
        if !isWhole, let integer = Int(exactly: number) { return .int(integer) }
        return .double(number)
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

/// A number's magnitude as it is spelled: digits and a power of ten.
private struct Decimal {
    /// ASCII digits, the last of which is not 0.
    private let digits: ArraySlice<UInt8>
    private let exponent: Int

    init(_ digits: ArraySlice<UInt8>, exponent: Int) {
        let end = digits.lastIndex { $0 != UInt8(ascii: "0") }.map { $0 + 1 } ?? digits.startIndex
        self.digits = digits[..<end]
        self.exponent = self.digits.isEmpty ? 0 : exponent + digits.endIndex - end
    }

    var isWhole: Bool { exponent >= 0 }

    /// The exact value, or nil when it is not whole or does not fit.
    func integer(isNegative: Bool) -> Int? {
        // With twenty zeros it is at least 10^20, which does not fit.
        guard isWhole, exponent < 20 else { return nil }
        var value = 0
        for digit in digits {
            let ones = Int(digit - UInt8(ascii: "0"))
            guard Self.append(isNegative ? -ones : ones, to: &value) else { return nil }
        }
        for _ in 0..<exponent {
            guard Self.append(0, to: &value) else { return nil }
        }
        return value
    }

    /// Puts a digit, of the sign that the value is to have, behind the others; false when it does not fit.
    private static func append(_ ones: Int, to value: inout Int) -> Bool {
        let (tenfold, overflows) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflowsToo) = tenfold.addingReportingOverflow(ones)
        value = sum
        return !overflows && !overflowsToo
    }
}
