/// How often a measured value was within each of some bounds, as Prometheus counts it.
package struct Histogram: Hashable, Sendable {
    /// The upper bounds, ascending; a value equal to one is within it.
    package let bounds: [Double]
    /// How many values each bound was the lowest for; one more for those above all.
    package private(set) var counts: [UInt64]
    /// All values together.
    package private(set) var sum = 0.0

    /// Nothing measured yet.
    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// `count` bounds from `first` on, each `factor` times the one before.
    package static func exponential(from first: Double, factor: Double, count: Int) -> Histogram {
        var bounds: [Double] = []
        var bound = first
        for _ in 0..<count {
            bounds.append(bound)
            bound *= factor
        }
        return Histogram(bounds: bounds)
    }

    /// How many values were measured.
    package var count: UInt64 { counts.reduce(0, +) }

    /// Counts a value.
    package mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }

    /// Counts a time in seconds.
    package mutating func observe(_ duration: Duration) { observe(duration / .seconds(1)) }
}
