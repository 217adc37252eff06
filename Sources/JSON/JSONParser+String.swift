extension JSONParser {
    /// The text of the string that starts at the position.
    mutating func string() throws(JSONError) -> String {
        let start = position
        position += 1
        let isASCII = skipPlainText() < 0x80
        guard current == UInt8(ascii: "\"") else { return try escapedString(at: start) }
        position += 1
        let plain = bytes[(start + 1)..<(position - 1)]
        return isASCII ? String(decoding: plain, as: UTF8.self) : try text(plain, at: start)
    }

    /// The text of a string, of which everything before the position is plain.
    private mutating func escapedString(at start: Int) throws(JSONError) -> String {
        var unescaped = Array(bytes[(start + 1)..<position])
        while !skip(UInt8(ascii: "\"")) {
            guard skip(UInt8(ascii: "\\")) else { throw unfinishedString() }
            try appendEscape(to: &unescaped)
            let plain = position
            skipPlainText()
            unescaped.append(contentsOf: bytes[plain..<position])
        }
        return try text(unescaped[...], at: start)
    }

    /// Goes to the next quote, backslash or control character (RFC 8259, 7), or to the end; returns all bits that it
    /// found set in any byte.
    @discardableResult
    mutating func skipPlainText() -> UInt8 {
        var end = position
        var bits: UInt8 = 0
        while end < bytes.count {
            let byte = bytes[end]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            bits |= byte
            end += 1
        }
        position = end
        return bits
    }

    private func unfinishedString() -> JSONError {
        expected(position < bytes.count ? "an escape for a control character" : "'\"'")
    }

    private mutating func text(_ utf8: ArraySlice<UInt8>, at start: Int) throws(JSONError) -> String {
        guard let text = String(validating: utf8, as: UTF8.self) else {
            position = start
            throw fault("expected UTF-8, found a string that is not")
        }
        return text
    }
}

extension JSONParser {
    /// Reads what follows a backslash.
    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONError) {
        guard current != UInt8(ascii: "u") else {
            text.append(contentsOf: try escapedScalar().utf8)
            return
        }
        guard let byte = Self.escapes(current) else { throw expected("an escape") }
        text.append(byte)
        position += 1
    }

    /// The character that a letter stands for after a backslash.
    private static func escapes(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// The scalar of `uXXXX`, or of a surrogate pair `uXXXX\uXXXX`; a surrogate alone is no character.
    private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        let first = try hexadecimals()
        guard first != 0 else { throw faultInValue("holds a NUL character") }
        guard (0xd800..<0xdc00).contains(first) else { return try scalar(first) }
        guard skip(UInt8(ascii: "\\")), current == UInt8(ascii: "u") else { throw expected("a low surrogate") }
        let second = try hexadecimals()
        guard (0xdc00..<0xe000).contains(second) else {
            throw fault("expected a low surrogate before here, found another character")
        }
        return try scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    private func scalar(_ value: UInt32) throws(JSONError) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(value) else {
            throw fault("expected a high surrogate before here, found a low one")
        }
        return scalar
    }

    /// Steps over `u` and reads the four digits after it.
    private mutating func hexadecimals() throws(JSONError) -> UInt32 {
        position += 1
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Self.hexadecimal(current) else { throw expected("a hexadecimal digit") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
