package import JSON

extension JSONReader: FieldReader {
    package var holdsFields: Bool { holdsObject }

    package mutating func enterFields() throws(FieldFault) -> Bool {
        try read { json throws(JSONError) in try json.enterObject() }
    }

    package mutating func nextField() throws(FieldFault) -> String? {
        try read { json throws(JSONError) in try json.nextKey() }
    }

    package mutating func enterItems() throws(FieldFault) -> Bool {
        try read { json throws(JSONError) in try json.enterArray() }
    }

    package mutating func nextItem() throws(FieldFault) -> Bool {
        try read { json throws(JSONError) in try json.nextElement() }
    }

    package mutating func text() throws(FieldFault) -> String? {
        try read { json throws(JSONError) in try json.string() }
    }

    package mutating func time() throws(FieldFault) -> String? { try text() }

    package mutating func word() throws(FieldFault) -> String? {
        try read { json throws(JSONError) in try json.stringIfAny() }
    }

    package mutating func integer() throws(FieldFault) -> Int? {
        try read { json throws(JSONError) in try json.int() }
    }

    package mutating func boolean() throws(FieldFault) -> Bool? {
        try read { json throws(JSONError) in try json.bool() }
    }

    @inline(__always)
    private mutating func read<Value>(
        _ body: (inout JSONReader) throws(JSONError) -> Value
    ) throws(FieldFault) -> Value {
        do throws(JSONError) {
            return try body(&self)
        } catch {
            throw FieldFault(reason: error.description)
        }
    }
}
