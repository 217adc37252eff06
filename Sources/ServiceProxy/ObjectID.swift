/// Which Kubernetes object something is about: its kind, namespace and name.
///
/// The texts are those of the object and may be invalid, so that a refused object can still be named.
package struct ObjectID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The kinds that a service proxy reads.
    package enum Kind: String, Hashable, Sendable, Comparable {
        case service = "Service"
        case endpointSlice = "EndpointSlice"

        /// By name of the kind.
        package static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
    }

    /// The kind.
    package let kind: Kind
    /// The namespace.
    package let namespace: String
    /// The name, unique among its kind in the namespace.
    package let name: String

    /// Names an object.
    package init(_ kind: Kind, namespace: String, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// `Service default/web`
    package var description: String { "\(kind.rawValue) \(namespace)/\(name)" }

    /// By kind, namespace and name.
    package static func < (left: ObjectID, right: ObjectID) -> Bool {
        (left.kind, left.namespace, left.name) < (right.kind, right.namespace, right.name)
    }
}
