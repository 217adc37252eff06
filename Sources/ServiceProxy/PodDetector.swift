import Addressing
import NetworkModel

/// Tells pods' packets from others', by where they come from.
struct PodDetector {
    /// Each is one way to be a pod's.
    let conditions: [[Expression]]

    init(_ settings: ProxySettings, _ family: IPAddress.Family) {
        let ruleset = ServiceRuleset(family)
        switch settings.podLinks {
        case .bridge(let link):
            conditions = [Self.arrives(by: RegisterBytes.interfaceName(link))]
        case .prefix(let text):
            conditions = [Self.arrives(by: Array(text.utf8))]
        case nil:
            let ranges = settings.podCIDRs.filter { $0.family == family }.map(\.network)
            conditions = Set(ranges).sorted().map { [ruleset.loadSource(into: 0)] + ruleset.isInside($0) }
        }
    }

    /// Nothing is known of pods, so nothing can be said to come from outside.
    var isBlind: Bool { conditions.isEmpty }

    /// Rules that end a chain for pods.
    func escapes(by verdict: Verdict) -> [Rule] { conditions.map { Rule($0 + [.verdict(verdict)]) } }

    /// A comparison of fewer than 16 bytes compares the beginning, which is how nft writes `iifname "veth*"`.
    private static func arrives(by name: [UInt8]) -> [Expression] {
        [.meta(.inputName, into: Register(0)), .compare(Register(0), .equal, name)]
    }
}
