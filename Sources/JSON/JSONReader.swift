/// Reads a document value by value, in the order in which they stand, and makes no value of the whole.
///
///     guard try reader.enterObject() else { return }        // null is an object without members
///     while let key = try reader.nextKey() {
///         if key == "port" { port = try reader.int() }      // what nobody reads is stepped over
///     }
///
/// It is as strict as `JSON(parsing:)`, except that of two equal keys the last counts, as for Go's decoder. A value of
/// the wrong type is a fault with its type, not its path, and leaves the reader anywhere: go back by a copy made before.
package struct JSONReader: Sendable {
    private var parser: JSONParser
    private var depth = 0
    /// Whether a bracket was opened just now, so that no comma comes before what is next.
    private var isFirst = false
    /// Whether nobody has read the value at the position yet.
    private var isUnread = true

    /// Reads a document, or several values that follow one another.
    package init(_ bytes: [UInt8]) {
        parser = JSONParser(bytes)
        parser.skipSpace()
    }

    /// Whether the value that is next is an object.
    package var holdsObject: Bool { parser.current == UInt8(ascii: "{") }

    /// Goes into an object, whose members `nextKey` tells; false for null.
    package mutating func enterObject() throws(JSONError) -> Bool {
        try enter(UInt8(ascii: "{"), "an object")
    }

    /// The key of the next member, whose value is next; nil at the object's end.
    package mutating func nextKey() throws(JSONError) -> String? {
        guard try goesOn(before: UInt8(ascii: "}"), "',' or '}'") else { return nil }
        let key = try parser.key()
        awaitValue()
        return key
    }

    /// Goes into an array, whose elements `nextElement` tells; false for null.
    package mutating func enterArray() throws(JSONError) -> Bool {
        try enter(UInt8(ascii: "["), "an array")
    }

    /// Whether there is another element, which is next.
    package mutating func nextElement() throws(JSONError) -> Bool {
        guard try goesOn(before: UInt8(ascii: "]"), "',' or ']'") else { return false }
        awaitValue()
        return true
    }

    /// Steps over the value that is next.
    package mutating func skip() throws(JSONError) {
        isUnread = false
        try parser.skipValue(at: depth)
    }

    /// Throws unless nothing follows.
    package mutating func finish() throws(JSONError) {
        if isUnread { try skip() }
        parser.skipSpace()
        guard parser.position == parser.bytes.count else { throw parser.expected("the end of the document") }
    }
}

// Values.
extension JSONReader {
    /// The string, or nil for null.
    package mutating func string() throws(JSONError) -> String? {
        guard parser.current == UInt8(ascii: "\"") else { return try null("a string") }
        isUnread = false
        return try parser.string()
    }

    /// The string, or nil for anything else.
    package mutating func stringIfAny() throws(JSONError) -> String? {
        guard parser.current == UInt8(ascii: "\"") else {
            try skip()
            return nil
        }
        return try string()
    }

    /// The whole number, or nil for null.
    package mutating func int() throws(JSONError) -> Int? {
        switch parser.current {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            isUnread = false
            let number = try parser.number()
            guard case .int(let int) = number else { throw mismatch("an integer", number) }
            return int
        default: return try null("an integer")
        }
    }

    /// The boolean, or nil for null.
    package mutating func bool() throws(JSONError) -> Bool? {
        switch parser.current {
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            isUnread = false
            return try parser.value() == true
        default: return try null("true or false")
        }
    }

    /// Nil, if null is next; anything else is not what was expected.
    private mutating func null<Value>(_ expected: String) throws(JSONError) -> Value? {
        isUnread = false
        let value = try parser.value()
        guard value == .null else { throw mismatch(expected, value) }
        return nil
    }

    private func mismatch(_ expected: String, _ value: JSON) -> JSONError {
        JSONError(path: "", message: "expected \(expected), found \(value.whatItIs)")
    }
}

// Brackets and commas.
extension JSONReader {
    private mutating func enter(_ bracket: UInt8, _ what: String) throws(JSONError) -> Bool {
        guard parser.current == bracket else {
            let nothing: Bool? = try null(what)
            return nothing ?? false
        }
        guard depth < JSONParser.depthLimit else { throw parser.tooDeep }
        depth += 1
        parser.position += 1
        isFirst = true
        isUnread = false
        return true
    }

    /// Steps over what lies between two values, or over the bracket after the last one.
    private mutating func goesOn(before bracket: UInt8, _ expected: String) throws(JSONError) -> Bool {
        if isUnread { try skip() }
        parser.skipSpace()
        let isFirst = isFirst
        self.isFirst = false
        if parser.skip(bracket) {
            depth -= 1
            return false
        }
        guard isFirst || parser.skip(UInt8(ascii: ",")) else { throw parser.expected(expected) }
        return true
    }

    private mutating func awaitValue() {
        parser.skipSpace()
        isUnread = true
    }
}
