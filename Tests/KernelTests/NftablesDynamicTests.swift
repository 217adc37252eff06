import FakeKernel
import Netlink
import NetworkModel
import Testing

/// Sets that rules write to: Linux and the kernel of the other tests take and refuse the same.
@Suite("nftables sets that rules write to", .tags(.kernel), .kernelTests, .freshNetNS)
struct NftablesDynamicTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let reason: KernelError.Reason?
        let changes: [RulesetChange]

        init(_ name: String, _ reason: KernelError.Reason?, _ changes: RulesetChange...) {
            testDescription = name
            self.reason = reason
            self.changes = changes
        }
    }

    private static let dynamic = ElementSet.Dynamic(timeout: 60, size: 100)
    private static let table = Table(
        chains: ["rules": Chain(), "more": Chain()],
        sets: [
            "clients": ElementSet(key: [.ipv4Address], value: .data([.mark]), dynamic: dynamic, comment: "map"),
            "seen": ElementSet(key: [.ipv4Address], dynamic: dynamic),
        ]
    )

    private static func write(
        _ operation: Expression.ElementOperation,
        _ set: String,
        _ data: UInt32? = nil
    ) -> RulesetChange {
        let load: [Expression] = [
            .payload(.network, offset: 12, length: 4, into: Register(0)), .meta(.mark, into: Register(1)),
        ]
        let write = Expression.writeElement(operation, set: set, key: Register(0), data: data.map(Register.init))
        return .appendRule(.podnet, chain: "rules", Rule(load + [write]))
    }

    private static let cases: [Case] = [
        Case(
            "additions, updates and deletions",
            nil,
            write(.add, "seen"),
            write(.update, "seen"),
            write(.delete, "seen")
        ),
        Case(
            "the same with data",
            nil,
            write(.add, "clients", 1),
            write(.update, "clients", 1),
            write(.delete, "clients", 1)
        ),
        Case("a map without data", .invalid, write(.add, "clients")),
        Case("a deletion from a map without data", .invalid, write(.delete, "clients")),
        Case("a set with data", .unsupported, write(.add, "seen", 1)),
        Case("no such set", .notFound, write(.add, "none")),
        Case("data of a register that nobody wrote", .other, write(.add, "clients", 7)),
        Case("a set that a rule writes to does not go", .busy, write(.add, "seen"), .deleteSet(.podnet, "seen")),
        Case(
            "one that no rule writes to any more does",
            nil,
            write(.add, "seen"),
            .flushChain(.podnet, "rules"),
            .deleteSet(.podnet, "seen")
        ),
        Case(
            "the same set again",
            nil,
            .addSet(.podnet, named: "seen", ElementSet(key: [.ipv4Address], dynamic: dynamic))
        ),
        Case("one without timeout", .exists, .addSet(.podnet, named: "seen", ElementSet(key: [.ipv4Address]))),
        Case(
            "a look-up in what rules write",
            nil,
            .appendRule(
                .podnet,
                chain: "rules",
                Rule([
                    .payload(.network, offset: 12, length: 4, into: Register(0)),
                    .lookup(set: "clients", key: Register(0), into: Register(0)), .setMeta(.mark, from: Register(0)),
                ])
            )
        ),
    ]

    @Test("are the same in both kernels", arguments: cases)
    func same(_ example: Case) throws {
        let changes = Self.table.additions(as: .podnet)
        var linux = try NftablesSocket()
        var fake = FakeKernel()
        try linux.commit(changes)
        try fake.commit(changes, generation: nil)
        #expect(reason { () throws(KernelError) in try linux.commit(example.changes) } == example.reason)
        #expect(
            reason { () throws(KernelError) in try fake.commit(example.changes, generation: nil) } == example.reason
        )
        let table = try linux.table(.podnet, elements: .all)
        #expect(table == fake.state.ruleset.tables[.podnet])
        _ = try listing()
    }

    private func reason(_ body: () throws(KernelError) -> Void) -> KernelError.Reason? {
        do throws(KernelError) {
            try body()
            return nil
        } catch {
            return error.reason
        }
    }
}
