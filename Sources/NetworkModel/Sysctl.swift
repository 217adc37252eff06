/// A file below `/proc/sys/net` of one of the two namespaces.
package struct Sysctl: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The namespace whose value is meant.
    package let place: Place
    /// The path below `/proc/sys/net/`: `ipv4/ip_forward`.
    package let path: String

    /// Names a sysctl.
    package init(_ place: Place, _ path: String) {
        self.place = place
        self.path = path
    }

    /// `net/ipv4/ip_forward`, or `net/… (container)`.
    package var description: String { "net/\(path)" + (place == .host ? "" : " (container)") }

    /// By namespace, then by path.
    package static func < (left: Sysctl, right: Sysctl) -> Bool { (left.place, left.path) < (right.place, right.path) }
}
