import JSON
import Testing

@Suite("Reading a document value by value")
struct JSONReaderTests {
    @Test("members and elements come in order, and what nobody reads is stepped over")
    func order() throws {
        let text = #" {"a" : [1, {"x": [2]}, null, "t"], "b": {}, "c": true, "d": null, "e": -7} "#
        var reader = JSONReader(Array(text.utf8))
        #expect(try reader.enterObject())
        #expect(try reader.nextKey() == "a")
        #expect(try reader.enterArray())
        #expect(try reader.nextElement())
        #expect(try reader.int() == 1)
        #expect(try reader.nextElement())
        #expect(try reader.nextElement())
        #expect(try reader.string() == nil)
        #expect(try reader.nextElement())
        #expect(try reader.stringIfAny() == "t")
        #expect(try !reader.nextElement())
        #expect(try reader.nextKey() == "b")
        #expect(try reader.enterObject())
        #expect(try reader.nextKey() == nil)
        #expect(try reader.nextKey() == "c")
        #expect(try reader.bool() == true)
        #expect(try reader.nextKey() == "d")
        #expect(try !reader.enterObject())
        #expect(try reader.nextKey() == "e")
        #expect(try reader.stringIfAny() == nil)
        #expect(try reader.nextKey() == nil)
        try reader.finish()
    }

    @Test(
        "a value of another type is named",
        arguments: [
            (#""x""#, "expected an integer, found the string \"x\""), ("1.5", "found the number 1.5"),
            ("{}", "found an object"), ("tru", "not JSON: 1:1: expected true"),
            ("01", "not JSON: 1:2: expected no digit after a leading 0"),
        ]
    )
    func mismatch(_ text: String, _ says: String) {
        var reader = JSONReader(Array(text.utf8))
        let error = #expect(throws: JSONError.self) { try reader.int() }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "nothing")")
    }

    @Test("a copy stands where the reader stood")
    func copy() throws {
        var reader = JSONReader(Array(#"{"a":[1,2],"b":3}"#.utf8))
        _ = try reader.enterObject()
        _ = try reader.nextKey()
        var copy = reader
        #expect(try reader.nextKey() == "b")
        #expect(try copy.enterArray() && copy.nextElement())
        #expect(try copy.int() == 1)
        #expect(try reader.int() == 3)
    }

    @Test("every document is read as by the parser of whole documents", arguments: 1...10 as ClosedRange<UInt64>)
    func readsAlike(seed: UInt64) throws {
        var documents = RandomDocuments(seed: seed)
        for _ in 0..<100 {
            let value = documents.value()
            var reader = JSONReader(Array(documents.spelling(of: value).utf8))
            let read = try reader.value()
            try reader.finish()
            #expect(read == value.withoutFractions, "\(value.text.debugDescription)")
        }
    }

    @Test("damaged documents are stepped over just when they can be read", arguments: 1...20 as ClosedRange<UInt64>)
    func skipsAlike(seed: UInt64) {
        var documents = RandomDocuments(seed: seed)
        for _ in 0..<200 {
            var bytes = Array(documents.spelling(of: documents.value()).utf8)
            documents.damage(&bytes)
            var reader = JSONReader(bytes)
            let isSkipped = (try? reader.finish()) != nil
            do {
                _ = try JSON(parsing: bytes)
                #expect(isSkipped, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            } catch {
                let isMilder = error.description.contains("twice") || error.description.contains("empty")
                #expect(!isSkipped || isMilder, "\(error): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
            }
        }
    }

    @Test("no more levels are entered or stepped over than the parser takes", arguments: [128, 129])
    func depth(_ levels: Int) throws {
        let bytes = Array((String(repeating: "[", count: levels) + String(repeating: "]", count: levels)).utf8)
        var reader = JSONReader(bytes)
        #expect(((try? reader.finish()) != nil) == (levels <= 128))
        reader = JSONReader(bytes)
        var entered = 0
        while (try? reader.enterArray()) == true, (try? reader.nextElement()) == true { entered += 1 }
        #expect(entered == levels - 1)
        #expect(throws: (any Error).self) { try JSON(parsing: [UInt8](repeating: UInt8(ascii: "["), count: 129)) }
    }
}

extension JSON {
    /// With null for every number that is not whole: the reader has no way to read one.
    fileprivate var withoutFractions: JSON {
        switch self {
        case .double: .null
        case .array(let elements): .array(elements.map(\.withoutFractions))
        case .object(let members): .object(members.mapValues(\.withoutFractions))
        default: self
        }
    }
}

extension JSONReader {
    /// The value that is next, found by trying every type.
    fileprivate mutating func value() throws -> JSON {
        if holdsObject { return try object() }
        let start = self
        if (try? enterArray()) == true { return try array() }
        self = start
        if let text = try? string() { return .string(text) }
        self = start
        if let number = try? int() { return .int(number) }
        self = start
        if let flag = try? bool() { return .bool(flag) }
        self = start
        try skip()
        return .null
    }

    private mutating func object() throws -> JSON {
        var members: [String: JSON] = [:]
        _ = try enterObject()
        while let key = try nextKey() { members[key] = try value() }
        return .object(members)
    }

    private mutating func array() throws -> JSON {
        var elements: [JSON] = []
        while try nextElement() { elements.append(try value()) }
        return .array(elements)
    }
}
