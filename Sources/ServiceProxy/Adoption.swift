import Addressing
import NetworkModel

/// What a table that an earlier run left in the kernel tells.
struct Adoption: Sendable {
    /// What the rules are made for.
    let shape: RulesetShape
    /// Frontends that are whole, held by nobody yet.
    private(set) var frontends: [Frontend: FrontendState] = [:]
    /// Virtual addresses, used by nobody yet.
    private(set) var clusterIPs: [IPAddress: KernelMirror.ClusterIPState] = [:]
    /// Local endpoints.
    private(set) var hairpins: Set<IPAddress> = []
    /// Elements that no run of ours would leave: half a frontend, or one that someone else has written.
    private(set) var strays: [RulesetChange] = []

    /// Reads a table, or nil when its rules are not those that we would write now.
    init?(_ observed: Table, _ ruleset: ServiceRuleset, _ settings: ProxySettings) {
        let codes = observed.elements(ServiceRuleset.SetName.pickers).keys.compactMap { key in
            RegisterBytes.number(host: key).flatMap(FrontendCode.init(number:))
        }
        let shape = RulesetShape(codes: codes, sets: observed.sets.keys)
        var rules = observed
        for name in observed.sets.keys where ServiceRuleset.SetName.isDynamic(name) { rules.sets[name]?.elements = [:] }
        // Rules for prefixes stand in the order in which they came to be needed, which does not matter.
        rules.chains["allowed-sources"]?.rules = shape.prefixLengths.sorted().map(ruleset.allowance)
        let skeleton = ruleset.skeleton(settings, shape)
        guard RulesetDiff(from: .one(ruleset.table, rules), to: .one(ruleset.table, skeleton)).isEmpty,
            Set(observed.chains["allowed-sources"]?.rules ?? []) == Set(shape.prefixLengths.map(ruleset.allowance))
        else { return nil }
        self.shape = shape
        adoptFrontends(observed, ruleset.table)
        adoptAddresses(observed, ruleset.table)
    }

    private mutating func adoptFrontends(_ observed: Table, _ table: TableID) {
        var found = FoundFrontends(observed)
        frontends = found.takeWhole()
        for (set, keys) in found.rest.sorted(by: { ServiceRuleset.SetName.precedes($0.key, $1.key) }) {
            addStrays(keys, set, table)
        }
    }

    private mutating func adoptAddresses(_ observed: Table, _ table: TableID) {
        for (key, element) in observed.elements(ServiceRuleset.SetName.clusterIPs) {
            guard let address = IPAddress(bytes: key) else { continue }
            clusterIPs[address] = .init(users: [], comment: element.comment ?? "")
        }
        var strayKeys: [[UInt8]] = []
        for key in observed.elements(ServiceRuleset.SetName.hairpin).keys {
            let (one, other) = (key.prefix(key.count / 2), key.suffix(key.count / 2))
            if one == other, let address = IPAddress(bytes: one) {
                hairpins.insert(address)
            } else {
                strayKeys.append(key)
            }
        }
        addStrays(strayKeys, ServiceRuleset.SetName.hairpin, table)
    }

    private mutating func addStrays(_ keys: [[UInt8]], _ set: String, _ table: TableID) {
        if !keys.isEmpty { strays.append(.deleteElements(table, set: set, keys)) }
    }
}

extension Ruleset {
    /// One table alone.
    static func one(_ id: TableID, _ table: Table) -> Ruleset { Ruleset([id: table]) }
}
