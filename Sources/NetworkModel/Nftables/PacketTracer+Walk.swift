import Addressing

/// Random numbers of a course, so that all courses can be gone one after the other.
struct Choices {
    private var drawn: [(value: UInt32, modulus: UInt32)] = []
    private var given: [UInt32]
    private var position = 0

    init(_ given: [UInt32] = []) { self.given = given }

    mutating func draw(_ modulus: UInt32) -> UInt32 {
        defer { position += 1 }
        if position < drawn.count { return drawn[position].value }
        let value = position < given.count ? given[position] % modulus : 0
        drawn.append((value, modulus))
        return value
    }

    /// Goes on to the next combination, counting the last number up first; false after the last combination.
    mutating func advance() -> Bool {
        position = 0
        while let last = drawn.popLast() {
            guard last.value + 1 < last.modulus else { continue }
            drawn.append((last.value + 1, last.modulus))
            return true
        }
        return false
    }
}

/// A packet on its way: what the rules have made of it so far.
struct PacketWalk {
    /// A base chain with its place in a hook.
    private struct Station {
        let id: TableID
        let table: Table
        let chain: String
        let kind: Chain.Base.Kind
        let order: (Int32, Int32, TableID, String)
    }

    private(set) var course: Course
    var context: RuleContext
    private let ruleset: Ruleset

    init(
        _ ruleset: Ruleset,
        _ packet: Packet,
        _ addressType: @escaping @Sendable (IPAddress) -> PacketTracer.AddressType
    ) {
        self.ruleset = ruleset
        context = RuleContext(packet, addressType)
        let (address, port) = (packet.destination, packet.destinationPort)
        course = Course(end: .init(.accepted, address, port, isTranslated: false, isMasqueraded: false))
    }

    var destination: IPAddress { context.packet.destination }

    /// Chooses the link out.
    mutating func route(by outputLink: (IPAddress) -> InterfaceName?) { context.outputLink = outputLink(destination) }

    /// As `route`; IPv4 forwarding also takes the priority from the header again (net/ipv4/ip_forward.c).
    mutating func forward(by outputLink: (IPAddress) -> InterfaceName?) {
        route(by: outputLink)
        if destination.family == .v4 { context.priority = 0 }
    }

    /// Goes through all chains of a hook; false when the packet ends there.
    mutating func pass(_ hook: Chain.Base.Hook, _ choices: inout Choices) throws(TraceError) -> Bool {
        var isTranslatedHere = false
        for station in stations(at: hook) {
            // The first translation of a hook settles it, and connections that are known have theirs already
            // (net/netfilter/nf_nat_core.c, nf_nat_inet_fn).
            if station.kind == .nat, isTranslatedHere || !context.packet.isNew { continue }
            var run = ChainRun(station.id, station.table, station.kind, hook, context)
            let verdict = try run.run(station.chain, &choices)
            context = run.context
            course.hops += run.hops
            course.writes += run.writes
            isTranslatedHere = isTranslatedHere || run.isTranslated
            note(verdict)
            if course.end.fate != .accepted { return false }
        }
        return true
    }

    private mutating func note(_ fate: Course.Fate) {
        course.end = Course.End(
            fate,
            context.packet.destination,
            context.packet.destinationPort,
            isTranslated: context.isDestinationTranslated,
            isMasqueraded: context.isMasqueraded
        )
    }

    private func stations(at hook: Chain.Base.Hook) -> [Station] {
        let family: TableID.Family = context.packet.destination.family == .v4 ? .ip : .ip6
        let tables = ruleset.tables.filter { $0.key.family == family || $0.key.family == .inet }
        return tables.flatMap { id, table in
            table.chains.compactMap { name, chain -> Station? in
                guard let base = chain.base, base.hook == hook, table.flags & 1 == 0 else { return nil }
                return Station(id: id, table: table, chain: name, kind: base.kind, order: order(base, id, name))
            }
        }.sorted { $0.order < $1.order }
    }

    /// NAT chains all run where the NAT core is hooked in, in the order of their own priorities.
    private func order(_ base: Chain.Base, _ id: TableID, _ name: String) -> (Int32, Int32, TableID, String) {
        guard base.kind == .nat else { return (base.priority, 0, id, name) }
        // NF_IP_PRI_NAT_DST and NF_IP_PRI_NAT_SRC (linux/netfilter_ipv4.h).
        let core: Int32 = base.hook == .prerouting || base.hook == .output ? -100 : 100
        return (core, base.priority, id, name)
    }
}

/// What expressions can read and change besides registers.
struct RuleContext {
    var packet: Packet
    /// The packet as it came: conntrack's original direction.
    let original: Packet
    var outputLink: InterfaceName?
    var priority: UInt32 = 0
    var mark: UInt32 = 0
    var isDestinationTranslated = false
    var isMasqueraded = false
    let addressType: @Sendable (IPAddress) -> PacketTracer.AddressType

    init(_ packet: Packet, _ addressType: @escaping @Sendable (IPAddress) -> PacketTracer.AddressType) {
        self.packet = packet
        original = packet
        self.addressType = addressType
    }
}
