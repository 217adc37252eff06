extension IPAddress: LosslessStringConvertible {
    /// Reads dotted-quad IPv4 or IPv6 text; leading zeros, zones and surrounding spaces are refused.
    package init?(_ text: String) {
        self.init(utf8: Array(text.utf8)[...])
    }

    /// Reads the bytes of such a text.
    init?(utf8 text: ArraySlice<UInt8>) {
        if let bits = Self.parseV4(text) {
            self = .v4(bits)
        } else if let (high, low) = Self.parseV6(text) {
            let isMappedV4 = high == 0 && low >> 32 == 0xffff
            self = isMappedV4 ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high, low)
        } else {
            return nil
        }
    }

    /// Reads an address, or says which text is none.
    package init(parsing text: String) throws(InvalidValue) {
        guard let address = IPAddress(text) else { throw InvalidValue(text, isNot: "an IP address") }
        self = address
    }

    /// The canonical text: dotted quad, or RFC 5952 for IPv6.
    package var description: String {
        var text = ASCIIText()
        text.write(self)
        return text.text
    }

    /// Four decimal octets without leading zeros, which `inet_aton` would take for octal.
    private static func parseV4(_ text: ArraySlice<UInt8>) -> UInt32? {
        var bits: UInt32 = 0
        var rest = text
        for octets in 1...4 {
            let end = rest.firstIndex(of: UInt8(ascii: ".")) ?? rest.endIndex
            guard let octet = parseOctet(rest[..<end]) else { return nil }
            bits = bits << 8 | octet
            guard end < rest.endIndex else { return octets == 4 ? bits : nil }
            rest = rest[(end + 1)...]
        }
        return nil
    }

    private static func parseOctet(_ digits: ArraySlice<UInt8>) -> UInt32? {
        guard digits.count == 1 || digits.first != UInt8(ascii: "0"), let value = decimalValue(of: digits), value <= 255
        else { return nil }
        return UInt32(value)
    }

    private static func parseV6(_ text: ArraySlice<UInt8>) -> (UInt64, UInt64)? {
        guard let (before, after) = splitAtEllipsis(text) else { return nil }
        guard let head = parseGroups(before, mayEndInV4: after == nil) else { return nil }
        guard let after else { return head.count == 8 ? words(head) : nil }
        guard let tail = parseGroups(after, mayEndInV4: true), head.count + tail.count <= 7 else { return nil }
        return words(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    /// The parts around the one `::` (the second nil when there is none), or nil when there are two.
    private static func splitAtEllipsis(_ text: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?)? {
        let colon = UInt8(ascii: ":")
        let places = text.indices.dropLast().filter { text[$0] == colon && text[$0 + 1] == colon }
        guard let place = places.first else { return (text, nil) }
        guard places.count == 1 else { return nil }
        return (text[..<place], text[(place + 2)...])
    }

    private static func parseGroups(_ text: ArraySlice<UInt8>, mayEndInV4: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (position, part) in parts.enumerated() {
            if let group = parseGroup(part) {
                groups.append(group)
            } else if mayEndInV4, position == parts.count - 1, let bits = parseV4(part) {
                groups.append(UInt16(bits >> 16))
                groups.append(UInt16(truncatingIfNeeded: bits))
            } else {
                return nil
            }
        }
        return groups.count <= 8 ? groups : nil
    }

    private static func parseGroup(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(digits.count) else { return nil }
        var value: UInt16 = 0
        for digit in digits {
            guard let nibble = hexadecimalValue(of: digit) else { return nil }
            value = value << 4 | UInt16(nibble)
        }
        return value
    }

    private static func words(_ groups: [UInt16]) -> (UInt64, UInt64) {
        (groups[..<4].reduce(0) { $0 << 16 | UInt64($1) }, groups[4...].reduce(0) { $0 << 16 | UInt64($1) })
    }
}

extension ASCIIText {
    /// Writes the canonical text of an address.
    mutating func write(_ address: IPAddress) {
        switch address {
        case .v4(let bits): writeV4(bits)
        case .v6(let high, let low): writeV6(high, low)
        }
    }

    private mutating func writeV4(_ bits: UInt32) {
        for shift: UInt32 in [24, 16, 8, 0] {
            write(decimal: bits >> shift & 0xff)
            if shift > 0 { write(".") }
        }
    }

    /// RFC 5952: lower case, no leading zeros, the first longest run of at least two zero groups as `::`.
    private mutating func writeV6(_ high: UInt64, _ low: UInt64) {
        func group(_ position: Int) -> UInt16 {
            UInt16(truncatingIfNeeded: (position < 4 ? high : low) >> (48 - 16 * (position & 3)))
        }
        let run = Self.longestZeroRun(group)
        guard run.count >= 2 else { return writeGroups(0..<8, group) }
        writeGroups(0..<run.lowerBound, group)
        write(":")
        write(":")
        writeGroups(run.upperBound..<8, group)
    }

    private mutating func writeGroups(_ positions: Range<Int>, _ group: (Int) -> UInt16) {
        for position in positions {
            if position > positions.lowerBound { write(":") }
            write(hexadecimal: group(position))
        }
    }

    private static func longestZeroRun(_ group: (Int) -> UInt16) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for position in 0..<8 {
            guard group(position) == 0 else {
                start = position + 1
                continue
            }
            if position + 1 - start > longest.count { longest = start..<(position + 1) }
        }
        return longest
    }
}

/// The number that one to three ASCII digits and nothing else say, otherwise nil.
func decimalValue(of digits: ArraySlice<UInt8>) -> Int? {
    guard (1...3).contains(digits.count) else { return nil }
    var value = 0
    for digit in digits {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
        value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return value
}

/// 0…15 for an ASCII hexadecimal digit of either case, otherwise nil.
func hexadecimalValue(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
