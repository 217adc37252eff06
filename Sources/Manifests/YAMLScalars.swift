extension String {
    /// The number, if it is written in decimal digits, without leading zeros, and fits.
    var decimal: Int? {
        let digits = utf8.drop { $0 == UInt8(ascii: "-") }
        let isDecimal = digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let hasLeadingZero = digits.count > 1 && digits.first == UInt8(ascii: "0")
        return isDecimal && !hasLeadingZero ? Int(self) : nil
    }

    /// Whether some YAML reader takes the plain scalar for a number, truth value or time.
    var looksTyped: Bool {
        guard let first = utf8.first else { return false }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            return looksNumeric
        case UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"),
            UInt8(ascii: "T"),
            UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "o"), UInt8(ascii: "O"):
            return utf8.count <= 5
                && ["y", "n", "yes", "no", "true", "false", "on", "off"].contains(lowercased())
        default:
            return false
        }
    }

    /// Digits with at most one point, exponents, radix prefixes and `_`, `.inf` and `.nan`; not `10.96.0.1` or `1-a`.
    private var looksNumeric: Bool {
        // Most of what begins with a digit is an address.
        guard utf8.count(where: { $0 == UInt8(ascii: ".") }) <= 1 else { return false }
        let body = lowercased().drop { $0 == "-" || $0 == "+" }
        if body == ".inf" || body == ".nan" { return true }
        if ["0x", "0o", "0b"].contains(String(body.prefix(2))) { return body.dropFirst(2).allSatisfy(\.isHexDigit) }
        return body.contains(where: \.isNumber)
            && body.allSatisfy { $0.isNumber || "._e+-".contains($0) } && !Self.isDashed(body)
    }

    /// Dates as `2026-11-23`, and other runs of digits with inner hyphens, which are texts for JSON.
    private static func isDashed(_ body: Substring) -> Bool {
        body.dropFirst().contains("-") && !body.contains("e")
    }
}
