import Addressing
import NetworkModel
import Testing

@Suite("Rulesets in nft's words")
struct NftSyntaxTests {
    @Test("a service table")
    func table() {
        let text = NftSyntax.text(
            of: ServiceRules(endpoints: [80: [("10.11.23.2", 8080)], 443: []], largestPick: 2).ruleset
        )
        #expect(text == Self.golden)
    }

    @Test(
        "shapes without words are in brackets",
        arguments: [
            (
                [.payload(.network, offset: 4, length: 2, into: Register(0)), .compare(Register(0), .equal, [0, 1])],
                "payload network+4 2 0x0001"
            ),
            ([.random(modulus: 2, into: Register(0)), .verdict(.accept)], "accept [numgen random mod 2 → r8]"),
            ([.compare(Register(3), .notEqual, [1, 2])], "[r11] != 0x0102"),
            ([.unknown("quota")], "[quota]"),
            (
                [.immediate([1, 2, 3, 4], into: Register(0)), .immediate([5], into: Register(0)), .counter],
                "[0x01020304 → r8] counter [0x05 → r8]"
            ),
        ] as [([Expression], String)]
    )
    func brackets(_ expressions: [Expression], _ text: String) {
        #expect(NftSyntax.text(of: Rule(expressions), in: Table()) == text)
    }

    @Test(
        "shapes with words",
        arguments: [
            (
                [
                    .meta(.inputName, into: Register(0)),
                    .compare(Register(0), .equal, RegisterBytes.interfaceName(interfaceName("eth0"))),
                ], #"iifname "eth0""#
            ),
            (
                [
                    .payload(.network, offset: 12, length: 4, into: Register(0)),
                    .bitwise(Register(0), mask: [255, 255, 255, 0], xor: [0, 0, 0, 0], into: Register(0)),
                    .compare(Register(0), .notEqual, [10, 11, 23, 0]),
                ], "ip saddr != 10.11.23.0/24"
            ),
            (
                [
                    .payload(.network, offset: 12, length: 4, into: Register(0)),
                    .bitwise(Register(0), mask: [255, 0, 255, 0], xor: [0, 0, 0, 0], into: Register(0)),
                    .compare(Register(0), .equal, [10, 0, 23, 0]),
                ], "(ip saddr & 255.0.255.0) 10.0.23.0"
            ),
            (
                [
                    .conntrack(.state, nil, into: Register(0)),
                    .bitwise(Register(0), mask: RegisterBytes.host(12), xor: RegisterBytes.host(0), into: Register(0)),
                    .compare(Register(0), .notEqual, RegisterBytes.host(0)),
                ], "ct state related,new"
            ),
            (
                [
                    .fibAddressType(.destinationAddress, into: Register(0)),
                    .compare(Register(0), .equal, RegisterBytes.host(2)),
                ], "fib daddr type local"
            ),
            ([.meta(.netfilterProtocol, into: Register(0)), .compare(Register(0), .equal, [10])], "meta nfproto ipv6"),
            (
                [
                    .immediate([10, 11, 23, 2], into: Register(0)), .immediate([31, 144], into: Register(1)),
                    .dnat(.v4, address: Register(0), port: Register(1)),
                ], "dnat to 10.11.23.2:8080"
            ),
            (
                [.immediate([10, 11, 23, 2], into: Register(0)), .dnat(.v4, address: Register(0), port: nil)],
                "dnat to 10.11.23.2"
            ),
            (
                [.immediate(RegisterBytes.host(0x4000), into: Register(0)), .setMeta(.mark, from: Register(0))],
                "meta mark set 0x00004000"
            ),
            (
                [
                    .payload(.network, offset: 24, length: 16, into: Register(0)),
                    .compare(Register(0), .equal, ip("fd00::2").bytes),
                ],
                "ip6 daddr fd00::2"
            ),
        ] as [([Expression], String)]
    )
    func words(_ expressions: [Expression], _ text: String) {
        #expect(NftSyntax.text(of: Rule(expressions), in: Table()) == text)
    }

