package import ServiceProxy

/// One metric with all of its values, as Prometheus has it.
package struct MetricFamily: Sendable {
    /// What a metric's values mean.
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// One value, or what else has a line of its own.
    package struct Sample: Sendable {
        /// What follows the metric's name: `_bucket`, `_sum`, `_count`, or nothing.
        let suffix: String
        /// Names and values.
        let labels: [(name: String, value: String)]
        /// The value.
        let value: Double
    }

    /// Its name.
    package let name: String
    /// What it is, in a sentence.
    package let help: String
    /// What its values mean.
    package let kind: Kind
    /// The values.
    package private(set) var samples: [Sample] = []

    /// A metric without values, which is left out of what is shown.
    package init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    /// A metric of one value.
    package init(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        self.init(name, kind, help)
        add(value)
    }

    /// Adds a value.
    package mutating func add(_ value: Double, _ labels: (name: String, value: String)...) {
        samples.append(Sample(suffix: "", labels: labels, value: value))
    }

    /// Adds the lines of a histogram; buckets count everything below their bounds.
    package mutating func add(_ histogram: Histogram, _ labels: (name: String, value: String)...) {
        var count: UInt64 = 0
        let bounds = histogram.bounds.map(MetricsText.number) + ["+Inf"]
        for (bound, own) in zip(bounds, histogram.counts) {
            count += own
            samples.append(Sample(suffix: "_bucket", labels: labels + [("le", bound)], value: Double(count)))
        }
        samples.append(Sample(suffix: "_sum", labels: labels, value: histogram.sum))
        samples.append(Sample(suffix: "_count", labels: labels, value: Double(count)))
    }
}

/// Metrics in Prometheus' text format, version 0.0.4.
package enum MetricsText {
    /// How HTTP calls it.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All families that have values, in the order given.
    package static func of(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            text += "# HELP \(family.name) \(escaped(family.help))\n# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples { append(sample, of: family.name, to: &text) }
        }
        return text
    }

    private static func append(_ sample: MetricFamily.Sample, of name: String, to text: inout String) {
        text += name
        text += sample.suffix
        if !sample.labels.isEmpty {
            let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
            text += "{\(labels.joined(separator: ","))}"
        }
        text += " \(number(sample.value))\n"
    }

    /// A number as Go reads it.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        guard value == value.rounded(), abs(value) < 1e15 else { return "\(value)" }
        return "\(Int64(value))"
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        guard text.utf8.contains(where: { $0 == 0x5c || $0 == 0x0a || $0 == 0x22 }) else { return text }
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.append(character)
            }
        }
        return result
    }
}
