import Control

/// When that happened which made an EndpointSlice what it is: its writer's clock, in fractions of a second.
package struct TriggerTime: Hashable, Sendable {
    /// Since 1970-01-01T00:00:00Z.
    package let secondsSinceEpoch: Double

    /// Takes seconds since 1970.
    package init(secondsSinceEpoch: Double) { self.secondsSinceEpoch = secondsSinceEpoch }

    /// Reads `2026-11-25T03:53:39.123456789Z`; nil for what is no time in UTC.
    package init?(_ text: String) {
        guard let whole = Control.Timestamp(text) else { return nil }
        let digits = text.drop { $0 != "." }.dropLast()
        guard let fraction = digits.isEmpty ? 0 : Double("0\(digits)") else { return nil }
        secondsSinceEpoch = Double(whole.secondsSinceEpoch) + fraction
    }
}
