/// A document that is read field by field, in the order in which they stand, whatever it is written in.
///
/// A copy stands at the same place, so what has to be read twice is read by a copy first.
package protocol FieldReader {
    /// Whether a mapping is next.
    var holdsFields: Bool { get }
    /// Goes into a mapping, whose fields `nextField` tells; false for null.
    mutating func enterFields() throws(FieldFault) -> Bool
    /// The name of the next field, whose value is next, and stepped over if nobody reads it; nil at the end.
    mutating func nextField() throws(FieldFault) -> String?
    /// Goes into a list, whose items `nextItem` tells; false for null.
    mutating func enterItems() throws(FieldFault) -> Bool
    /// Whether there is another item, which is next.
    mutating func nextItem() throws(FieldFault) -> Bool
    /// A text; nil for null.
    mutating func text() throws(FieldFault) -> String?
    /// A time as text; nil for null.
    mutating func time() throws(FieldFault) -> String?
    /// A text of whatever type, or nil for what is none: for naming what may be wrong.
    mutating func word() throws(FieldFault) -> String?
    /// A whole number; nil for null.
    mutating func integer() throws(FieldFault) -> Int?
    /// A truth value; nil for null.
    mutating func boolean() throws(FieldFault) -> Bool?
}

/// An object that a `FieldReader` fills in.
package protocol FieldObject {
    /// No field is given.
    init()
    /// Takes the value of a field; one that it does not read stays where it is.
    mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault)
}

// Inlinable, as what `take` does: the module that has the reader compiles them for it, which takes a third off.
extension FieldReader {
    /// An object; nil for null.
    @inlinable
    package mutating func object<Object: FieldObject>() throws(FieldFault) -> Object? {
        guard try enterFields() else { return nil }
        var object = Object()
        while let field = try nextField() {
            do throws(FieldFault) {
                try object.take(field, from: &self)
            } catch {
                throw error.under(field)
            }
        }
        return object
    }

    /// The objects of a list, a null among them as one without fields; nil for null.
    @inlinable
    package mutating func objects<Object: FieldObject>() throws(FieldFault) -> [Object]? {
        try items { reader throws(FieldFault) in try reader.object() ?? Object() }
    }

    /// The texts of a list, a null among them as an empty one; nil for null.
    @inlinable
    package mutating func texts() throws(FieldFault) -> [String]? {
        try items { reader throws(FieldFault) in try reader.text() ?? "" }
    }

    /// The items of a list, each read by `read`; nil for null.
    @inlinable
    package mutating func items<Item>(
        _ read: (inout Self) throws(FieldFault) -> Item
    ) throws(FieldFault) -> [Item]? {
        guard try enterItems() else { return nil }
        var items: [Item] = []
        while try nextItem() {
            do throws(FieldFault) {
                items.append(try read(&self))
            } catch {
                throw error.under("[\(items.count)]")
            }
        }
        return items
    }
}

/// What is wrong with a field, with the path to it built on the way out.
package struct FieldFault: Error, Hashable, Sendable {
    /// From the outermost field: `spec`, `ports`, `[0]`, `port`.
    package private(set) var path: [String] = []
    /// The field's value as text; empty where the reason tells it.
    package let value: String
    /// What is wrong.
    package let reason: String

    /// A fault of the value that is being read.
    package init(value: String = "", reason: String) {
        self.value = value
        self.reason = reason
    }

    /// `spec.ports[0].port`
    package var field: String {
        path.reduce("") { text, part in text.isEmpty || part.hasPrefix("[") ? text + part : "\(text).\(part)" }
    }

    /// The same fault as seen from the object around.
    package func under(_ part: String) -> FieldFault {
        var fault = self
        fault.path.insert(part, at: 0)
        return fault
    }
}

extension Rejection {
    /// Refuses an object for a field that cannot be read.
    package init(_ object: ObjectID, _ fault: FieldFault) {
        self.init(object, field: fault.field, value: fault.value, reason: fault.reason)
    }
}
