import Addressing
import FakeKernel
import NetworkModel
import PodWiring
import Testing

struct SHA512Tests {
    @Test(
        "FIPS 180-4's examples, and lengths around a block",
        arguments: [
            ("", "cf83e1357eefb8bd"), ("abc", "ddaf35a193617aba"),
            (String(repeating: "a", count: 111), "fa9121c7b32b9e01"),
            (String(repeating: "a", count: 112), "c01d080efd492776"),
            (String(repeating: "a", count: 128), "b73d1929aa615934"),
            (String(repeating: "a", count: 1000), "67ba5535a46e3f86"),
        ]
    )
    func digests(_ text: String, _ beginning: String) {
        let digest = SHA512.hexadecimal(text)
        #expect(digest.hasPrefix(beginning))
        #expect(digest.count == 128)
    }
}

/// What the reference plugins left, on a kernel in memory.
struct ReferenceArtefactsTests {
    private static func attachment(_ container: String, _ ifName: String = "eth0") throws -> Addressing.Attachment {
        Addressing.Attachment(
            network: try NetworkName("net"),
            containerID: try ContainerID(container),
            ifName: try InterfaceName(ifName)
        )
    }

    private static func removal(_ attachment: Addressing.Attachment, in kernel: inout FakeKernel) throws {
        for changes in try ReferenceArtefacts(attachment).removals(in: &kernel) {
            try kernel.apply(.changeRuleset(changes, undo: []))
        }
    }

    @Test("only the attachment's rules and chains go, and tables stay")
    func removes() throws {
        let (mine, other) = (try Self.attachment("c1"), try Self.attachment("c2"))
        var kernel = FakeKernel()
        for attachment in [mine, other, try Self.attachment("c1", "eth1")] {
            kernel.state.ruleset.addArtefacts(of: attachment)
        }
        try Self.removal(mine, in: &kernel)
        var expected = FakeKernel()
        for attachment in [other, try Self.attachment("c1", "eth1")] {
            expected.state.ruleset.addArtefacts(of: attachment)
        }
        // iptables' chain is the container's, whatever the interface.
        let chain = ReferenceArtefacts(mine).iptablesChain
        for table in [TableID(.ip, "nat"), TableID(.ip6, "nat")] {
            expected.state.ruleset.tables[table]?.chains[chain] = nil
            expected.state.ruleset.tables[table]?.chains["POSTROUTING"]?.rules.removeAll { rule in
                rule.expressions.contains(.verdict(.jump(chain)))
            }
        }
        #expect(kernel.state.ruleset == expected.state.ruleset)
        try Self.removal(mine, in: &kernel)
        #expect(kernel.state.ruleset == expected.state.ruleset)
    }

    @Test("published ports go by container and address, those of others stay")
    func ports() throws {
        var kernel = FakeKernel()
        let table = TableID(.ip, "cni_hostport")
        let (own, elsewhere) = (try #require(IPAddress("10.1.0.2")), try #require(IPAddress("10.9.0.2")))
        func rule(_ address: IPAddress, _ container: String) -> Rule {
            Rule([.immediate(address.bytes, into: Register(0)), .unknown("nat")], comment: container)
        }
        let rules = [rule(own, "c1"), rule(elsewhere, "c1"), rule(own, "c2"), rule(own, "c1")]
        kernel.state.ruleset.tables[table] = Table(chains: ["hostports": Chain(rules: rules)])
        let artefacts = ReferenceArtefacts(try Self.attachment("c1"))
        for changes in try artefacts.portRemovals(of: [own], in: &kernel) {
            try kernel.apply(.changeRuleset(changes, undo: []))
        }
        #expect(kernel.state.ruleset.tables[table]?.chains["hostports"]?.rules == [rules[1], rules[2]])
        for changes in try artefacts.portRemovals(of: [], in: &kernel) {
            try kernel.apply(.changeRuleset(changes, undo: []))
        }
        #expect(kernel.state.ruleset.tables[table]?.chains["hostports"]?.rules == [rules[2]])
    }

    @Test("rules that let an address pass go, others' and those that drop stay")
    func policies() throws {
        var kernel = FakeKernel()
        let table = TableID(.ip, "filter")
        let (own, other) = (try #require(IPAddress("10.1.0.2")), try #require(IPAddress("10.1.0.3")))
        func rule(_ address: IPAddress, _ verdict: Verdict) -> Rule {
            Rule([.compare(Register(0), .equal, address.bytes), .verdict(verdict)])
        }
        let rules = [rule(own, .accept), rule(other, .accept), rule(own, .drop), rule(own, .accept)]
        kernel.state.ruleset.tables[table] = Table(chains: ["CNI-FORWARD": Chain(rules: rules)])
        #expect(try ReferenceArtefacts.policyRemovals(of: [], in: &kernel).isEmpty)
        for changes in try ReferenceArtefacts.policyRemovals(of: [own], in: &kernel) {
            try kernel.apply(.changeRuleset(changes, undo: []))
        }
        #expect(kernel.state.ruleset.tables[table]?.chains["CNI-FORWARD"]?.rules == [rules[1], rules[2]])
    }

    @Test("nothing is changed where there is nothing of theirs")
    func nothing() throws {
        var kernel = FakeKernel()
        #expect(try ReferenceArtefacts(try Self.attachment("c1")).removals(in: &kernel).isEmpty)
    }
}

extension Ruleset {
    fileprivate mutating func addArtefacts(of attachment: Addressing.Attachment) {
        let names = ReferenceArtefacts(attachment)
        let masquerade = TableID(.inet, "cni_plugins_masquerade")
        tables[masquerade, default: Table()].chains["masq_checks", default: Chain()].rules.append(
            Rule([.masquerade(fullyRandom: false)], comment: "\(names.masqueradeComment), net: net")
        )
        for table in [TableID(.ip, "nat"), TableID(.ip6, "nat")] {
            call(names.iptablesChain, from: "POSTROUTING", table, [.unknown("target")])
        }
        let spoofing = TableID(.bridge, "nat")
        call(names.spoofChain, from: "PREROUTING", spoofing, [.verdict(.jump(names.spoofChain + "-mac"))])
        tables[spoofing]?.chains[names.spoofChain + "-mac"] = Chain(rules: [Rule([.verdict(.drop)])])
    }

    private mutating func call(_ chain: String, from base: String, _ table: TableID, _ rule: [Expression]) {
        tables[table, default: Table()].chains[base, default: Chain()].rules.append(Rule([.verdict(.jump(chain))]))
        tables[table]?.chains[chain] = Chain(rules: [Rule(rule)])
    }
}
