import Addressing
import Netlink
import NetworkModel
import Testing

/// Transactions: all or nothing, and errors that name the culprit.
@Suite("nftables transactions", .tags(.kernel), .kernelTests, .freshNetNS)
struct NftablesCommitTests {
    private static let layout = ServiceLayout.v4
    private static let key = layout.frontend(layout.virtual, 80)

    /// A map with one element.
    private static func table(_ value: UInt32 = 3) -> Table {
        let element = Element(.data(RegisterBytes.host(value)), comment: "default/web:http")
        return Table(sets: [
            "frontends": ElementSet(
                key: [.ipv4Address, .inetProto, .inetService],
                value: .data([.classID]),
                elements: [key: element]
            )
        ])
    }

    /// A rule that makes clients known to a map.
    private static func learning(_ map: String, data: Register?) -> [Expression] {
        let source = Expression.payload(.network, offset: 12, length: 4, into: Register(0))
        return [
            source, .meta(.transportProtocol, into: Register(1)),
            .payload(.transport, offset: 2, length: 2, into: Register(2)),
            .writeElement(.update, set: map, key: Register(0), data: data),
        ]
    }

    /// A socket in a namespace with that table.
    private func prepared() throws -> NftablesSocket {
        var nftables = try NftablesSocket()
        try nftables.commit(Self.table().additions(as: .podnet))
        return nftables
    }

    @Test(
        "a change that the kernel refuses names its object and undoes the others",
        arguments: [
            Refusal(
                .appendRule(
                    .podnet,
                    chain: "new",
                    Rule([.lookup(set: "none", key: Register(0), into: nil)], comment: "a rule")
                ),
                .notFound,
                "add rule ip podnet new: a rule: No such file or directory"
            ),
            Refusal(
                .addElements(
                    .podnet,
                    set: "frontends",
                    [
                        KeyedElement(layout.frontend(layout.virtual, 81), Element(.data(RegisterBytes.host(1)))),
                        KeyedElement(key, Element(.data(RegisterBytes.host(1)), comment: "default/other:http")),
                    ]
                ),
                .exists,
                "add element ip podnet frontends { 0a600e14 06000000 00500000 \"default/other:http\" }: File exists"
            ),
            Refusal(
                .deleteElements(.podnet, set: "frontends", [key, layout.frontend(layout.virtual, 443)]),
                .notFound,
                "delete element ip podnet frontends { 0a600e14 06000000 01bb0000 }: No such file or directory"
            ),
            Refusal(
                .addElements(.podnet, set: "frontends", [KeyedElement([1, 2], Element(.data(RegisterBytes.host(1))))]),
                .invalid,
                "add element ip podnet frontends { 0102 }: Invalid argument"
            ),
            Refusal(.deleteSet(.podnet, "none"), .notFound, "delete set ip podnet none: No such file or directory"),
            Refusal(.deleteChain(.podnet, "none"), .notFound, "delete chain ip podnet none: No such file or directory"),
            Refusal(.flushChain(.podnet, "none"), .notFound, "flush chain ip podnet none: No such file or directory"),
            Refusal(
                .deleteTable(TableID(.inet, "none")),
                .notFound,
                "delete table inet none: No such file or directory"
            ),
            Refusal(
                .addSet(.podnet, "frontends", key: [.mark], value: nil, comment: nil),
                .exists,
                "add set ip podnet frontends: File exists"
            ),
            Refusal(
                .appendRule(.podnet, chain: "new", Rule(Self.learning("none", data: Register(1)), comment: "a rule")),
                .notFound,
                "add rule ip podnet new: a rule: No such file or directory"
            ),
            Refusal(
                .appendRule(.podnet, chain: "new", Rule(Self.learning("frontends", data: nil), comment: "a rule")),
                .invalid,
                "add rule ip podnet new: a rule: Invalid argument"
            ),
            Refusal(
                .addTable(TableID(.ip, "other"), flags: 1 << 30, comment: nil),
                .unsupported,
                "add table ip other: Operation not supported"
            ),
        ]
    )
    func refusal(_ refusal: Refusal) throws {
        var nftables = try prepared()
        let changes: [RulesetChange] = [
            .addChain(.podnet, "new", nil, comment: nil),
            refusal.change,
            .addChain(.podnet, "newer", nil, comment: nil),
        ]
        let error = #expect(throws: KernelError.self) { try nftables.commit(changes) }
        #expect(error?.reason == refusal.reason)
        #expect(error?.description.hasPrefix(refusal.text) == true, "\(String(describing: error))")
        #expect(try nftables.table(.podnet, elements: .all) == Self.table())
    }

