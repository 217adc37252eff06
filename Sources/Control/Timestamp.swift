/// A moment, to the second; RFC 3339 in UTC on the wire.
package struct Timestamp: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds left out.
    package let secondsSinceEpoch: Int64

    /// The moment `secondsSinceEpoch` seconds after 1970.
    package init(secondsSinceEpoch: Int64) { self.secondsSinceEpoch = secondsSinceEpoch }

    /// Reads `2026-11-23T11:30:26Z`; fractions of a second are dropped, offsets from UTC are refused.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), Self.hasSeparators(bytes) else { return nil }
        let parts = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19].compactMap { Self.decimal(bytes[$0]) }
        guard parts.count == 6, (1...12).contains(parts[1]), (1...31).contains(parts[2]) else { return nil }
        guard parts[3] < 24, parts[4] < 60, parts[5] < 61 else { return nil }
        let days = Self.days(year: parts[0], month: parts[1], day: parts[2])
        secondsSinceEpoch = days * 86_400 + parts[3] * 3_600 + parts[4] * 60 + parts[5]
    }

    /// `2026-11-23T11:30:26Z`
    package var description: String {
        let days = (secondsSinceEpoch - Self.remainder(secondsSinceEpoch, 86_400)) / 86_400
        let second = Self.remainder(secondsSinceEpoch, 86_400)
        let (year, month, day) = Self.date(daysSinceEpoch: days)
        let date = "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))"
        let time = [second / 3_600, second / 60 % 60, second % 60].map { Self.padded($0, 2) }.joined(separator: ":")
        return "\(date)T\(time)Z"
    }

    /// The earlier first.
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.secondsSinceEpoch < right.secondsSinceEpoch
    }

    private static func hasSeparators(_ bytes: [UInt8]) -> Bool {
        let places: [(Int, UInt8)] = [
            (4, UInt8(ascii: "-")), (7, UInt8(ascii: "-")), (10, UInt8(ascii: "T")), (13, UInt8(ascii: ":")),
            (16, UInt8(ascii: ":")),
        ]
        let isFraction = bytes.count == 20 || bytes[19] == UInt8(ascii: ".")
        return isFraction && places.allSatisfy { bytes[$0.0] == $0.1 }
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Never negative, unlike `%`.
    private static func remainder(_ value: Int64, _ divisor: Int64) -> Int64 {
        (value % divisor + divisor) % divisor
    }

    /// The number of days from 1970-01-01 in the Gregorian calendar, whose years are taken to begin in March: then a
    /// leap day is a year's last, and the months before it have a regular 153-day rhythm of five.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - daysToEpoch
    }

    /// From 0000-03-01 to 1970-01-01.
    private static let daysToEpoch: Int64 = 719_468

    private static func date(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSinceEpoch + daysToEpoch
        let era = (days - remainder(days, 146_097)) / 146_097
        let dayOfEra = remainder(days, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = (monthFromMarch + 2) % 12 + 1
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

extension Timestamp: Codable {
    /// Reads RFC 3339 text.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let moment = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a time in UTC")
        }
        self = moment
    }

    /// Writes RFC 3339 text.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
