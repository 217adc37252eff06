import Addressing
import NetworkModel
import TestKit

/// Random states that a kernel can be in, over few names, so that two of them have much in common.
struct RandomNetwork {
    private var generator: SeededGenerator
    private var state = NetworkState()

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// A state of two bridges, three pods and a table, each there or not.
    mutating func next() -> NetworkState {
        state = NetworkState()
        // One bridge always: a port cannot be asked to have none.
        addBridge("br0")
        if generator.once(in: 2) { addBridge("br1") }
        for pod in 0..<3 where !generator.once(in: 3) { addPair(pod) }
        state.sysctls[Sysctl(.host, "ipv4/ip_forward")] = pick(["0", "1"])
        state.sysctls[Sysctl(.container, "ipv4/conf/all/rp_filter")] = pick(["0", "1", "2"])
        state.ruleset = RandomRuleset(seed: generator.next()).ruleset
        return state
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &generator)]
    }

    private mutating func addBridge(_ name: String) {
        let id = host(name)
        var bridge = full(id, .bridge)
        bridge.bridge = Link.BridgeOptions(filtersVLANs: pick([true, false]), defaultVLAN: 1)
        state.insert(bridge)
        state.sysctls[Sysctl(.host, "ipv4/conf/\(name)/send_redirects")] = pick(["0", "1"])
        furnish(id, net: name == "br0" ? 1 : 2)
    }

    private mutating func addPair(_ number: Int) {
        let (outer, inner) = (host("veth\(number)"), pod("eth\(number)"))
        var port = full(outer, .veth(peer: inner))
        port.master = pick(state.links.values.filter { $0.kind == .bridge }.map(\.id.name).sorted())
        port.bridgePort = .init(
            hairpinMode: pick([true, false]),
            isolated: pick([true, false]),
            vlans: pick([
                PortVLANs(native: 1, untagged: [1]), PortVLANs(native: 100, untagged: [1, 100]),
                PortVLANs(native: 100, untagged: [100], tagged: [7, 200, 201]),
            ])
        )
        port.alias = "podnet/pod\(number)/eth\(number)"
        state.insert(port)
        var end = full(inner, .veth(peer: outer))
        end.alias = ""
        state.insert(end)
        furnish(inner, net: 10 + number)
        // No two routes to one place.
        state.routes = state.routes.filter { $0.link != outer }
    }

    /// Links are up: what is on a link that goes down is the kernel's to forget.
    private mutating func full(_ id: LinkID, _ kind: Link.Kind) -> Link {
        Link(
            id,
            kind: kind,
            mac: MACAddress(localFrom: UInt64(pick([1, 2, 3]))),
            mtu: pick([1400, 1500, 9000]),
            isUp: true,
            isPromiscuous: pick([true, false]),
            alias: pick(["", "an alias"])
        )
    }

    /// Addresses in different networks, routes and neighbours.
    private mutating func furnish(_ id: LinkID, net: Int) {
        for place in 0..<3 where generator.once(in: 2) {
            state.addresses.insert(LinkAddress(id, cidr("10.\(net).\(place).1/\(pick([24, 32]))")))
        }
        if generator.once(in: 2) { state.addresses.insert(LinkAddress(id, cidr("fd00:\(net)::1/\(pick([64, 128]))"))) }
        let hasV4 = state.addresses.contains { $0.link == id && $0.cidr.family == .v4 }
        let onLink = Route(id, to: cidr("192.0.\(net).0/24"), mtu: pick([nil, 1400]))
        let byGateway = Route(id, to: cidr("198.51.\(net).0/24"), gateway: ip("192.0.\(net).\(pick([1, 2]))"))
        if hasV4, generator.once(in: 2) {
            state.routes.insert(onLink)
            if generator.once(in: 2) { state.routes.insert(byGateway) }
        }
        if generator.once(in: 2) {
            state.neighbors.insert(Neighbor(id, ip("10.\(net).0.9"), MACAddress(localFrom: UInt64(pick([7, 8])))))
        }
    }
}

/// A random table of chains, sets and maps that refer to each other.
struct RandomRuleset {
    let ruleset: Ruleset

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var tables: [TableID: Table] = [:]
        for id in [TableID(.ip, "one"), TableID(.inet, "two")] where !generator.once(in: 4) {
            tables[id] = Self.table(&generator)
        }
        ruleset = Ruleset(tables)
    }

    private static func table(_ generator: inout SeededGenerator) -> Table {
        var table = Table(flags: generator.once(in: 4) ? 1 : 0)
        let callees = ["a", "b", "c"].filter { _ in !generator.once(in: 3) }
        for name in callees { table.chains[name] = Chain(rules: generator.once(in: 2) ? [Rule([.counter])] : []) }
        table.sets["pods"] = ElementSet(key: generator.once(in: 3) ? [.ipv4Address, .inetService] : [.ipv4Address])
        if !generator.once(in: 3) {
            table.sets["map"] = ElementSet(
                key: [.ipv4Address],
                value: .data([generator.once(in: 3) ? .classID : .mark])
            )
        }
        if !generator.once(in: 3) { table.sets["jumps"] = ElementSet(key: [.inetService], value: .verdict) }
        for (name, set) in table.sets.sorted(by: { $0.key < $1.key }) {
            table.sets[name]?.elements = elements(set, callees, &generator)
        }
        table.chains["base"] = Chain(
            base: .init(.filter, generator.once(in: 3) ? .input : .forward, priority: generator.once(in: 3) ? 1 : 0),
            rules: rules(table, callees, &generator)
        )
        return table
    }

    private static func elements(
        _ set: ElementSet,
        _ callees: [String],
        _ generator: inout SeededGenerator
    ) -> [[UInt8]: Element] {
        var elements: [[UInt8]: Element] = [:]
        for number in 0..<6 where generator.once(in: 2) {
            var key = [UInt8](repeating: 0, count: RegisterBytes.length(of: set.key))
            key[key.count - 1] = UInt8(number)
            let comment = generator.once(in: 3) ? "pod \(generator.once(in: 2))" : nil
            let value: Element.Value?
            switch set.value {
            case nil: value = nil
            case .data: value = .data(RegisterBytes.host(UInt32.random(in: 0..<3, using: &generator)))
            case .verdict: value = .verdict(callees.randomElement(using: &generator).map { .goto($0) } ?? .drop)
            }
            elements[key] = Element(value, comment: comment, hasCounter: generator.once(in: 4))
        }
        return elements
    }

    private static func rules(_ table: Table, _ callees: [String], _ generator: inout SeededGenerator) -> [Rule] {
        var rules: [Rule] = []
        let load = Expression.payload(.network, offset: 12, length: 16, into: Register(0))
        for name in ["pods", "map"] where table.sets[name] != nil && generator.once(in: 2) {
            rules.append(Rule([load, .lookup(set: name, key: Register(0), into: nil)], comment: "looks into \(name)"))
        }
        if table.sets["jumps"] != nil, !generator.once(in: 3) {
            rules.append(Rule([load, .verdictMap(map: "jumps", key: Register(0))]))
        }
        for name in callees where generator.once(in: 2) { rules.append(Rule([.verdict(.jump(name))])) }
        return rules.shuffled(using: &generator)
    }
}