    @Test("a transaction, one command a line")
    func transaction() {
        let before = ServiceRules(endpoints: [80: [("10.11.23.2", 8080), ("10.11.23.3", 8080)]]).ruleset
        let after = ServiceRules(endpoints: [80: [("10.11.23.2", 8080)]]).ruleset
        let changes = RulesetDiff(from: before, to: after).changes
        #expect(
            NftSyntax.text(of: changes, to: before) == """
                delete element ip podnet endpoints { 0:1 . 10.96.14.20 . tcp . 80 }
                delete element ip podnet frontends { 10.96.14.20 . tcp . 80 }
                delete element ip podnet hairpins { 10.11.23.3 . 10.11.23.3 }
                add element ip podnet frontends { 10.96.14.20 . tcp . 80 counter comment "default/web:80" : 0:1 }

                """
        )
    }

    @Test("a transaction that makes everything")
    func creation() {
        let table = Table(
            flags: 6,
            comment: "podnet's",
            chains: [
                "base": Chain(base: .init(.filter, .input, priority: -5), comment: "first", rules: [Rule([.counter])]),
                "called": Chain(),
            ],
            sets: ["s": ElementSet(key: [.etherAddress], comment: "pods", elements: [[2, 0, 0, 0, 0, 1]: Element()])]
        )
        let ruleset = Ruleset([TableID(.inet, "t"): table])
        #expect(
            NftSyntax.text(of: RulesetDiff(from: Ruleset(), to: ruleset).changes, to: Ruleset()) == """
                add table inet t { flags owner,persist; comment "podnet's"; }
                add chain inet t base { type filter hook input priority -5; policy accept; comment "first"; }
                add chain inet t called
                add set inet t s { type ether_addr; comment "pods"; }
                add element inet t s { 02:00:00:00:00:01 }
                add rule inet t base counter

                """
        )
        #expect(
            NftSyntax.text(of: RulesetDiff(from: ruleset, to: Ruleset()).changes, to: ruleset)
                == "delete table inet t\n"
        )
    }

    static let golden = """
        table ip podnet {
            map endpoints {
                type classid . ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
                elements = {
                    none . 10.96.14.20 . tcp . 80 : 10.11.23.2 . 8080,
                }
            }
            map frontends {
                type ipv4_addr . inet_proto . inet_service : classid
                elements = {
                    10.96.14.20 . tcp . 80 counter comment "default/web:80" : 0:1,
                }
            }
            set hairpins {
                type ipv4_addr . ipv4_addr
                elements = {
                    10.11.23.2 . 10.11.23.2,
                }
            }
            set no-endpoints {
                type ipv4_addr . inet_proto . inet_service
                elements = {
                    10.96.14.20 . tcp . 443 comment "default/web:443",
                }
            }
            map pickers {
                type classid : verdict
                elements = {
                    0:1 : goto pick-1,
                    0:2 : goto pick-2,
                }
            }
            set vips {
                type ipv4_addr
                elements = {
                    10.96.14.20,
                    10.96.14.21,
                }
            }
            chain check {
                meta l4proto tcp ip daddr @vips reject with tcp reset
                ip daddr @vips reject
            }
            chain dispatch {
                meta priority vmap @pickers
            }
            chain filter-forward {
                type filter hook forward priority 0; policy accept;
                ct state new jump check
            }
            chain filter-output {
                type filter hook output priority 0; policy accept;
                ct state new jump check
            }
            chain nat-output {
                type nat hook output priority -100; policy accept;
                jump services
            }
            chain nat-postrouting {
                type nat hook postrouting priority 100; policy accept;
                ct status dnat ip saddr . ip daddr @hairpins masquerade fully-random comment "a pod that reaches itself"
                ct status dnat ct original ip daddr @vips ip saddr != 10.11.23.0/24 masquerade fully-random
            }
            chain nat-prerouting {
                type nat hook prerouting priority -100; policy accept;
                jump services
            }
            chain pick-1 {
                dnat ip addr . port to numgen random mod 1 . ip daddr . meta l4proto . th dport map @endpoints
                dnat ip addr . port to numgen random mod 1 . ip daddr . meta l4proto . th dport map @endpoints
                dnat ip addr . port to none . ip daddr . meta l4proto . th dport map @endpoints
                drop
            }
            chain pick-2 {
                dnat ip addr . port to numgen random mod 2 . ip daddr . meta l4proto . th dport map @endpoints
                dnat ip addr . port to numgen random mod 2 . ip daddr . meta l4proto . th dport map @endpoints
                dnat ip addr . port to none . ip daddr . meta l4proto . th dport map @endpoints
                drop
            }
            chain services {
                meta priority set ip daddr . meta l4proto . th dport map @frontends goto dispatch comment "ends in pick-N"
            }
        }

        """
}
