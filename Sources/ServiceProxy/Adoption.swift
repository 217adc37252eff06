import Addressing
import NetworkModel

/// What a table that an earlier run left in the kernel tells.
struct Adoption: Sendable {
    /// How many pick chains there are.
    let pickers: Int
    /// Frontends that are whole, held by nobody yet.
    private(set) var frontends: [Frontend: KernelMirror.FrontendState] = [:]
    /// Virtual addresses, used by nobody yet.
    private(set) var clusterIPs: [IPAddress: KernelMirror.ClusterIPState] = [:]
    /// Local endpoints.
    private(set) var hairpins: Set<IPAddress> = []
    /// Elements that no run of ours would leave: half a frontend, or one that someone else has written.
    private(set) var strays: [RulesetChange] = []

    /// Reads a table, or nil when its rules are not those that we would write now.
    init?(_ observed: Table, _ ruleset: ServiceRuleset, _ settings: ProxySettings) {
        let pickers = observed.sets[ServiceRuleset.SetName.pickers]?.elements.count ?? 0
        guard pickers == ServiceRuleset.pickers(forServicesOf: pickers) else { return nil }
        var rules = observed
        for name in ServiceRuleset.SetName.dynamic { rules.sets[name]?.elements = [:] }
        let skeleton = ruleset.skeleton(settings, pickers: pickers)
        guard RulesetDiff(from: .one(ruleset.table, rules), to: .one(ruleset.table, skeleton)).isEmpty else {
            return nil
        }
        self.pickers = pickers
        adoptFrontends(observed, ruleset.table)
        adoptAddresses(observed, ruleset.table)
    }

    private mutating func adoptFrontends(_ observed: Table, _ table: TableID) {
        var slots = Slots(observed.elements(ServiceRuleset.SetName.endpoints))
        var strayKeys: [[UInt8]] = []
        for (key, element) in observed.elements(ServiceRuleset.SetName.frontends) {
            let frontend = ElementBytes.frontend(from: key[...])
            let count = element.data.flatMap { RegisterBytes.number(host: $0) }
            if let frontend, let count, let endpoints = slots.takeEndpoints(of: frontend, count: Int(count)) {
                let comment = element.comment ?? ""
                frontends[frontend] = .init(holder: nil, comment: comment, endpoints: endpoints)
            } else {
                strayKeys.append(key)
            }
        }
        addStrays(strayKeys, ServiceRuleset.SetName.frontends, table)
        addStrays(slots.rest, ServiceRuleset.SetName.endpoints, table)
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

/// The elements of `endpoints` by frontend, until a frontend takes them.
private struct Slots {
    private struct Slot {
        let index: Int
        let endpoint: EndpointAddress
        let key: [UInt8]
    }

    private var byFrontend: [Frontend: [Slot]] = [:]
    private var unreadable: [[UInt8]] = []

    init(_ elements: [[UInt8]: Element]) {
        for (key, element) in elements {
            if let index = RegisterBytes.number(host: key.prefix(4)),
                let frontend = ElementBytes.frontend(from: key.dropFirst(4)),
                let endpoint = element.data.flatMap({ ElementBytes.endpoint(from: $0[...]) })
            {
                byFrontend[frontend, default: []].append(Slot(index: Int(index), endpoint: endpoint, key: key))
            } else {
                unreadable.append(key)
            }
        }
    }

    /// The endpoints by index, if they are `count` different ones at 0 to `count` − 1; takes them away then.
    mutating func takeEndpoints(of frontend: Frontend, count: Int) -> [EndpointAddress]? {
        let slots = (byFrontend[frontend] ?? []).sorted { $0.index < $1.index }
        let endpoints = slots.map(\.endpoint)
        guard count > 0, slots.map(\.index) == Array(0..<count), Set(endpoints).count == count else { return nil }
        byFrontend[frontend] = nil
        return endpoints
    }

    /// The keys that no frontend took.
    var rest: [[UInt8]] { unreadable + byFrontend.values.joined().map(\.key) }
}

extension Ruleset {
    /// One table alone.
    static func one(_ id: TableID, _ table: Table) -> Ruleset { Ruleset([id: table]) }
}
