import Addressing

extension NetworkDiff {
    /// The steps that remove every difference, in order; throws the first conflict when there is one.
    package func plan() throws(LinkConflict) -> NetworkPlan {
        if let conflict = conflicts.first { throw conflict }
        return isEmpty ? NetworkPlan(steps: []) : planAroundConflicts
    }

    /// The steps for everything but the links in conflict and what is on them, for DEL and GC.
    ///
    /// What goes, goes first: neighbours, routes, addresses, links. What comes is put together while it is down. The
    /// ruleset is committed when links that go are down, or those that come are there and not up yet: no pod speaks or
    /// is reached without its rules. A rule that leads to a routing table is there only while the table is complete.
    /// Removing a link takes the kernel 20 ms, and so does what a commit leaves to be done
    /// before the socket closes (net/netfilter/nf_tables_api.c, `nft_rcv_nl_event`); so it goes on beside it. Waiting
    /// for bridge ports comes last, since nothing before it needs them and the kernel gets on with them meanwhile; and
    /// after it the wait for addresses that somebody else might have, since the question goes through the port.
    package var planAroundConflicts: NetworkPlan {
        let ups = linksToBringUp
        let isBuilding = !ups.isEmpty || !missingLinks.isEmpty
        let addressOrder = AddressOrder(addresses, observed: observedAddresses)
        let rebuilt = Rebuilt(
            routes: keptRoutes.keeping(addressOrder.isFlushed),
            neighbors: keptNeighbors.keeping { readdressedLinks.contains($0.link) }
        )
        var steps: [Step] = []
        steps.reserveCapacity(32)
        steps += shaping.extra.reversed().map(Step.removeShaping)
        steps += rules.extra.reversed().map(Step.removeRule)
        steps += removalSteps(rebuilt)
        steps += addressOrder.removedFirst.map(Step.removeAddress)
        if !isBuilding { steps += (ruleset.isEmpty ? [] : silencingSteps) + rulesetSteps }
        steps += extraLinks.map(Step.deleteLink)
        let settings = sysctlSteps
        steps += settings.general
        steps += creationSteps
        steps += changeSteps
        steps += settings.ofLinks
        steps += addresses.missing.map(Step.addAddress)
        steps += addressOrder.removedLast.map(Step.removeAddress)
        if isBuilding { steps += rulesetSteps }
        steps += ups.map { Step.changeLink(from: $0.have, to: $0.want) }
        steps += routingSteps(rebuilt)
        steps += rules.missing.map(Step.addRule)
        steps += shaping.missing.map(Step.addShaping)
        let ports = ups.map(\.want).filter(getsCarrier)
        steps += ports.map(Step.awaitCarrier)
        steps += ports.compactMap { announcement(of: $0, ups) }
        steps += addresses.missing.filter(\.detectsDuplicates).map(Step.awaitAddress)
        return NetworkPlan(steps: steps)
    }

    /// What stays and has to be made again, since another step loses it.
    private struct Rebuilt {
        let routes: Set<Route>
        let neighbors: Set<Neighbor>
    }

    /// Links that get another hardware address, with which they lose their neighbours, permanent ones too
    /// (net/core/neighbour.c, `neigh_changeaddr`).
    private var readdressedLinks: Set<LinkID> {
        Set(changedLinks.filter { $0.have.mac != $0.want.mac }.map(\.want.id))
    }

    private func removalSteps(_ rebuilt: Rebuilt) -> [Step] {
        // Backwards, since routes by gateways rest on routes on the link. Neighbours before routes, as they came after
        // them: a host route says which bridge a pod's neighbour entry is on, also to the DEL after a crash.
        (neighbors.extra + rebuilt.neighbors).sorted().map(Step.removeNeighbor)
            + (routes.extra + rebuilt.routes).sorted().reversed().map(Step.removeRoute)
    }

