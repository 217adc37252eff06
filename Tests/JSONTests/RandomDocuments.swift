import JSON
import TestKit

/// A stream of documents that a seed determines.
struct RandomDocuments {
    private var random: SeededGenerator
    private let hasPlainKeys: Bool

    /// Documents with keys of ASCII only or of anything.
    init(seed: UInt64, hasPlainKeys: Bool = false) {
        random = SeededGenerator(seed: seed)
        self.hasPlainKeys = hasPlainKeys
    }

    /// A value at most five levels deep; no number in it that would be read back as another case.
    mutating func value(depth: Int = 0) -> JSON {
        switch Int.random(in: 0..<(depth < 5 ? 9 : 6), using: &random) {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .int(integer())
        case 3: double()
        case 4, 5: .string(text())
        case 6: .array((0..<count()).map { _ in value(depth: depth + 1) })
        default: .object(Dictionary((0..<count()).map { _ in (key(), value(depth: depth + 1)) }) { $1 })
        }
    }

    /// One of the many ways to write a value.
    mutating func spelling(of value: JSON) -> String {
        let spelled =
            switch value {
            case .int(let number): spelling(of: number)
            case .string(let text): spelling(of: text)
            case .array(let elements): "[\(elements.map { spelling(of: $0) }.joined(separator: ","))\(space())]"
            case .object(let members):
                "{\(members.sorted { $0.key < $1.key }.map { spelling(of: $0) }.joined(separator: ","))\(space())}"
            default: value.text
            }
        return space() + spelled + space()
    }

    /// Changes, removes or inserts up to three bytes.
    mutating func damage(_ bytes: inout [UInt8]) {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes.insert(byte(), at: place)
            case 1 where place < bytes.count: bytes[place] = byte()
            default: if place < bytes.count { bytes.remove(at: place) }
            }
        }
    }

    /// Up to 40 bytes, most of them such as have a meaning in JSON.
    mutating func noise() -> [UInt8] {
        (0..<Int.random(in: 0...40, using: &random)).map { _ in byte() }
    }

    private mutating func byte() -> UInt8 {
        let meaningful = Array(#"[]{}",:\/-+.0123eEbfnrtu truefalsnl"#.utf8)
        let any = UInt8.random(in: 1...255, using: &random)
        return Int.random(in: 0..<8, using: &random) == 0 ? any : meaningful[Int(any) % meaningful.count]
    }

    private mutating func count() -> Int { Int.random(in: 0...4, using: &random) }

    private mutating func integer() -> Int {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: Int.random(in: -10...10, using: &random)
        case 1: Int.random(in: -10_000_000...10_000_000, using: &random)
        case 2: Bool.random(using: &random) ? .max : .min
        default: Int.random(in: .min ... .max, using: &random)
        }
    }

    private mutating func double() -> JSON {
        let bits = Double(bitPattern: random.next())
        let number = Bool.random(using: &random) ? bits : Double.random(in: -1000...1000, using: &random)
        return number.isFinite && Int(exactly: number) == nil ? .double(number) : 0.5
    }

    private mutating func key() -> String {
        let key = text()
        return hasPlainKeys ? String(key.unicodeScalars.filter(\.isASCII)) : key
    }

    private mutating func text() -> String {
        String(String.UnicodeScalarView((0..<Int.random(in: 0...8, using: &random)).map { _ in scalar() }))
    }

    private mutating func scalar() -> Unicode.Scalar {
        let ranges: [ClosedRange<UInt32>] = [
            0x01...0x1f, 0x20...0x7f, 0x22...0x2f, 0x61...0x66, 0x5c...0x5c, 0x80...0x7ff, 0x300...0x310,
            0x2000...0xd7ff, 0xe000...0xffff, 0x1_f600...0x1_f64f, 0x10_0000...0x10_ffff,
        ]
        let range = ranges[Int.random(in: 0..<ranges.count, using: &random)]
        return Unicode.Scalar(UInt32.random(in: range, using: &random)) ?? "?"
    }

    private mutating func space() -> String {
        ["", "", "", " ", "\n", "\t", "\r\n  "][Int.random(in: 0..<7, using: &random)]
    }

    private mutating func spelling(of member: (key: String, value: JSON)) -> String {
        "\(space())\(spelling(of: member.key))\(space()):\(spelling(of: member.value))"
    }

    private mutating func spelling(of number: Int) -> String {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: "\(number).0"
        case 1: "\(number)e0"
        case 2 where number != 0: "\(number)00E-2"
        case 3 where number != 0 && number % 10 == 0: "\(number / 10)e+1"
        default: "\(number)"
        }
    }

    private mutating func spelling(of text: String) -> String {
        // Bytes, because an accent would make one character with the quote before it.
        let scalars = text.unicodeScalars.map { scalar in
            let plain = JSON.string(String(scalar)).serialized.dropFirst().dropLast()
            return Bool.random(using: &random) ? escape(scalar) : String(decoding: plain, as: UTF8.self)
        }
        return "\"\(scalars.joined())\""
    }

    private mutating func escape(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf16.map { unit in
            let digits = String(unit, radix: 16, uppercase: .random(using: &random))
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        .joined()
    }
}
