import Netlink
import NetworkModel

/// What it costs to replace one element of a large map: of numbers, as our `frontends` is, and of verdicts.
///
/// The kernel validates a table's chains again when a verdict comes, which takes as long as there are elements.
struct ElementBenchmark {
    let size: Int

    /// Median seconds of a commit that deletes and adds one element.
    func run(rounds: Int) throws -> (data: Double, verdict: Double) {
        let data = Element.Value.data([1, 0, 0, 0])
        return (try median(.data([.classID]), data, rounds), try median(.verdict, .verdict(.goto("pick")), rounds))
    }

    private func median(_ value: ElementSet.Value, _ element: Element.Value, _ rounds: Int) throws -> Double {
        let table = TableID(.ip, "bench")
        let elements = (0..<UInt32(size)).map { KeyedElement(key($0), Element(element, hasCounter: true)) }
        let lookup: Expression =
            switch value {
            case .data: .lookup(set: "map", key: Register(0), into: Register(1))
            case .verdict: .verdictMap(map: "map", key: Register(0))
            }
        var nftables = try NftablesSocket()
        try nftables.commit([
            .addTable(table, flags: 0, comment: nil),
            .addChain(table, "pick", nil, comment: nil),
            .addChain(table, "input", Chain.Base(.filter, .input, priority: 0), comment: nil),
            .addSet(table, "map", key: [.mark], value: value, comment: nil),
            .addElements(table, set: "map", elements),
            .appendRule(table, chain: "input", Rule([.meta(.priority, into: Register(0)), lookup])),
        ])
        var seconds: [Double] = []
        for _ in 0..<rounds {
            let started = now()
            try nftables.commit([
                .deleteElements(table, set: "map", [key(0)]), .addElements(table, set: "map", [elements[0]]),
            ])
            seconds.append(now() - started)
        }
        try nftables.commit([.deleteTable(table)])
        return seconds.median
    }

    private func key(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
}