    /// Brings the host's links that go down: a port that is down forwards nothing, and that takes no time.
    private var silencingSteps: [Step] {
        extraLinks.filter { $0.id.place == .host && $0.isUp == true }.map { link in
            var down = link
            down.isUp = false
            return .changeLink(from: link, to: down)
        }
    }

    private var rulesetSteps: [Step] {
        ruleset.isEmpty ? [] : [.changeRuleset(ruleset.changes, undo: ruleset.undo)]
    }

    /// Settings of links come after the links.
    private var sysctlSteps: (general: [Step], ofLinks: [Step]) {
        var (general, ofLinks): ([Step], [Step]) = ([], [])
        for change in sysctls {
            let step = Step.setSysctl(change.sysctl, from: change.have, to: change.want)
            if change.sysctl.link == nil { general.append(step) } else { ofLinks.append(step) }
        }
        return (general, ofLinks)
    }

    /// Bridges, then pairs, each named once, the host's end first, then the rest.
    private var creationSteps: [Step] {
        let bridges = missingLinks.filter { $0.kind == .bridge }.map { Step.createBridge($0.asCreated) }
        let pairs = missingLinks.compactMap { link -> Step? in
            guard case .veth(let peer) = link.kind, link.namesPair,
                let other = missingLinks.first(where: { $0.id == peer })
            else { return nil }
            return .createVethPair(link.asCreated, peer: other.asCreated)
        }
        let macvlans = missingLinks.compactMap { link -> Step? in
            guard case .macvlan = link.kind else { return nil }
            return .createMacvlan(link.asCreated)
        }
        let devices = missingLinks.filter { $0.kind == .ifb }.map { Step.createIFB($0.asCreated) }
        return bridges + pairs + macvlans + devices
    }

    /// Every change of a link but bringing it up: of bridges first, since ports refer to them.
    private var changeSteps: [Step] {
        let created = missingLinks.map { LinkChange(have: $0.asFound, want: $0.asFound.merged(with: $0)) }
        let changes = created + changedLinks
        let bridges = changes.filter { $0.want.kind == .bridge }
        let others = changes.filter { $0.want.kind != .bridge }
        return (bridges + others).flatMap { $0.stepsBesidesUp }
    }

    /// Links to bring up: in the pod, then the host's bridges and the rest, then their ports.
    private var linksToBringUp: [LinkChange] {
        let created = missingLinks.map { $0.asFound.merged(with: $0) }
        let wanted = (created + changedLinks.filter { $0.have.isUp != true }.map(\.want)).filter { $0.isUp == true }
        func rank(_ link: Link) -> Int { link.id.place == .container ? 0 : link.master == nil ? 1 : 2 }
        return wanted.sorted { (rank($0), $0.id) < (rank($1), $1.id) }.map { link in
            var down = link
            down.isUp = false
            return LinkChange(have: down, want: link)
        }
    }

    /// Whether a link is a port that frames will pass: not if the other end of its pair is left down.
    private func getsCarrier(_ port: Link) -> Bool {
        guard port.id.place == .host, port.master != nil else { return false }
        guard case .veth(let peer?) = port.kind else { return true }
        let peers = missingLinks + changedLinks.map(\.want)
        return peers.first { $0.id == peer }.map { $0.isUp == true } ?? true
    }

    /// Has the pod behind a port tell once more who has its addresses: others may remember a former owner.
    ///
    /// It does so by itself when its link comes up, but then the port passes no frames yet. It does, too, when its
    /// hardware address is set, to the one that it has (net/ipv4/devinet.c, `inetdev_event`; net/ipv6/ndisc.c,
    /// `ndisc_netdev_event`). That costs it its neighbours; where it has permanent ones, the host has one for the pod,
    /// and nobody else sends to it.
    private func announcement(of port: Link, _ ups: [LinkChange]) -> Step? {
        guard case .veth(let peer?) = port.kind, let pod = ups.first(where: { $0.want.id == peer })?.want,
            addresses.missing.contains(where: { $0.link == peer }),
            !neighbors.missing.contains(where: { $0.link == peer })
        else { return nil }
        var kept = pod
        kept.keepsMAC = true
        return .changeLink(from: pod, to: kept)
    }

