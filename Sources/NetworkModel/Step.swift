/// One change of the kernel's state: one request, or one transaction.
package enum Step: Hashable, Sendable {
    /// Makes a bridge.
    case createBridge(Link)
    /// Makes a pair, the second link already in its own namespace.
    case createVethPair(Link, peer: Link)
    /// Makes a macvlan, directly in its own namespace.
    case createMacvlan(Link)
    /// Gives a link another name, another namespace, or both; it is down afterwards, and without addresses.
    case moveLink(Link, to: LinkID)
    /// Deletes a link; a veth's peer goes with it.
    case deleteLink(Link)
    /// Sets those properties of a link that differ; the link's `id` and `kind` are the same in both.
    case changeLink(from: Link, to: Link)
    case addAddress(LinkAddress)
    /// Waits until the kernel has found nobody else with an address; an address that somebody else has is an error.
    case awaitAddress(LinkAddress)
    case removeAddress(LinkAddress)
    case addRoute(Route)
    case removeRoute(Route)
    case addRule(RoutingRule)
    case removeRule(RoutingRule)
    case addNeighbor(Neighbor)
    case removeNeighbor(Neighbor)
    /// Makes an intermediate device.
    case createIFB(Link)
    case addShaping(Shaping)
    case removeShaping(Shaping)
    /// Replaces a value; `from` is what was read before, nil when it was not there: a link's own come with the link.
    case setSysctl(Sysctl, from: String?, to: String)
    /// One transaction, and the one that takes it back.
    case changeRuleset([RulesetChange], undo: [RulesetChange])
    /// Has connection tracking forget flows, so that their next packets are translated anew.
    case forgetFlows(FlowFilter)
    /// Waits until the kernel calls a link operational, and with it the peer and the bridge that it names: a bridge
    /// forwards nothing to a port before.
    case awaitCarrier(Link)
}

extension Step {
    /// The step that takes this one back, or nil when there is nothing to take back or no way to.
    package var inverse: Step? {
        switch self {
        case .createBridge(let link), .createMacvlan(let link), .createIFB(let link): .deleteLink(link)
        case .moveLink(let link, let target): .moveLink(link.moved(to: target), to: link.id)
        case .createVethPair(let link, _): .deleteLink(link)
        case .deleteLink, .forgetFlows, .awaitCarrier, .awaitAddress: nil
        case .changeLink(let old, let new): .changeLink(from: new, to: old)
        case .addAddress(let address): .removeAddress(address)
        case .removeAddress(let address): .addAddress(address)
        case .addRoute(let route): .removeRoute(route)
        case .removeRoute(let route): .addRoute(route)
        case .addRule(let rule): .removeRule(rule)
        case .removeRule(let rule): .addRule(rule)
        case .addNeighbor(let neighbor): .removeNeighbor(neighbor)
        case .removeNeighbor(let neighbor): .addNeighbor(neighbor)
        case .addShaping(let shaping): .removeShaping(shaping)
        case .removeShaping(let shaping): .addShaping(shaping)
        case .setSysctl(let sysctl, let old, let new): old.map { .setSysctl(sysctl, from: new, to: $0) }
        case .changeRuleset(let changes, let undo): undo.isEmpty ? nil : .changeRuleset(undo, undo: changes)
        }
    }
}

extension Link {
    /// The same link under another name or in another namespace.
    package func moved(to id: LinkID) -> Link {
        var link = self
        link.id = id
        if id.place != self.id.place { link.isUp = false }
        return link
    }
}

extension Step {
    /// Whether it is many changes that happen together or not at all.
    var isTransaction: Bool {
        if case .changeRuleset = self { true } else { false }
    }
}
