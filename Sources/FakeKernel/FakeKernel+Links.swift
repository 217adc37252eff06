import Addressing
import NetworkModel

extension FakeKernel {
    mutating func perform(_ step: Step) throws(KernelError) {
        switch step {
        case .createBridge(let link): try create(link, as: .bridge)
        case .createVethPair(let link, let peer): try createVethPair(link, peer)
        case .createMacvlan(let link): try createMacvlan(link)
        case .createIFB(let link): try create(link, as: .ifb)
        case .moveLink(let link, let target): try move(link.id, to: target)
        case .deleteLink(let link): try delete(link.id)
        case .changeLink(let old, let new): try change(old, to: new)
        case .addAddress(let address): try add(address)
        case .removeAddress(let address): try remove(address)
        case .addRoute(let route): try add(route)
        case .removeRoute(let route): try remove(route)
        case .addRule(let rule): try add(rule)
        case .removeRule(let rule): try remove(rule)
        case .addNeighbor(let neighbor): try add(neighbor)
        case .removeNeighbor(let neighbor): try remove(neighbor)
        case .addShaping(let shaping): try add(shaping)
        case .removeShaping(let shaping): try remove(shaping)
        case .setSysctl(let sysctl, _, let value):
            guard state.sysctls[sysctl] != nil else { throw .noEntry("write", sysctl) }
            guard !value.isEmpty else { throw .invalid("write", sysctl) }
            state.sysctls[sysctl] = value
        case .changeRuleset(let changes, _): try carryOut(changes)
        case .forgetFlows(let filter): flows = flows.filter { !$0.matches(filter, isOfNode: isOfNode) }
        case .awaitCarrier(let link): try awaitCarrier(link.id)
        case .awaitAddress(let address):
            guard state.addresses.contains(address) else { throw .noAddress("wait for", address) }
        }
    }

    /// The first end may be a bridge's port at once.
    private mutating func createVethPair(_ link: Link, _ peer: Link) throws(KernelError) {
        guard state.links[peer.id] == nil, peer.id != link.id else { throw .exists("create link", peer.id) }
        var port = link
        if link.master != nil { try enslave(&port, to: link.master) }
        try create(link, as: .veth(peer: peer.id))
        try create(peer, as: .veth(peer: link.id))
        state.links[link.id]?.master = port.master
        state.links[link.id]?.bridgePort = port.bridgePort
    }

    private mutating func createMacvlan(_ link: Link) throws(KernelError) {
        guard case .macvlan(var macvlan) = link.kind, let parent = macvlan.parent, let lower = state.links[parent]
        else { throw .noDevice("create link", link.id) }
        if let mtu = link.mtu, mtu > lower.mtu ?? 1500 { throw .invalid("create link", link.id) }
        macvlan.broadcastQueue = nil
        try create(link, as: .macvlan(macvlan))
        state.links[link.id]?.mtu = link.mtu ?? lower.mtu
        if link.mac == nil, macvlan.mode == .passthru { state.links[link.id]?.mac = lower.mac }
    }

    /// A link that changes its namespace goes down and loses all that is on it (net/core/dev.c,
    /// __dev_change_net_namespace); its alias stays.
    private mutating func move(_ id: LinkID, to target: LinkID) throws(KernelError) {
        guard var link = state.links[id] else { throw .noDevice("move link", id) }
        guard id != target else { return }
        guard state.links[target] == nil else { throw .exists("move link", target) }
        if case .loopback = link.kind { throw .invalid("move link", id) }
        forget(id)
        link.id = target
        link.isUp = false
        link.master = nil
        link.bridgePort = nil
        state.links[target] = link
        addSysctls(of: target)
    }

    /// A new link is down, has an address and an MTU, and nothing else.
    private mutating func create(_ link: Link, as kind: Link.Kind) throws(KernelError) {
        guard state.links[link.id] == nil else { throw .exists("create link", link.id) }
        try checkProperties(of: link, "create link")
        let index = (state.links.values.compactMap(\.index).max() ?? 1) + 1
        state.links[link.id] = Link(
            link.id,
            kind: kind,
            mac: link.mac ?? MACAddress(localFrom: NameHash.of("\(link.id)")),
            mtu: link.mtu ?? 1500,
            isUp: false,
            isPromiscuous: false,
            alias: "",
            bridge: kind == .bridge ? Link.BridgeOptions(filtersVLANs: false, defaultVLAN: 1) : nil,
            index: index
        )
        addSysctls(of: link.id)
    }

    private func checkProperties(of link: Link, _ operation: String) throws(KernelError) {
        if let mac = link.mac, mac.isMulticast { throw .noAddress(operation, link.id) }
        // ETH_MIN_MTU and ETH_MAX_MTU (linux/if_ether.h).
        if let mtu = link.mtu, !(68...65535).contains(mtu) { throw .invalid(operation, link.id) }
        // IFALIASZ (linux/if.h), the NUL included.
        if let alias = link.alias, alias.utf8.count >= 256 { throw .invalid(operation, link.id) }
    }

    private mutating func delete(_ id: LinkID) throws(KernelError) {
        guard let link = state.links[id] else { throw .noDevice("delete link", id) }
        switch link.kind {
        case .loopback, .other(""): throw .unsupported("delete link", id)
        case .veth(let peer?): forget(peer)
        case .veth(nil), .other, .macvlan, .ifb: break
        case .bridge:
            for port in state.links.values where port.id.place == id.place && port.master == id.name {
                state.links[port.id]?.master = nil
                state.links[port.id]?.bridgePort = nil
            }
        }
        forget(id)
    }

