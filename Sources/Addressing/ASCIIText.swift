/// Text of numbers and separators, put together digit by digit.
///
/// An interpolation asks Swift's runtime for the type of every number and how it is described, and formats it with generic
/// code (docs/decisions/0007-what-an-add-costs.md). Every plugin writes addresses.
struct ASCIIText {
    private var bytes: [UInt8] = []

    /// What was written.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    var isEmpty: Bool { bytes.isEmpty }

    mutating func write(_ character: Unicode.Scalar) {
        bytes.append(UInt8(ascii: character))
    }

    /// In decimal digits.
    mutating func write(decimal number: UInt32) {
        if number > 9 { write(decimal: number / 10) }
        bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    /// In lower case hexadecimal digits, at least `width` of them.
    mutating func write(hexadecimal number: UInt16, width: Int = 1) {
        if number > 0xf || width > 1 { write(hexadecimal: number >> 4, width: width - 1) }
        let digit = UInt8(number & 0xf)
        bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
    }
}
