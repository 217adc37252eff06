/// How long to wait before the next try: longer each time, never the same for two clients.
///
/// Pure: the time and the dice come from outside. The figures are those that Kubernetes' own clients use, so that a
/// server that comes back is not met by us alone.
package struct Backoff: Hashable, Sendable {
    /// The first wait, without jitter.
    package static let first: Duration = .milliseconds(800)
    /// No wait is longer.
    package static let limit: Duration = .seconds(30)
    /// After so long without a failure the next one counts as the first.
    package static let quiet: Duration = .seconds(120)

    private var next = Backoff.first
    private var last: Duration?

    /// Nothing has failed yet.
    package init() {}

    /// The wait after a failure at `now`, a time of any clock that only goes forward.
    package mutating func delay(at now: Duration, _ random: inout some RandomNumberGenerator) -> Duration {
        if let last, now - last > Self.quiet { next = Self.first }
        last = now
        defer { next = min(next * 2, Self.limit) }
        return min(next * (1 + Double.random(in: 0..<1, using: &random)), Self.limit)
    }
}

/// Dice that fall the same for the same seed (SplitMix64).
package struct SeededDice: RandomNumberGenerator, Hashable, Sendable {
    private var state: UInt64

    /// Dice for a seed.
    package init(seed: UInt64) {
        state = seed
    }

    /// The next number.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
