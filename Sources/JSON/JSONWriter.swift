/// Writes values in one line, with nothing optional in it: no space, no escape that RFC 8259 does not demand.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    /// Writes a value after those written so far.
    mutating func write(_ value: JSON) {
        switch value {
        case .null: write("null")
        case .bool(let flag): write(flag ? "true" : "false")
        case .int(let number): write(decimal: number)
        case .double(let number): write(number)
        case .string(let text): writeString(text)
        case .array(let elements): write(elements)
        case .object(let members): write(members)
        }
    }

    private mutating func write(_ plain: String) {
        bytes.append(contentsOf: plain.utf8)
    }

    private mutating func write(decimal number: Int) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        write(digits: number.magnitude)
    }

    private mutating func write(digits number: UInt) {
        if number > 9 { write(digits: number / 10) }
        bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    private mutating func write(_ elements: [JSON]) {
        bytes.append(UInt8(ascii: "["))
        var isFirst = true
        for element in elements {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            write(element)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ members: [String: JSON]) {
        bytes.append(UInt8(ascii: "{"))
        var isFirst = true
        for key in members.keys.sorted() {
            guard let value = members[key] else { continue }
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            writeString(key)
            bytes.append(UInt8(ascii: ":"))
            write(value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// The shortest digits that read back as the same double; a whole one has no fraction, as an `int` has none.
    private mutating func write(_ number: Double) {
        guard number.isFinite else {
            writeString(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
            return
        }
        let text = number.description
        write(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }
}

extension JSONWriter {
    private mutating func writeString(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 { writeInString(byte) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// RFC 8259, 7.
    private mutating func writeInString(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): write(#"\""#)
        case UInt8(ascii: "\\"): write(#"\\"#)
        case 0x08: write(#"\b"#)
        case 0x09: write(#"\t"#)
        case 0x0a: write(#"\n"#)
        case 0x0c: write(#"\f"#)
        case 0x0d: write(#"\r"#)
        case 0..<0x20: write((byte < 0x10 ? #"\u000"# : #"\u00"#) + String(byte, radix: 16))
        default: bytes.append(byte)
        }
    }
}