    @Test("an element deep in a large batch is named")
    func deepElement() throws {
        var nftables = try prepared()
        var elements = (1...20_000).map { index in
            let key = Self.layout.frontend(.v4(0x0a70_0000 + UInt32(index)), 80)
            return KeyedElement(
                key,
                Element(.data(RegisterBytes.host(1)), comment: "default/\(index)", hasCounter: true)
            )
        }
        elements[17_654] = KeyedElement(Self.key, Element(.data(RegisterBytes.host(9)), comment: "the culprit"))
        let error = #expect(throws: KernelError.self) {
            try nftables.commit([.addElements(.podnet, set: "frontends", elements)])
        }
        #expect(error?.subject.contains("\"the culprit\"") == true, "\(String(describing: error))")
        #expect(try nftables.table(.podnet, elements: .all) == Self.table())
    }

    @Test(
        "what cannot be written is refused before the kernel is asked",
        arguments: [
            Refusal(
                .addTable(TableID(.ip, ""), flags: 0, comment: nil),
                .invalid,
                "add table ip : table name '' is not"
            ),
            Refusal(
                .addChain(.podnet, String(repeating: "c", count: 256), nil, comment: nil),
                .invalid,
                "add chain ip podnet cccc"
            ),
            Refusal(
                .addChain(.podnet, "c", nil, comment: String(repeating: "c", count: 128)),
                .invalid,
                "add chain ip podnet c: a comment of 128 bytes is longer than 127"
            ),
            Refusal(
                .appendRule(.podnet, chain: "c", Rule([.compare(Register(0), .equal, Array(repeating: 0, count: 65))])),
                .invalid,
                "add rule ip podnet c: value of 65 bytes is not 1 to 64"
            ),
            Refusal(
                .appendRule(.podnet, chain: "c", Rule([.unknown("log")])),
                .invalid,
                "add rule ip podnet c: no way to write unknown(\"log\")"
            ),
            Refusal(
                .addElements(.podnet, set: "frontends", [KeyedElement([], Element())]),
                .invalid,
                "add element ip podnet frontends: key of 0 bytes is not 1 to 64"
            ),
            Refusal(
                .addElements(
                    .podnet,
                    set: "frontends",
                    [KeyedElement(key, Element(comment: String(repeating: "c", count: 128)))]
                ),
                .invalid,
                "add element ip podnet frontends: a comment of 128 bytes is longer than 127"
            ),
        ]
    )
    func unwritable(_ refusal: Refusal) throws {
        var nftables = try prepared()
        let generation = try nftables.generation()
        let error = #expect(throws: KernelError.self) { try nftables.commit([refusal.change]) }
        #expect(error?.reason == .invalid)
        #expect(error?.description.hasPrefix(refusal.text) == true, "\(String(describing: error))")
        #expect(try nftables.generation() == generation)
    }

    @Test("a stale generation is refused, the current one is not")
    func generations() throws {
        var nftables = try prepared()
        let stale = try nftables.generation()
        _ = try output("nft add table inet foreign")
        let current = try nftables.generation()
        #expect(current != stale)
        let change = RulesetChange.addChain(.podnet, "new", nil, comment: nil)
        let error = #expect(throws: KernelError.self) { try nftables.commit([change], generation: stale) }
        #expect(error?.reason == .interrupted)
        #expect(try nftables.table(.podnet, elements: .all) == Self.table())
        try nftables.commit([change], generation: current)
        #expect(try nftables.table(.podnet, elements: nil)?.chains.keys.sorted() == ["new"])
    }

    @Test("adding what is there with the same properties changes nothing")
    func addAgain() throws {
        var nftables = try prepared()
        try nftables.commit(Self.table().additions(as: .podnet))
        #expect(try nftables.table(.podnet, elements: .all) == Self.table())
    }

    @Test("an element is replaced by deleting and adding it in one transaction")
    func replace() throws {
        var nftables = try prepared()
        let element = try #require(Self.table(5).sets["frontends"]?.elements[Self.key])
        try nftables.commit([
            .deleteElements(.podnet, set: "frontends", [Self.key]),
            .addElements(.podnet, set: "frontends", [KeyedElement(Self.key, element)]),
        ])
        #expect(try nftables.table(.podnet, elements: .all) == Self.table(5))
    }

    @Test("no changes, and changes of no element, change nothing: above all they do not empty a set")
    func nothing() throws {
        var nftables = try prepared()
        let generation = try nftables.generation()
        try nftables.commit([])
        try nftables.commit([
            .deleteElements(.podnet, set: "frontends", []), .addElements(.podnet, set: "frontends", []),
        ])
        #expect(try nftables.generation() == generation)
        #expect(try nftables.table(.podnet, elements: .all) == Self.table())
    }

    @Test("everything that can be added can be deleted")
    func deletions() throws {
        let layout = ServiceLayout.v4
        var nftables = try NftablesSocket()
        let table = layout.table
        try nftables.commit(table.additions(as: layout.id))
        try nftables.commit(
            table.chains.keys.map { .flushChain(layout.id, $0) }
                + table.sets.map { .deleteElements(layout.id, set: $0.key, Array($0.value.elements.keys)) }
                + table.sets.keys.map { .deleteSet(layout.id, $0) }
                + table.chains.keys.map { .deleteChain(layout.id, $0) }
        )
        #expect(try nftables.table(layout.id, elements: .all) == Table(comment: table.comment))
        try nftables.commit([.deleteTable(layout.id)])
        #expect(try nftables.table(layout.id, elements: .all) == nil)
    }

    @Test("a batch far larger than any default buffer is one transaction")
    func bigBatch() throws {
        var nftables = try NftablesSocket()
        var table = Self.table()
        for index in UInt32(0)..<60_000 {
            let key = Self.layout.frontend(.v4(0x0a80_0000 + index), 80)
            table.sets["frontends"]?.elements[key] =
                Element(.data(RegisterBytes.host(index)), comment: "namespace/service-\(index):http", hasCounter: true)
        }
        let before = try nftables.generation()
        try nftables.commit(table.additions(as: .podnet))
        #expect(try nftables.generation() == before + 1)
        #expect(try nftables.table(.podnet, elements: .all) == table)
    }
}

/// A change that is refused, and how.
struct Refusal: Sendable, CustomTestStringConvertible {
    let change: RulesetChange
    let reason: KernelError.Reason
    /// How the error begins.
    let text: String

    init(_ change: RulesetChange, _ reason: KernelError.Reason, _ text: String) {
        self.change = change
        self.reason = reason
        self.text = text
    }

    var testDescription: String { text }
}
