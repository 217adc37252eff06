package import Addressing

/// An object that is not taken, and the one field that is to blame.
///
/// It concerns its object only: everything that came with the object is taken.
package struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
    /// The object, as it named itself.
    package let object: ObjectID
    /// The field's path: `spec.ports[0].port`.
    package let field: String
    /// The field's value as text; long ones are cut. Empty when the field is missing.
    package let value: String
    /// What is wrong, with the value in it: `'70000' is not a port: ports are 1 to 65535`.
    package let reason: String

    /// Refuses an object.
    package init(_ object: ObjectID, field: String, value: String, reason: String) {
        self.object = object
        self.field = field
        self.value = shortened(value)
        self.reason = reason
    }

    /// Refuses an object for a text that is not the value that it was taken for.
    package init(_ object: ObjectID, field: String, _ invalid: InvalidValue) {
        self.init(object, field: field, value: invalid.text, reason: invalid.description)
    }

    /// `Service default/web: spec.ports[0].port: '70000' is not a port: ports are 1 to 65535`
    package var description: String { "\(object): \(field): \(reason)" }
}
