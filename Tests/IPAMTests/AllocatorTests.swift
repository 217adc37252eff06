import Addressing
import IPAM
import Testing

func rangeSet(_ texts: [String]) throws -> RangeSet {
    try RangeSet(
        texts.map { text in
            let words = text.split(separator: " ").map(String.init)
            let ends = words.count > 1 ? words[1].split(separator: "-").map(String.init) : []
            return try AddressRange(
                subnet: CIDR(parsing: words[0]),
                start: ends.isEmpty ? nil : IPAddress(parsing: ends[0]),
                end: ends.isEmpty ? nil : IPAddress(parsing: ends[1]),
                gateway: words.count > 2 ? IPAddress(parsing: words[2]) : nil
            )
        }
    )
}

@Suite("Candidates")
struct CandidatesTests {
    struct Turn: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let ranges: [String]
        let last: String?
        let expected: [String]

        init(_ testDescription: String, _ ranges: String..., after last: String? = nil, gives expected: String) {
            self.testDescription = testDescription
            self.ranges = ranges
            self.last = last
            self.expected = expected.split(separator: " ").map(String.init)
        }
    }

    @Test(
        "one turn through a set",
        arguments: [
            Turn(
                "gateway, network and broadcast address are left out",
                "10.0.0.0/29",
                gives: "10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6"
            ),
            Turn(
                "it starts after the last one and comes to it at the end",
                "10.0.0.0/29",
                after: "10.0.0.4",
                gives: "10.0.0.5 10.0.0.6 10.0.0.2 10.0.0.3 10.0.0.4"
            ),
            Turn(
                "after the end comes the beginning",
                "10.0.0.0/29",
                after: "10.0.0.6",
                gives: "10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6"
            ),
            Turn(
                "a last one that is no longer in the set does not count",
                "10.0.0.0/30",
                after: "10.9.9.9",
                gives: "10.0.0.2"
            ),
            Turn(
                "a gateway in the middle is left out",
                "10.0.0.0/29 10.0.0.1-10.0.0.4 10.0.0.3",
                gives: "10.0.0.1 10.0.0.2 10.0.0.4"
            ),
            Turn(
                "a gateway as the one that it would start with",
                "10.0.0.0/29 10.0.0.1-10.0.0.4 10.0.0.3",
                after: "10.0.0.2",
                gives: "10.0.0.4 10.0.0.1 10.0.0.2"
            ),
            Turn(
                "ranges come in their order",
                "10.0.0.0/30",
                "10.0.1.0/30 10.0.1.2-10.0.1.2",
                "10.0.2.0/30 10.0.2.2-10.0.2.2",
                after: "10.0.1.2",
                gives: "10.0.2.2 10.0.0.2 10.0.1.2"
            ),
            Turn(
                "the gateway of one range is none of another's addresses",
                "10.0.0.0/24 10.0.0.10-10.0.0.11 10.0.0.20",
                "10.0.0.0/24 10.0.0.20-10.0.0.21",
                gives: "10.0.0.10 10.0.0.11 10.0.0.21"
            ),
            Turn(
                "configured ends are used, whatever they are",
                "10.0.0.0/30 10.0.0.0-10.0.0.3 10.0.0.1",
                gives: "10.0.0.0 10.0.0.2 10.0.0.3"
            ),
            Turn("/31: both", "10.0.0.4/31", gives: "10.0.0.4 10.0.0.5"),
            Turn("/31 after its first", "10.0.0.4/31", after: "10.0.0.4", gives: "10.0.0.5 10.0.0.4"),
            Turn("/32: the one", "10.0.0.4/32", gives: "10.0.0.4"),
            Turn("/32 again", "10.0.0.4/32", after: "10.0.0.4", gives: "10.0.0.4"),
            Turn("a /32 that is its own gateway: none", "10.0.0.4/32 10.0.0.4-10.0.0.4 10.0.0.4", gives: ""),
            Turn("/128", "fd00::4/128", gives: "fd00::4"),
            Turn("several /32", "10.0.0.4/32", "10.0.7.9/32", after: "10.0.0.4", gives: "10.0.7.9 10.0.0.4"),
            Turn("IPv6 has no broadcast address", "fd00::/126", gives: "fd00::2 fd00::3"),
            Turn("the end of all addresses", "255.255.255.252/30", after: "255.255.255.254", gives: "255.255.255.254"),
            Turn("the very last address", "255.255.255.255/32", gives: "255.255.255.255"),
        ]
    )
    func turn(_ turn: Turn) throws {
        let candidates = Candidates(try rangeSet(turn.ranges), after: turn.last.flatMap { IPAddress($0) })
        #expect(Array(candidates.prefix(20)).map(\.description) == turn.expected)
    }

    @Test("a set of any size gives its first address at once")
    func lazy() throws {
        var candidates = Candidates(try rangeSet(["fd00::/8"]), after: nil)
        #expect(candidates.next()?.description == "fd00::2")
    }
}

