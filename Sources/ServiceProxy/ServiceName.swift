package import Addressing

/// The name of a service: its namespace and its name in it, both valid DNS labels.
package struct ServiceName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The namespace.
    package let namespace: String
    /// The name in the namespace.
    package let name: String

    /// Takes two DNS labels.
    package init(namespace: String, name: String) throws(InvalidValue) {
        self.namespace = try checkedLabel(namespace, as: "a namespace")
        self.name = try checkedLabel(name, as: "a service name")
    }

    /// The object of that name.
    package var id: ObjectID { ObjectID(.service, namespace: namespace, name: name) }

    /// `default/web`
    package var description: String { "\(namespace)/\(name)" }

    /// By namespace, then by name.
    package static func < (left: ServiceName, right: ServiceName) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}
