/// Reads one document in one pass.
///
/// The end of the document reads as a NUL byte, which is valid nowhere, so looking ahead needs no optional.
struct JSONParser {
    /// How many arrays and objects may lie in one another.
    static let depthLimit = 128

    let bytes: [UInt8]
    var position = 0
    private var places: [Place] = []

    /// Where a value is in the array or object around it.
    private enum Place {
        case element(Int)
        case member(String)
    }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The byte at the position, 0 at the end.
    var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

    /// The only value of the document.
    mutating func document() throws(JSONError) -> JSON {
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw expected("the end of the document") }
        return value
    }

    /// The value at the position, or after the space there.
    mutating func value() throws(JSONError) -> JSON {
        skipSpace()
        switch current {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try keyword("true", true)
        case UInt8(ascii: "f"): return try keyword("false", false)
        case UInt8(ascii: "n"): return try keyword("null", .null)
        default: throw expected("a value")
        }
    }

    private mutating func keyword(_ word: String, _ value: JSON) throws(JSONError) -> JSON {
        guard bytes[position...].starts(with: word.utf8) else { throw expected(word) }
        position += word.utf8.count
        return value
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    /// Steps over a byte if it is the next one.
    mutating func skip(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }
}

extension JSONParser {
    private mutating func array() throws(JSONError) -> [JSON] {
        try enter()
        var elements: [JSON] = []
        guard !skip(UInt8(ascii: "]")) else { return elements }
        while true {
            elements.append(try value(at: .element(elements.count)))
            skipSpace()
            if skip(UInt8(ascii: "]")) { return elements }
            guard skip(UInt8(ascii: ",")) else { throw expected("',' or ']'") }
        }
    }

    private mutating func object() throws(JSONError) -> [String: JSON] {
        try enter()
        var members: [String: JSON] = [:]
        guard !skip(UInt8(ascii: "}")) else { return members }
        while true {
            let key = try key()
            guard members.updateValue(try value(at: .member(key)), forKey: key) == nil else {
                throw JSONError(path: "", message: "an object has the key \"\(key)\" twice")
            }
            skipSpace()
            if skip(UInt8(ascii: "}")) { return members }
            guard skip(UInt8(ascii: ",")) else { throw expected("',' or '}'") }
        }
    }

    /// A key with the colon after it.
    mutating func key() throws(JSONError) -> String {
        skipSpace()
        guard current == UInt8(ascii: "\"") else { throw expected("a key") }
        let key = try string()
        skipSpace()
        guard skip(UInt8(ascii: ":")) else { throw expected("':'") }
        return key
    }

    /// Steps over the bracket that opens an array or object, and the space after it.
    private mutating func enter() throws(JSONError) {
        guard places.count < Self.depthLimit else { throw tooDeep }
        position += 1
        skipSpace()
    }

    private mutating func value(at place: Place) throws(JSONError) -> JSON {
        places.append(place)
        let value = try value()
        places.removeLast()
        return value
    }
}

extension JSONParser {
    /// One more array or object than may lie in one another opens at the position.
    var tooDeep: JSONError { expected("at most \(Self.depthLimit) levels of arrays and objects") }

    /// What stands at the position is not what should.
    func expected(_ what: String) -> JSONError {
        fault("expected \(what), found \(whatIsHere)")
    }

    /// A fault in the text, at the position.
    func fault(_ message: String) -> JSONError {
        let before = bytes[..<position]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return JSONError(path: "", message: "not JSON: \(line):\(position - lineStart + 1): \(message)")
    }

    /// A fault in the value that is being read, which is well-formed.
    func faultInValue(_ message: String) -> JSONError {
        let path = places.reduce("") { path, place in
            switch place {
            case .element(let index): JSONPath.element(index, of: path)
            case .member(let key): JSONPath.member(key, of: path)
            }
        }
        return JSONError(path: path, message: message)
    }

    private var whatIsHere: String {
        guard position < bytes.count else { return "the end" }
        let byte = bytes[position]
        guard (0x21...0x7e).contains(byte) else { return "the byte \(byte)" }
        return "'\(Unicode.Scalar(byte))'"
    }
}