@Suite("The allocator")
struct AllocatorTests {
    private func choose(
        _ sets: [[String]],
        requested: [String] = [],
        last: [Int: String] = [:],
        taken: Set<String> = []
    ) throws -> [String] {
        let allocator = try Allocator(
            sets: sets.map(rangeSet),
            requested: requested.map { try IPAddress(parsing: $0) }
        )
        return try allocator.choose(
            lastReserved: { last[$0].flatMap { IPAddress($0) } },
            isTaken: { address in taken.contains(address.description) }
        ).map(\.description)
    }

    private func error(_ body: () throws -> [String]) -> String? {
        do {
            Issue.record("chose \(try body())")
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("one address of each set, each after its own last one")
    func oneOfEachSet() throws {
        let chosen = try choose(
            [["10.0.0.0/29"], ["fd00::/64"]],
            last: [0: "10.0.0.4", 1: "fd00::9"],
            taken: ["10.0.0.5", "fd00::b"]
        )
        #expect(chosen == ["10.0.0.6", "fd00::a"])
    }

    @Test("a full set is named with its ranges")
    func exhausted() {
        let message = error { try choose([["10.0.0.0/30"]], taken: ["10.0.0.2"]) }
        #expect(
            message == "failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1-10.0.0.2"
        )
        let second = error {
            try choose(
                [["10.0.0.0/30"], ["fd00::/127", "fd01::/128"]],
                taken: ["fd00::", "fd00::1", "fd01::"]
            )
        }
        #expect(
            second
                == "failed to allocate for range 1: no IP addresses available in range set: "
                + "fd00::-fd00::1,fd01::-fd01::"
        )
    }

    @Test("requested addresses go to the sets that have them, the other sets choose")
    func requested() throws {
        let sets = [["10.0.0.0/29"], ["10.1.0.0/29"], ["fd00::/64"]]
        #expect(try choose(sets, requested: ["fd00::5", "10.1.0.3"]) == ["10.0.0.2", "10.1.0.3", "fd00::5"])
        #expect(try choose(sets, requested: ["10.0.0.6", "10.0.0.6"]) == ["10.0.0.6", "10.1.0.2", "fd00::2"])
    }

    @Test(
        "a request that cannot be met is an error",
        arguments: [
            (["10.0.0.1"], "failed to allocate for range 0: requested ip 10.0.0.1 is subnet's gateway"),
            (
                ["10.0.0.3"],
                "failed to allocate for range 0: requested IP address 10.0.0.3 is not available in range set "
                    + "10.0.0.1-10.0.0.6"
            ),
            (["10.0.0.7"], "failed to allocate all requested IPs: 10.0.0.7"),
            (["10.0.0.4", "10.0.0.5", "fd00::1"], "failed to allocate all requested IPs: 10.0.0.5 fd00::1"),
        ]
    )
    func badRequests(_ requested: [String], message: String) {
        #expect(error { try choose([["10.0.0.0/29"]], requested: requested, taken: ["10.0.0.3"]) } == message)
    }
}
