package import Addressing

/// An instant in UTC to the second, as Kubernetes writes `creationTimestamp`.
package struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The digits of year to second as one number, which sorts by time: 20261123060412.
    package let digits: UInt64

    /// Reads `2026-11-23T06:04:12Z`.
    package init(parsing text: String) throws(InvalidValue) {
        let bytes = Array(text.utf8)
        var digits: UInt64 = 0
        for (byte, expected) in zip(bytes, "0000-00-00T00:00:00Z".utf8) {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            guard expected == UInt8(ascii: "0") ? isDigit : byte == expected else { throw Self.invalid(text) }
            if isDigit { digits = digits * 10 + UInt64(byte - UInt8(ascii: "0")) }
        }
        guard bytes.count == 20 else { throw Self.invalid(text) }
        self.digits = digits
    }

    private static func invalid(_ text: String) -> InvalidValue {
        InvalidValue(shortened(text), isNot: "a time", reason: "write it as 2026-11-23T06:04:12Z")
    }

    /// `2026-11-23T06:04:12Z`
    package var description: String {
        var text = String(digits)
        text = String(repeating: "0", count: max(0, 14 - text.count)) + text
        let parts = [(0, 4, "-"), (4, 2, "-"), (6, 2, "T"), (8, 2, ":"), (10, 2, ":"), (12, 2, "Z")]
        return parts.map { start, count, end in text.dropFirst(start).prefix(count) + end }.joined()
    }

    /// Earlier first.
    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.digits < right.digits }
}
