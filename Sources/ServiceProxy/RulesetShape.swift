/// What of the rules depends on how large services are and whom they are open to.
///
/// It only grows: a chain that nobody needs any more costs nothing, and adding one makes the kernel check the table.
package struct RulesetShape: Hashable, Sendable {
    /// Up to which number of endpoints there are chains, by way of picking: powers of two from 16 to `ladder`.
    package private(set) var pickers: [Picker: Int] = [:]
    /// Which chains there are for more endpoints than that: steps of `step` numbers each, the first one being 1…`step`.
    ///
    /// The kernel checks every chain that an element leads to against every other, so that all chains up to 10,000 take
    /// it 15 seconds, and those that are needed no time.
    private var steps: [Picker: Set<Int>] = [:]
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

    private static let ladder = 1_024
    private static let step = 64

    /// Makes sure that there is a chain for `count` endpoints.
    package mutating func require(_ picker: Picker, _ count: Int) {
        if count > Self.ladder { steps[picker, default: []].insert((count - 1) / Self.step) }
        let needed = count > Self.ladder ? 1 : count
        guard needed > pickers[picker, default: 0] else { return }
        var limit = 16
        while limit < needed { limit *= 2 }
        pickers[picker] = limit
    }

    /// What both have.
    package func union(_ other: RulesetShape) -> RulesetShape {
        var union = self
        union.pickers.merge(other.pickers) { max($0, $1) }
        union.steps.merge(other.steps) { $0.union($1) }
        union.prefixLengths.formUnion(other.prefixLengths)
        return union
    }

    /// Every code that a chain is there for, besides the static ones.
    var codes: [FrontendCode] {
        pickers.sorted { $0.key < $1.key }.flatMap { picker, limit in
            (1...limit).map { .pick(picker, $0) } + steps[picker, default: []].sorted().flatMap { codes(picker, $0) }
        }
    }

    private func codes(_ picker: Picker, _ step: Int) -> [FrontendCode] {
        let first = step * Self.step + 1
        return (first...min(first + Self.step - 1, picker.largestCount)).map { .pick(picker, $0) }
    }

    /// The ways of picking that remember clients.
    var keepers: [(picker: Picker, affinity: Affinity)] {
        pickers.keys.sorted().compactMap { picker in picker.affinity.map { (picker, $0) } }
    }

    /// The shape that a table with these codes in `pickers` and these sets has.
    init(codes: [FrontendCode], sets: some Collection<String>) {
        for case .pick(let picker, let count) in codes {
            if count > Self.ladder { steps[picker, default: []].insert((count - 1) / Self.step) }
            if count <= Self.ladder { pickers[picker] = max(count, pickers[picker] ?? 0) }
        }
        prefixLengths = Set(sets.compactMap(ServiceRuleset.SetName.prefixLength(ofSet:)))
    }
}
