import Addressing
import NetworkModel
import PodWiring

/// One of the plugin's sets.
struct FirewallSet: Hashable {
    enum Use: String, Hashable, CaseIterable {
        /// Bridge and address of pods that not everybody may send to.
        case protected
        /// From which bridge, to which one, to which pod: those may all the same.
        case friends
    }

    let use: Use
    let family: IPAddress.Family

    init(_ use: Use, _ family: IPAddress.Family) {
        self.use = use
        self.family = family
    }

    /// `firewall-protected-ip`
    var name: String { "firewall-\(use.rawValue)-\(family.nftablesName)" }

    /// Whether a set of this name is one of the plugin's.
    static func isOwn(_ name: String) -> Bool { all.contains { $0.name == name } }

    static var all: [FirewallSet] {
        IPAddress.Family.allCases.sorted().flatMap { family in Use.allCases.map { FirewallSet($0, family) } }
    }

    /// The set without elements.
    var elements: ElementSet {
        switch use {
        case .protected:
            ElementSet(key: [.interfaceName, family.elementType], comment: "pods that not every pod may send to")
        case .friends:
            ElementSet(
                key: [.interfaceName, .interfaceName, family.elementType],
                comment: "from where pods may send to them all the same"
            )
        }
    }
}

/// The part of table `inet podnet-cni` that policies need: one rule per bridge that has one, sets with one element per
/// pod.
///
/// As in the reference, only what comes from a bridge with a policy is asked about, and never dropped unless it goes to a
/// pod with a policy: what comes from outside, and from the node, is not these policies' business.
enum FirewallRuleset {
    static let forward = "firewall-forward"
    static let decide = "firewall-decide"

    static func structure(with names: Set<String>, from bridge: InterfaceName, given observed: Table?) -> Table {
        var table = observed ?? PodTable.empty
        for set in FirewallSet.all where names.contains(set.name) && table.sets[set.name] == nil {
            table.sets[set.name] = set.elements
        }
        let present = FirewallSet.all.filter { table.sets[$0.name] != nil }
        table.chains[decide] = Chain(
            comment: "what pods send to pods",
            rules: [answers] + present.friendsFirst.map(rule)
        )
        var chain =
            table.chains[forward]
            ?? Chain(base: .init(.filter, .forward, priority: 0), comment: "policies of pods towards other pods")
        let jump = jump(from: bridge)
        if !chain.rules.contains(jump) { chain.rules.append(jump) }
        table.chains[forward] = chain
        return table
    }

    private static func jump(from bridge: InterfaceName) -> Rule {
        let register = Register(0)
        return Rule(
            [
                .meta(.inputName, into: register), .compare(register, .equal, RegisterBytes.interfaceName(bridge)),
                .verdict(.jump(decide)),
            ],
            comment: "from pods of \(bridge)"
        )
    }

    /// Who may not begin may answer. `ct state established,related return`
    private static var answers: Rule {
        let register = Register(0)
        return Rule(
            [
                .conntrack(.state, nil, into: register),
                .bitwise(register, mask: RegisterBytes.host(6), xor: RegisterBytes.host(0), into: register),
                .compare(register, .notEqual, RegisterBytes.host(0)), .verdict(.return),
            ],
            comment: "who may not begin may answer"
        )
    }

    private static func rule(_ set: FirewallSet) -> Rule {
        let register = Register(0)
        let family: [Expression] = [
            .meta(.netfilterProtocol, into: register),
            .compare(register, .equal, [set.family == .v4 ? 2 : 10]),
        ]
        let lookup = Expression.lookup(set: set.name, key: register, into: nil)
        switch set.use {
        case .friends:
            return Rule(
                family + [
                    .meta(.inputName, into: register), .meta(.outputName, into: Register(4)),
                    .destination(set.family, into: Register(8)), lookup, .verdict(.return),
                ],
                comment: "within one bridge"
            )
        case .protected:
            return Rule(
                family + [
                    .meta(.outputName, into: register), .destination(set.family, into: Register(4)), lookup, .counter,
                    .verdict(.drop),
                ],
                comment: "to a pod that does not take it"
            )
        }
    }
}

extension [FirewallSet] {
    /// Exceptions before what they are exceptions of.
    fileprivate var friendsFirst: [FirewallSet] {
        filter { $0.use == .friends } + filter { $0.use == .protected }
    }
}