    /// The link and all that is on it.
    private mutating func forget(_ id: LinkID) {
        state.links[id] = nil
        state.addresses = state.addresses.filter { $0.link != id }
        state.routes = state.routes.filter { $0.link != id }
        state.neighbors = state.neighbors.filter { $0.link != id }
        state.shaping = Set(state.shaping.filter { $0.link != id }.map { $0.leads(to: id) ? $0.leadingNowhere : $0 })
        state.sysctls = state.sysctls.filter { $0.key.link != id }
    }

    private mutating func change(_ old: Link, to new: Link) throws(KernelError) {
        guard var link = state.links[new.id] else { throw .noDevice("change link", new.id) }
        try checkProperties(of: new, "change link")
        if let mac = new.mac, old.mac != mac, link.mac != mac {
            link.mac = mac
            // With its address a link loses its neighbours (net/core/neighbour.c, neigh_changeaddr).
            state.neighbors = state.neighbors.filter { $0.link != link.id }
        }
        if old.mtu != new.mtu { link.mtu = new.mtu ?? link.mtu }
        if old.alias != new.alias { link.alias = new.alias ?? link.alias }
        if old.isPromiscuous != new.isPromiscuous { link.isPromiscuous = new.isPromiscuous ?? link.isPromiscuous }
        if old.isAllMulticast != new.isAllMulticast { link.isAllMulticast = new.isAllMulticast ?? link.isAllMulticast }
        if old.transmitQueueLength != new.transmitQueueLength {
            link.transmitQueueLength = new.transmitQueueLength ?? link.transmitQueueLength
        }
        if old.master != new.master { try enslave(&link, to: new.master) }
        if old.bridgePort != new.bridgePort { try setOptions(&link, new.bridgePort) }
        if let filters = new.bridge?.filtersVLANs, filters != old.bridge?.filtersVLANs {
            guard link.kind == .bridge else { throw .unsupported("change link", link.id) }
            link.bridge?.filtersVLANs = filters
        }
        if old.isUp != new.isUp { link.isUp = new.isUp ?? link.isUp }
        if link.isUp == false, state.links[link.id]?.isUp == true { flush(link.id) }
        state.links[link.id] = link
    }

    private func enslave(_ link: inout Link, to master: InterfaceName?) throws(KernelError) {
        guard let master else {
            link.master = nil
            link.bridgePort = nil
            return
        }
        guard let bridge = state.links[LinkID(link.id.place, master)] else { throw .noDevice("change link", link.id) }
        guard bridge.kind == .bridge, link.kind != .bridge, link.kind != .loopback else {
            throw .unsupported("change link", link.id)
        }
        link.master = master
        let vlans = bridge.bridge?.defaultVLAN.map { $0 == 0 ? PortVLANs() : PortVLANs(native: $0, untagged: [$0]) }
        link.bridgePort = Link.BridgePort(hairpinMode: false, isolated: false, vlans: vlans)
    }

    private func setOptions(_ link: inout Link, _ options: Link.BridgePort?) throws(KernelError) {
        guard let options else { return }
        guard link.master != nil else { throw .unsupported("change link", link.id) }
        link.bridgePort = Link.BridgePort(
            hairpinMode: options.hairpinMode ?? link.bridgePort?.hairpinMode,
            isolated: options.isolated ?? link.bridgePort?.isolated,
            vlans: options.vlans ?? link.bridgePort?.vlans
        )
    }

    /// What a link loses when it goes down: its routes and neighbours, and its IPv6 addresses.
    private mutating func flush(_ id: LinkID) {
        state.routes = state.routes.filter { $0.link != id }
        state.neighbors = state.neighbors.filter { $0.link != id }
        state.addresses = state.addresses.filter { $0.link != id || $0.cidr.family == .v4 }
    }

    private func awaitCarrier(_ id: LinkID) throws(KernelError) {
        guard let link = state.links[id] else { throw .noDevice("wait for", id) }
        var isPeerUp = true
        if case .veth(let peer?) = link.kind { isPeerUp = state.links[peer]?.isUp == true }
        guard link.isUp == true, isPeerUp else {
            throw KernelError("wait for", "\(id)", reason: .other, text: "no carrier in time")
        }
    }
}

extension Link {
    static func loopback(_ place: Place) -> Link {
        Link(
            .loopback(place),
            kind: .loopback,
            mac: MACAddress(bits: 0),
            mtu: 65536,
            isUp: false,
            isPromiscuous: false,
            alias: "",
            index: 1
        )
    }
}

extension LinkID {
    static func loopback(_ place: Place) -> LinkID {
        guard let name = try? InterfaceName("lo") else { preconditionFailure("lo is an interface name") }
        return LinkID(place, name)
    }
}

extension Step {
    /// The namespace that the step needs; nil for one that needs none but the host's.
    var place: Place? {
        switch self {
        case .createBridge(let link), .createMacvlan(let link), .createIFB(let link), .deleteLink(let link):
            link.id.place
        case .moveLink(let link, let target): max(link.id.place, target.place)
        case .createVethPair(let link, let peer): max(link.id.place, peer.id.place)
        case .changeLink(_, let link): link.id.place
        case .addAddress(let address), .removeAddress(let address): address.link.place
        case .addRoute(let route), .removeRoute(let route): route.link.place
        case .addRule(let rule), .removeRule(let rule): rule.place
        case .addNeighbor(let neighbor), .removeNeighbor(let neighbor): neighbor.link.place
        case .addShaping(let shaping), .removeShaping(let shaping): shaping.link.place
        case .setSysctl(let sysctl, _, _): sysctl.place
        case .changeRuleset, .forgetFlows: nil
        case .awaitCarrier(let link): link.id.place
        case .awaitAddress(let address): address.link.place
        }
    }
}
