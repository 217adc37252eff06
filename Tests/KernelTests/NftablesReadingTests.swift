import Netlink
import NetworkModel
import Testing

/// Reading tables: as much as is asked for, and what others put there as what it is.
@Suite("nftables reading", .tags(.kernel), .kernelTests, .freshNetNS)
struct NftablesReadingTests {
    /// A set with four elements of two owners.
    private static let table = Table(sets: [
        "owned": ElementSet(
            key: [.mark],
            elements: [
                RegisterBytes.host(1): Element(comment: "net/a/eth0"),
                RegisterBytes.host(2): Element(comment: "net/a/eth1", hasCounter: true),
                RegisterBytes.host(3): Element(comment: "net/b/eth0"),
                RegisterBytes.host(4): Element(),
            ]
        ),
        "empty": ElementSet(key: [.mark]),
    ])

    @Test(
        "only elements in scope are read",
        arguments: [
            (nil, []),
            (.all, [1, 2, 3, 4]),
            (.comment("net/a/eth0"), [1]),
            (.comment("net/a"), []),
            (.commentPrefix("net/a/"), [1, 2]),
            (.commentPrefix("net/a/eth0 and more"), []),
            (.keys([2, 4, 5].map { Scope.ElementKey("owned", RegisterBytes.host($0)) }), [2, 4]),
            (.keys([Scope.ElementKey("missing", RegisterBytes.host(2))]), []),
            (.sets(["owned", "missing"]), [1, 2, 3, 4]),
            (.sets(["empty"]), []),
        ] as [(Scope.ElementScope?, [UInt32])]
    )
    func scope(_ scope: Scope.ElementScope?, _ numbers: [UInt32]) throws {
        var nftables = try NftablesSocket()
        try nftables.commit(Self.table.additions(as: .podnet))
        var expected = Self.table
        if let scope, !scope.includesChains { expected.chains = [:] }
        let keys = numbers.map(RegisterBytes.host)
        expected.sets["owned"]?.elements = Self.table.sets["owned"]?.elements.filter { keys.contains($0.key) } ?? [:]
        #expect(try nftables.table(.podnet, elements: scope) == expected)
    }

    @Test(
        "a set that the kernel is still spreading over more memory is read whole",
        arguments: [true, false],
        [Scope.ElementScope.all, .commentPrefix("7"), .comment("7")]
    )
    func growing(usesElementCounts: Bool, _ scope: Scope.ElementScope) throws {
        for _ in 0..<3 {
            var nftables = try NftablesSocket()
            nftables.usesElementCounts = usesElementCounts
            let elements = (0..<UInt32(30_000)).map { number in
                (RegisterBytes.host(number &* 2_654_435_761), Element(comment: "\(number)"))
            }
            var table = Table(sets: ["numbers": ElementSet(key: [.mark])])
            table.sets["numbers"]?.elements = Dictionary(uniqueKeysWithValues: elements)
            try nftables.commit(table.additions(as: .podnet))
            table.sets["numbers"]?.elements = Dictionary(
                uniqueKeysWithValues: elements.filter { scope.includes($0.1.comment ?? "") }
            )
            #expect(try nftables.table(.podnet, elements: scope) == table)
            try nftables.commit([.deleteTable(.podnet)])
        }
    }

    @Test("a table is not mixed with others of its name or family")
    func otherTables() throws {
        var nftables = try NftablesSocket()
        let one = Table(
            chains: ["same": Chain(rules: [Rule([.verdict(.accept)])])],
            sets: ["same": ElementSet(key: [.mark])]
        )
        let two = Table(
            chains: ["same": Chain(rules: [Rule([.verdict(.drop)])])],
            sets: ["same": ElementSet(key: [.classID])]
        )
        try nftables.commit(
            one.additions(as: TableID(.ip, "podnet")) + two.additions(as: TableID(.ip, "other"))
                + two.additions(as: TableID(.inet, "podnet"))
        )
        #expect(try nftables.table(TableID(.ip, "podnet"), elements: .all) == one)
        #expect(try nftables.table(TableID(.ip, "other"), elements: .all) == two)
        #expect(try nftables.table(TableID(.inet, "podnet"), elements: .all) == two)
        #expect(try nftables.table(TableID(.ip6, "podnet"), elements: .all) == nil)
    }

