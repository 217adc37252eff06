/// The VLANs of a bridge port, as a bridge that filters VLANs knows them (IEEE 802.1Q).
package struct PortVLANs: Hashable, Sendable, CustomStringConvertible {
    /// The numbers that are VLANs.
    package static let range = 1...4094

    /// The VLAN of frames that come in without a tag ("PVID"), nil for none: such frames are dropped.
    package var native: Int?
    /// VLANs whose frames leave without a tag.
    package var untagged: Set<Int>
    /// VLANs whose frames leave with a tag.
    package var tagged: Set<Int>

    /// Describes a port's VLANs; one in both sets leaves without a tag.
    package init(native: Int? = nil, untagged: Set<Int> = [], tagged: Set<Int> = []) {
        self.native = native
        self.untagged = untagged
        self.tagged = tagged.subtracting(untagged)
    }

    /// All of them.
    package var all: Set<Int> { untagged.union(tagged) }

    /// `native 100, untagged 1 100, tagged 101 200-210`
    package var description: String {
        let parts = [
            native.map { "native \($0)" },
            untagged.isEmpty ? nil : "untagged \(Self.text(untagged))",
            tagged.isEmpty ? nil : "tagged \(Self.text(tagged))",
        ]
        let text = parts.compactMap { $0 }.joined(separator: ", ")
        return text.isEmpty ? "none" : text
    }

    private static func text(_ numbers: Set<Int>) -> String {
        runs(of: numbers).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: " ")
    }

    /// Consecutive numbers together, in order.
    package static func runs(of numbers: Set<Int>) -> [ClosedRange<Int>] {
        numbers.sorted().reduce(into: []) { runs, number in
            if let last = runs.last, last.upperBound + 1 == number {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
    }
}
