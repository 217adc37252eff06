import Addressing
import NetworkModel

/// Session affinity: a client keeps its endpoint as long as it comes back in time and the endpoint is there.
///
///     map affinity-10800 { client . address . protocol . port : number }         written by rules, never by us
///     map identities { index . address . protocol . port : number }
///     map endpoints { number . address . protocol . port : address . port }
///
/// `stick-10800-<count>` goes where the client went before, or draws an index and remembers what it led to. The number
/// of an endpoint goes with it, so a client meets no other in its place, and finds none when it is gone.
extension ServiceRuleset {
    /// What there is once for a way of picking with affinity, besides the chains for each number of endpoints.
    func memory(
        of picker: Picker,
        _ affinity: Affinity,
        _ settings: ProxySettings
    ) -> (set: ElementSet, chains: [String: Chain]) {
        let known = Rule(loadClient + [loadNumber(into: numberSlot), write(.update, picker)])
        let new = Rule(loadClient + [loadNumber(into: numberSlot), write(.delete, picker), write(.add, picker)])
        return (
            affinityMap(affinity, settings),
            [
                picker.name("known"): Chain(
                    comment: "the client stays for another \(affinity.seconds) s, if its endpoint is there",
                    rules: [known, translate(picker)]
                ),
                picker.name("remember"): Chain(
                    comment: "the client is to come back to this endpoint",
                    rules: [new, translate(picker)]
                ),
            ]
        )
    }

    /// Goes where the client went before; else draws an index, and once more, then takes the first.
    ///
    /// `known` and `remember` come back only if the endpoint is gone, as `pickChain` may miss one.
    func stickChain(_ count: Int, _ picker: Picker) -> Chain {
        let recall = Rule(
            loadClient + [
                .lookup(set: picker.name(SetName.affinity), key: Register(0), into: Register(0)),
                .setMeta(.priority, from: Register(0)),
                .verdict(.jump(picker.name("known"))),
            ]
        )
        let draws = [draw(count, picker), draw(count, picker), draw(1, picker)]
        return Chain(rules: [recall] + draws + [Rule([.verdict(.drop)])])
    }

    private func draw(_ modulus: Int, _ picker: Picker) -> Rule {
        Rule(
            [.random(modulus: UInt32(modulus), into: Register(0))] + loadFrontend(from: 1) + [
                .lookup(set: picker.identities, key: Register(0), into: Register(0)),
                .setMeta(.priority, from: Register(0)),
                .verdict(.jump(picker.name("remember"))),
            ]
        )
    }

    /// To the endpoint whose number is in `meta priority`, which is reset.
    private func translate(_ picker: Picker) -> Rule {
        let spare = Register(12)
        return Rule(
            [loadNumber(into: 0)] + loadFrontend(from: 1) + [
                .lookup(set: picker.endpoints, key: Register(0), into: Register(0)),
                .immediate(RegisterBytes.host(0), into: spare), .setMeta(.priority, from: spare),
                .dnat(family, address: Register(0), port: Register(addressSlots)),
            ]
        )
    }

    /// In a rule of its own, which ends here when the map is full: then the client is translated, and not remembered.
    ///
    /// An update never changes what an element leads to (nft_dynset_eval), so one that leads elsewhere goes first.
    private func write(_ operation: Expression.ElementOperation, _ picker: Picker) -> Expression {
        let data = Register(numberSlot)
        return .writeElement(operation, set: picker.name(SetName.affinity), key: Register(0), data: data)
    }

    /// The key of a client: its address, then the frontend.
    private var loadClient: [Expression] { [loadSource(into: 0)] + loadFrontend(from: addressSlots) }

    /// Behind the client's key.
    private var numberSlot: UInt32 { 2 * addressSlots + 2 }

    private func loadNumber(into slot: UInt32) -> Expression { .meta(.priority, into: Register(slot)) }
}
