package import Addressing

/// Which of the two network namespaces of an attachment something is in.
package enum Place: String, Hashable, Sendable, CaseIterable, Comparable {
    /// The node's own namespace: where the plugin and the daemon run.
    case host
    /// The pod's namespace, CNI's sandbox.
    case container

    /// Host first.
    package static func < (left: Place, right: Place) -> Bool { left == .host && right == .container }
}

/// A link's name and the namespace it is in.
package struct LinkID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The namespace.
    package let place: Place
    /// The name.
    package let name: InterfaceName

    /// Names a link.
    package init(_ place: Place, _ name: InterfaceName) {
        self.place = place
        self.name = name
    }

    /// `cni0`, or `eth0 (container)`.
    package var description: String { place == .host ? name.text : "\(name) (container)" }

    /// By namespace, then by name.
    package static func < (left: LinkID, right: LinkID) -> Bool {
        (left.place, left.name) < (right.place, right.name)
    }
}
