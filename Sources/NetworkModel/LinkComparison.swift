/// Observed and desired links, sorted into what has to happen to each.
struct LinkComparison {
    private(set) var conflicts: [LinkConflict] = []
    private(set) var missing: [Link] = []
    private(set) var extra: [Link] = []
    private(set) var changed: [NetworkDiff.LinkChange] = []

    /// Links that must not be touched.
    var conflicting: Set<LinkID> { conflicts.isEmpty ? [] : Set(conflicts.map(\.link)) }
    /// Links whose addresses, routes and neighbours need no step: they are deleted, or not ours.
    private(set) var untouched: Set<LinkID> = []

    init(from observed: [LinkID: Link], to desired: [LinkID: Link]) {
        for id in desired.keys.sorted() {
            if let wanted = desired[id] { judge(wanted, observed, desired) }
        }
        for id in observed.keys.sorted() where desired[id] == nil {
            if let found = observed[id] { judge(extra: found, desired) }
        }
        untouched.formUnion(conflicting)
    }

    private mutating func judge(_ wanted: Link, _ observed: [LinkID: Link], _ desired: [LinkID: Link]) {
        guard let found = observed[wanted.id] else {
            if Self.isMakeable(wanted, observed, desired) {
                missing.append(wanted)
            } else {
                conflicts.append(LinkConflict(wanted.id, found: nil, wanted: wanted, .notMakeable))
            }
            return
        }
        if let reason = Self.fault(of: found, as: wanted) {
            conflicts.append(LinkConflict(wanted.id, found: found, wanted: wanted, reason))
            return
        }
        let merged = found.merged(with: wanted)
        if merged != found { changed.append(.init(have: found, want: merged)) }
    }

    private mutating func judge(extra found: Link, _ desired: [LinkID: Link]) {
        switch found.kind {
        case .loopback, .other:
            conflicts.append(LinkConflict(found.id, found: found, wanted: nil, .notRemovable))
        case .bridge, .macvlan, .ifb:
            remove(found)
        case .veth(let peer):
            if let peer, let wantedPeer = desired[peer] {
                // Deleting this end would delete the other one, which is to stay.
                conflicts.append(LinkConflict(peer, found: found, wanted: wantedPeer, .peer))
            } else if !untouched.contains(found.id) {
                // The host's end sorts first, so the other end is the one that goes along.
                remove(found)
                if let peer { untouched.insert(peer) }
            }
        }
    }

    private mutating func remove(_ found: Link) {
        extra.append(found)
        untouched.insert(found.id)
    }

    /// Whether a plan can make it: a bridge, an intermediate device, a macvlan of a link, or a veth whose other end is to be made, too.
    private static func isMakeable(_ wanted: Link, _ observed: [LinkID: Link], _ desired: [LinkID: Link]) -> Bool {
        switch wanted.kind {
        case .bridge, .ifb: return true
        case .macvlan(let macvlan): return macvlan.parent != nil
        case .loopback, .other: return false
        case .veth(let peer):
            guard let peer, peer != wanted.id, let other = desired[peer] else { return false }
            return other.kind == .veth(peer: wanted.id) && observed[peer] == nil
        }
    }

    private static func fault(of found: Link, as wanted: Link) -> LinkConflict.Reason? {
        switch (found.kind, wanted.kind) {
        case (.bridge, .bridge), (.loopback, .loopback): return nil
        case (.other(let foundName), .other(let wantedName)): return foundName == wantedName ? nil : .kind
        case (.veth(let foundPeer), .veth(let wantedPeer)):
            if let wantedPeer, foundPeer != wantedPeer { return .peer }
            return wanted.alias == nil || wanted.alias == found.alias ? nil : .alias
        case (.ifb, .ifb): return wanted.alias == nil || wanted.alias == found.alias ? nil : .alias
        case (.macvlan(let foundMacvlan), .macvlan(let wantedMacvlan)):
            if let parent = wantedMacvlan.parent, parent != foundMacvlan.parent { return .peer }
            if wantedMacvlan.mode != foundMacvlan.mode { return .kind }
            return wanted.alias == nil || wanted.alias == found.alias ? nil : .alias
        case (.bridge, _), (.loopback, _), (.other, _), (.veth, _), (.macvlan, _), (.ifb, _): return .kind
        }
    }
}

extension Link {
    /// This link with every property that `wanted` names.
    package func merged(with wanted: Link) -> Link {
        var link = self
        link.mac = wanted.mac ?? mac
        link.keepsMAC = wanted.keepsMAC ?? keepsMAC
        link.mtu = wanted.mtu ?? mtu
        link.isUp = wanted.isUp ?? isUp
        link.isPromiscuous = wanted.isPromiscuous ?? isPromiscuous
        link.isAllMulticast = wanted.isAllMulticast ?? isAllMulticast
        link.transmitQueueLength = wanted.transmitQueueLength ?? transmitQueueLength
        link.alias = wanted.alias ?? alias
        link.master = wanted.master ?? master
        if let options = wanted.bridgePort {
            link.bridgePort = BridgePort(
                hairpinMode: options.hairpinMode ?? bridgePort?.hairpinMode,
                isolated: options.isolated ?? bridgePort?.isolated,
                vlans: options.vlans ?? bridgePort?.vlans
            )
        }
        if let options = wanted.bridge {
            link.bridge = BridgeOptions(
                filtersVLANs: options.filtersVLANs ?? bridge?.filtersVLANs,
                defaultVLAN: bridge?.defaultVLAN
            )
        }
        return link
    }
}
