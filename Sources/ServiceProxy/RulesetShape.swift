/// What of the rules depends on how large services are and whom they are open to.
///
/// It only grows: a chain that nobody needs any more costs nothing, and adding one makes the kernel check the table.
package struct RulesetShape: Hashable, Sendable {
    /// Up to which number of endpoints there are chains, by way of picking: powers of two from 16 on.
    package private(set) var pickers: [Picker: Int] = [:]
    /// The lengths of prefixes that sources are looked up by.
    package var prefixLengths: Set<Int> = []

    /// No chain and no prefix.
    package init() {}

    /// What a table has from the start.
    package static let smallest = {
        var shape = RulesetShape()
        shape.require(.everywhere, 1)
        return shape
    }()

    /// Makes sure that there is a chain for `count` endpoints.
    package mutating func require(_ picker: Picker, _ count: Int) {
        guard count > pickers[picker, default: 0] else { return }
        var limit = 16
        while limit < count { limit *= 2 }
        pickers[picker] = min(limit, picker.largestCount)
    }

    /// What both have.
    package func union(_ other: RulesetShape) -> RulesetShape {
        var union = self
        union.pickers.merge(other.pickers) { max($0, $1) }
        union.prefixLengths.formUnion(other.prefixLengths)
        return union
    }

    /// Every code that a chain is there for, besides the static ones.
    var codes: [FrontendCode] {
        pickers.sorted { $0.key < $1.key }.flatMap { picker, limit in (1...limit).map { .pick(picker, $0) } }
    }

    /// The ways of picking that remember clients.
    var keepers: [(picker: Picker, affinity: Affinity)] {
        pickers.keys.sorted().compactMap { picker in picker.affinity.map { (picker, $0) } }
    }

    /// The shape that a table with these codes in `pickers` and these sets has.
    init(codes: [FrontendCode], sets: some Collection<String>) {
        for case .pick(let picker, let count) in codes { pickers[picker] = max(count, pickers[picker] ?? 0) }
        prefixLengths = Set(sets.compactMap(ServiceRuleset.SetName.prefixLength(ofSet:)))
    }
}
