/// A place in a document, with or without a value, that knows its path.
///
/// Every look-up names that path when the value is not what was asked for:
///
///     try config["ipam"]["ranges"].elements()      // ipam.ranges: expected an array, found the string "x"
///     try range["subnet"].string(as: CIDR.init(parsing:))     // …subnet: '10.0.0.0/33' is not a CIDR: …
///
/// `null` counts as absent, as it does for Go's decoder, which the ecosystem's configurations are written for.
package struct JSONField: Hashable, Sendable {
    /// Where it is: `ipam.ranges[0][0].subnet`; empty for the whole document.
    package let path: String
    /// What is there; nil when the member is absent or null.
    package let value: JSON?

    /// The place `path` with its value.
    package init(_ value: JSON?, path: String = "") {
        self.path = path
        self.value = value == .null ? nil : value
    }

    /// Whether there is a value.
    package var isPresent: Bool { value != nil }

    /// A fault at this place, for callers that check more than the type.
    package func fault(_ message: String) -> JSONError {
        JSONError(path: path, message: message)
    }

    /// The place of a member, whatever the case of its letters; nothing there when this is absent itself.
    ///
    /// Throws when this is no object, and when it has the key in two spellings.
    package subscript(key: String) -> JSONField {
        get throws(JSONError) {
            let memberPath = JSONPath.member(key, of: path)
            guard let members = try objectOrNil() else { return JSONField(nil, path: memberPath) }
            return JSONField(try member(key, in: members), path: memberPath)
        }
    }

    private func member(_ key: String, in members: [String: JSON]) throws(JSONError) -> JSON? {
        var found: JSON?
        for (spelling, value) in members where Self.isOneKey(spelling, key) {
            guard found == nil else { throw ambiguity(key, in: members) }
            found = value
        }
        return found
    }

    private func ambiguity(_ key: String, in members: [String: JSON]) -> JSONError {
        let spellings = members.keys.filter { Self.isOneKey($0, key) }.sorted()
        return fault("has both \"\(spellings[0])\" and \"\(spellings[1])\", which are one key")
    }

    /// Whether both texts are the same key: they are when they differ in the case of ASCII letters only.
    package static func isOneKey(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        var others = right.utf8.makeIterator()
        for byte in left.utf8 {
            guard let other = others.next(), lowercase(byte) == lowercase(other) else { return false }
        }
        return true
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private func objectOrNil() throws(JSONError) -> [String: JSON]? {
        guard let value else { return nil }
        guard case .object(let members) = value else { throw mismatch("an object") }
        return members
    }

    private func mismatch(_ expected: String) -> JSONError {
        fault("expected \(expected), found \(value?.whatItIs ?? "nothing")")
    }

    private func required<Value>(_ found: Value?) throws(JSONError) -> Value {
        guard let found else { throw fault("missing") }
        return found
    }
}

extension JSONField {
    /// The string, or nil when absent.
    package func string() throws(JSONError) -> String? {
        guard let value else { return nil }
        guard case .string(let text) = value else { throw mismatch("a string") }
        return text
    }

    /// The boolean, or nil when absent.
    package func bool() throws(JSONError) -> Bool? {
        guard let value else { return nil }
        guard case .bool(let flag) = value else { throw mismatch("true or false") }
        return flag
    }

    /// The whole number, or nil when absent.
    package func int() throws(JSONError) -> Int? {
        guard let value else { return nil }
        guard case .int(let number) = value else { throw mismatch("an integer") }
        return number
    }

    /// The whole number, which must lie in `range`, or nil when absent.
    package func int(in range: ClosedRange<Int>) throws(JSONError) -> Int? {
        guard let number = try int() else { return nil }
        guard range.contains(number) else {
            throw fault("\(number) is not between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    /// The places of the array's elements, or nil when absent.
    package func elements() throws(JSONError) -> [JSONField]? {
        guard let value else { return nil }
        guard case .array(let elements) = value else { throw mismatch("an array") }
        return elements.enumerated().map { JSONField($1, path: JSONPath.element($0, of: path)) }
    }

    /// The array's strings, or nil when absent.
    package func strings() throws(JSONError) -> [String]? {
        guard let elements = try elements() else { return nil }
        return try elements.map { (element) throws(JSONError) in try element.requiredString() }
    }

    /// Demands that there is an object.
    package func requireObject() throws(JSONError) {
        guard try objectOrNil() != nil else { throw fault("missing") }
    }

    /// The object's keys, sorted, or nil when absent.
    package func keys() throws(JSONError) -> [String]? { try objectOrNil()?.keys.sorted() }

    /// The places of the object's members, sorted by key, or nil when absent.
    package func members() throws(JSONError) -> [(key: String, field: JSONField)]? {
        try objectOrNil()?.sorted { $0.key < $1.key }.map { key, value in
            (key, JSONField(value, path: JSONPath.member(key, of: path)))
        }
    }

    /// The string read by `convert`, whose error becomes this place's, or nil when absent.
    package func string<Value, Fault: Error & CustomStringConvertible>(
        as convert: (String) throws(Fault) -> Value
    ) throws(JSONError) -> Value? {
        guard let text = try string() else { return nil }
        return try converted(text, convert)
    }

    /// The whole number read by `convert`, whose error becomes this place's, or nil when absent.
    package func int<Value, Fault: Error & CustomStringConvertible>(
        as convert: (Int) throws(Fault) -> Value
    ) throws(JSONError) -> Value? {
        guard let number = try int() else { return nil }
        return try converted(number, convert)
    }

    private func converted<Input, Value, Fault: Error & CustomStringConvertible>(
        _ input: Input,
        _ convert: (Input) throws(Fault) -> Value
    ) throws(JSONError) -> Value {
        do {
            return try convert(input)
        } catch {
            throw fault(error.description)
        }
    }
}

extension JSONField {
    /// The string; absence is a fault.
    package func requiredString() throws(JSONError) -> String { try required(string()) }

    /// The boolean; absence is a fault.
    package func requiredBool() throws(JSONError) -> Bool { try required(bool()) }

    /// The whole number; absence is a fault.
    package func requiredInt() throws(JSONError) -> Int { try required(int()) }

    /// The places of the array's elements; absence is a fault.
    package func requiredElements() throws(JSONError) -> [JSONField] { try required(elements()) }

    /// The string read by `convert`; absence is a fault.
    package func requiredString<Value, Fault: Error & CustomStringConvertible>(
        as convert: (String) throws(Fault) -> Value
    ) throws(JSONError) -> Value {
        try required(string(as: convert))
    }

    /// The whole number read by `convert`; absence is a fault.
    package func requiredInt<Value, Fault: Error & CustomStringConvertible>(
        as convert: (Int) throws(Fault) -> Value
    ) throws(JSONError) -> Value {
        try required(int(as: convert))
    }
}
