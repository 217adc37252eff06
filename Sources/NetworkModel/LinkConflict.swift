/// A link that is in the way: it has the desired name and is something else, or cannot be made or removed.
package struct LinkConflict: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with it.
    package enum Reason: Hashable, Sendable {
        /// It is a device of another kind.
        case kind
        /// It is an end of another pair, or a macvlan of another link.
        case peer
        /// It is a veth that carries another alias, so another owner's.
        case alias
        /// It is not there, and it is nothing that a plan can make.
        case notMakeable
        /// It is there and should not be, and it is nothing that a plan makes, so nothing that it removes.
        case notRemovable
    }

    /// Which.
    package let link: LinkID
    /// What is there under its name.
    package let found: Link?
    /// What should be there.
    package let wanted: Link?
    /// What is wrong.
    package let reason: Reason

    init(_ link: LinkID, found: Link?, wanted: Link?, _ reason: Reason) {
        self.link = link
        self.found = found
        self.wanted = wanted
        self.reason = reason
    }

    /// For example `link cni0: wanted bridge, found dummy`.
    package var description: String { "link \(link): wanted \(words(wanted)), found \(words(found))" }

    /// What tells this side from the other.
    func words(_ side: Link?) -> String {
        guard let side else { return "nothing" }
        switch reason {
        case .kind, .notMakeable, .notRemovable: return side.kind.description
        case .peer: return side.kind.withPeer
        case .alias: return "\(side.kind) with alias '\(side.alias ?? "")'"
        }
    }
}

extension Link.Kind: CustomStringConvertible {
    /// The kernel's name of the kind: `bridge`, `veth`, `dummy`; `device` for one without.
    package var description: String {
        switch self {
        case .bridge: "bridge"
        case .veth: "veth"
        case .loopback: "loopback"
        case .macvlan(let macvlan): "macvlan mode \(macvlan.mode.rawValue)"
        case .ifb: "ifb"
        case .other(let name): name.isEmpty ? "device" : name
        }
    }

    /// As `description`, a veth with its peer.
    var withPeer: String {
        switch self {
        case .veth(let peer): "veth with peer " + (peer.map(\.description) ?? "elsewhere")
        case .macvlan(let macvlan): "macvlan of " + (macvlan.parent.map(\.description) ?? "a link elsewhere")
        case .bridge, .loopback, .ifb, .other: description
        }
    }
}