    /// Routes and neighbours: the pod's, then the host's.
    private func routingSteps(_ rebuilt: Rebuilt) -> [Step] {
        let wanted = (routes.missing + rebuilt.routes).sorted()
        let wantedNeighbors = (neighbors.missing + rebuilt.neighbors).sorted()
        return [Place.container, .host].flatMap { place -> [Step] in
            wanted.filter { $0.link.place == place }.map(Step.addRoute)
                + wantedNeighbors.filter { $0.link.place == place }.map(Step.addNeighbor)
        }
    }
}

/// In which order a link's addresses change.
///
/// The kernel takes away all IPv4 routes of a link with its last IPv4 address (net/ipv4/fib_frontend.c,
/// `fib_inetaddr_event`), and pods' routes are on the bridge: so a new address comes before the old one goes. But the
/// second address of a network is secondary and goes with the first (net/ipv4/devinet.c, `__inet_del_ifa`), and IPv6
/// takes no address twice: there the old one goes first, and the routes of the link are made again.
private struct AddressOrder {
    var removedFirst: [LinkAddress] = []
    var removedLast: [LinkAddress] = []
    /// Links that are without any IPv4 address for a moment.
    private var emptied: Set<LinkID> = []

    init(_ addresses: NetworkDiff.Members<LinkAddress>, observed: Set<LinkAddress>) {
        for old in addresses.extra {
            let new = addresses.missing.filter { $0.link == old.link && $0.cidr.family == .v4 }
            let sharesNetwork = new.contains { $0.cidr.network == old.cidr.network }
            if old.cidr.family == .v4, !new.isEmpty, !sharesNetwork {
                removedLast.append(old)
            } else {
                removedFirst.append(old)
            }
        }
        for link in Set(removedFirst.filter { $0.cidr.family == .v4 }.map(\.link)) {
            let before = observed.filter { $0.link == link && $0.cidr.family == .v4 }
            if before.isSubset(of: removedFirst) { emptied.insert(link) }
        }
    }

    func isFlushed(_ route: Route) -> Bool { route.destination.family == .v4 && emptied.contains(route.link) }
}

extension Link {
    /// What the message that makes a link says of it; the rest is changed afterwards.
    ///
    /// The end that a pair is named by joins its bridge at once, so that its options follow in one message with the rest.
    fileprivate var asCreated: Link { Link(id, kind: kind, mac: mac, mtu: mtu, master: masterAtOnce) }

    /// The link as it is once it is made. A bridge takes a new port with its options off (net/bridge/br_if.c, `new_nbp`).
    fileprivate var asFound: Link {
        Link(
            id,
            kind: kind,
            mac: mac,
            mtu: mtu,
            isUp: false,
            isPromiscuous: false,
            alias: "",
            master: masterAtOnce,
            bridgePort: masterAtOnce.map { _ in Link.BridgePort(hairpinMode: false, isolated: false) }
        )
    }

    private var masterAtOnce: InterfaceName? { namesPair ? master : nil }

    /// Whether it is the end by which its pair is made: the host's, when that is known.
    fileprivate var namesPair: Bool {
        guard case .veth(let peer?) = kind else { return false }
        return id < peer
    }
}

extension NetworkDiff.LinkChange {
    /// One step, or two for a port that changes bridges: its options start anew with the new bridge.
    fileprivate var stepsBesidesUp: [Step] {
        var target = want
        if target.isUp == true { target.isUp = have.isUp }
        guard target != have else { return [] }
        guard have.master != nil, target.master != have.master else { return [.changeLink(from: have, to: target)] }
        var moved = have
        moved.master = target.master
        moved.bridgePort = Link.BridgePort(hairpinMode: false, isolated: false)
        let move = Step.changeLink(from: have, to: moved)
        return moved == target ? [move] : [move, .changeLink(from: moved, to: target)]
    }
}