    @Test(
        "what others add reads as something that is not ours, and never as an error",
        arguments: [
            ("log prefix \"x\"", [.unknown("log")]),
            ("limit rate 1/second", [.unknown("limit")]),
            ("numgen inc mod 2 0", [.unknown("numgen"), .compare(Register(0), .equal, [0, 0, 0, 0])]),
            ("masquerade random", [.unknown("masq")]),
            ("snat to 10.0.0.1", [.immediate([10, 0, 0, 1], into: Register(0)), .unknown("nat")]),
            (
                "dnat to 10.0.0.1-10.0.0.9",
                [
                    .immediate([10, 0, 0, 1], into: Register(0)), .immediate([10, 0, 0, 9], into: Register(4)),
                    .unknown("nat"),
                ]
            ),
            ("reject with icmp type host-prohibited", [.unknown("reject")]),
            ("meta skuid 0", [.unknown("meta"), .compare(Register(0), .equal, [0, 0, 0, 0])]),
            (
                "meta l4proto tcp masquerade to :1024-2048",
                [
                    .meta(.transportProtocol, into: Register(0)), .compare(Register(0), .equal, [6]),
                    .immediate([4, 0], into: Register(0)), .immediate([8, 0], into: Register(4)), .unknown("masq"),
                ]
            ),
            ("continue", [.unknown("immediate")]),
        ] as [(String, [Expression])]
    )
    func foreignRule(_ statement: String, _ expressions: [Expression]) throws {
        var nftables = try NftablesSocket()
        try nftables.commit(Table(chains: ["c": Chain()]).additions(as: .podnet))
        #expect(try output("nft 'add rule ip podnet c \(statement)'") == "")
        #expect(try nftables.table(.podnet, elements: .all)?.chains["c"]?.rules == [Rule(expressions)])
    }

    @Test(
        "a set of a kind that we do not write has no key",
        arguments: [
            "type ipv4_addr; flags interval;", "type ipv4_addr; timeout 1h;", "type ipv4_addr; counter;",
            "type ipv4_addr; flags dynamic; size 9;", "typeof ct label;",
            "type ipv4_addr; flags dynamic,timeout; timeout 1500ms; size 9;",
            "type ipv4_addr; flags timeout; timeout 9s; size 9;",
        ]
    )
    func foreignSet(_ declaration: String) throws {
        var nftables = try NftablesSocket()
        try nftables.commit(Table().additions(as: .podnet))
        #expect(try output("nft 'add set ip podnet foreign { \(declaration) }'") == "")
        #expect(try nftables.table(.podnet, elements: .all)?.sets["foreign"]?.key == [])
    }

    @Test("a set that nft makes with types that we have is read as if it were ours")
    func knownSet() throws {
        var nftables = try NftablesSocket()
        try nftables.commit(Table().additions(as: .podnet))
        let command = "add map ip podnet m { type ipv4_addr . inet_service : mark; comment \"theirs\"; }"
        #expect(try output("nft '\(command)'") == "")
        let expected = ElementSet(key: [.ipv4Address, .inetService], value: .data([.mark]), comment: "theirs")
        #expect(try nftables.table(.podnet, elements: .all)?.sets["m"] == expected)
    }

    @Test(
        "a base chain of a kind that we do not write has no base and an unknown rule",
        arguments: [
            "type route hook output priority 0;", "type filter hook input priority 0; policy drop;",
        ]
    )
    func foreignChain(_ declaration: String) throws {
        var nftables = try NftablesSocket()
        try nftables.commit(Table().additions(as: .podnet))
        #expect(try output("nft 'add chain ip podnet foreign { \(declaration) }'") == "")
        let chain = try nftables.table(.podnet, elements: .all)?.chains["foreign"]
        #expect(chain?.base == nil)
        #expect(chain?.rules.count == 1)
    }

    @Test("an element that does more than count equals none of ours")
    func foreignElement() throws {
        var nftables = try NftablesSocket()
        try nftables.commit(Table().additions(as: .podnet))
        let set = "{ type mark; limit rate 1/second; elements = { 7 } ; }"
        #expect(try output("nft 'add set ip podnet limited \(set)'") == "")
        let elements = try nftables.table(.podnet, elements: .all)?.sets["limited"]?.elements
        #expect(elements?[RegisterBytes.host(7)] == Element(comment: "foreign: limit"))
    }

    @Test("an element counts the packets that matched it")
    func counters() throws {
        // Not 127.0.0.1, to which the kernel's answer "port unreachable" goes.
        let local: [UInt8] = [127, 0, 0, 2]
        let rule = Rule([
            .payload(.network, offset: 16, length: 4, into: Register(0)),
            .lookup(set: "counted", key: Register(0), into: nil),
        ])
        let table = Table(
            chains: ["output": Chain(base: .init(.filter, .output, priority: 0), rules: [rule])],
            sets: ["counted": ElementSet(key: [.ipv4Address], elements: [local: Element(hasCounter: true)])]
        )
        var nftables = try NftablesSocket()
        try nftables.commit(table.additions(as: .podnet))
        let send = "for i in 1 2 3; do echo x > /dev/udp/127.0.0.2/9; done"
        #expect(try output("ip link set lo up; bash -c '\(send)' 2>/dev/null") == "")
        let read = try nftables.table(.podnet, elements: .keys([Scope.ElementKey("counted", local)]))
        #expect(read?.sets["counted"]?.elements[local]?.packets == 3)
        #expect(read == table)
    }
}

extension Scope.ElementScope {
    /// Whether an element with this comment is in scope.
    fileprivate func includes(_ comment: String) -> Bool {
        switch self {
        case .all: true
        case .comment(let text): comment == text
        case .commentPrefix(let text): comment.hasPrefix(text)
        case .keys, .sets: false
        }
    }
}
