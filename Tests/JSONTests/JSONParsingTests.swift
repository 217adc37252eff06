import JSON
import Testing

@Suite struct JSONParsingTests {
    @Test(
        "a document is read as the value it is",
        arguments: [
            ("null", JSON.null),
            ("true", true),
            ("1500", 1500),
            ("-7", -7),
            ("1.0", 1),
            ("1e3", 1000),
            ("1.5", 1.5),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
            (#""10.0.0.1/8""#, "10.0.0.1/8"),
            (#""\u00e9\n""#, "é\n"),
            ("[]", []),
            (#"[1,"a",null,[false]]"#, [1, "a", .null, [false]]),
            (#"{"a":{"b":[{}]},"c":null}"#, ["a": ["b": [[:]]], "c": .null]),
            (" \n{ \"a\" : 1 }\t", ["a": 1]),
        ] as [(String, JSON)]
    )
    func reads(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test(
        "whatever is read is written so that it reads back, and twice the same",
        arguments: [
            #"{"b/c":"x/y","a":[1,1.5,true,null,"\"\\"],"Z":{},"é":-1}"#, "0.1", #""\u0001""#, "[[[[]]]]",
        ]
    )
    func roundTrips(text: String) throws {
        let value = try JSON(parsing: text)
        #expect(try JSON(parsing: value.serialized) == value)
        #expect(try JSON(parsing: value.serialized).serialized == value.serialized)
    }

    @Test("keys are sorted and slashes not escaped")
    func canonicalForm() {
        let value: JSON = ["b": 1, "a": ["10.0.0.0/8", 1.5, .null, true], "B": "x"]
        #expect(value.text == #"{"B":"x","a":["10.0.0.0/8",1.5,null,true],"b":1}"#)
        #expect(JSON.members(["a": nil, "b": 1]).text == #"{"b":1}"#)
        #expect(JSON.members(["a": .null]).text == #"{"a":null}"#)
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", " ", "{", "{,}", "[1 2]", "{\"a\" 1}", "nul", "01", "'a'", "[1] x", "{}{}", "\"\\ud800\"", "\"a",
            "1e400", "\u{1}", "{\"a\":\"\t\"}",
        ]
    )
    func refuses(text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test(
        "a document nested without end is refused, not followed",
        arguments: [("[", "1:129", "["), ("{\"a\":", "1:641", "{")]
    )
    func refusesDepth(opening: String, place: String, found: String) {
        let text = String(repeating: opening, count: 100_000)
        let message = "not JSON: \(place): expected at most 128 levels of arrays and objects, found '\(found)'"
        #expect(fault { () throws(JSONError) in _ = try JSON(parsing: text) } == message)
    }

    @Test("128 levels are read")
    func deepest() throws {
        let text = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(try JSON(parsing: text).text == text)
    }

    @Test(
        "bytes that are no UTF-8 text are refused",
        arguments: [
            [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00], [0x22, 0xc3, 0x22], [0x7b, 0x7d, 0x00],
        ] as [[UInt8]]
    )
    func refusesBytes(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON(parsing: bytes) }
    }

    @Test(
        "a NUL hidden in a string or a key is refused with its place",
        arguments: [
            (#"{"a":["x","b\u0000c"]}"#, "a[1]: holds a NUL character"),
            (#"{"a":{"b\u0000c":1}}"#, "a: holds a NUL character"),
        ]
    )
    func refusesNUL(text: String, message: String) {
        #expect(fault { () throws(JSONError) in _ = try JSON(parsing: text) } == message)
    }

    @Test(
        "two equal keys in one object are refused",
        arguments: [
            (#"{"a":1,"b":2,"a":3}"#, "a"),
            (#"[{"x":{"type":"a","\u0074ype":"b"}}]"#, "type"),
            (#"{"a":[{"k":1}],"b":{"k":{"k":1},"k":2}}"#, "k"),
        ]
    )
    func refusesDuplicates(text: String, key: String) {
        let message = fault { () throws(JSONError) in _ = try JSON(parsing: text) }
        #expect(message == "an object has the key \"\(key)\" twice")
    }

    @Test(
        "equal texts that are not keys of one object are fine",
        arguments: [
            #"{"a":"a","b":"a","c":["a","a",{"a":1}],"d":{"a":1}}"#,
            #"{"a":"\"a\":","b":"{\"a\":1,\"a\":2}"}"#,
            #"[{"a":1},{"a":1},"a","a"]"#,
        ]
    )
    func acceptsRepeats(text: String) throws {
        _ = try JSON(parsing: text)
    }

    @Test("the limit counts bytes")
    func limit() throws {
        let bytes = Array("[\"\(String(repeating: "x", count: 96))\"]".utf8)
        #expect(bytes.count == 100)
        _ = try JSON(parsing: bytes, limit: 100)
        #expect(fault { () throws(JSONError) in _ = try JSON(parsing: bytes, limit: 99) } == "longer than 99 bytes")
        let large = [UInt8](repeating: 0x20, count: JSON.sizeLimit + 1)
        #expect(fault { () throws(JSONError) in _ = try JSON(parsing: large) } == "longer than 1048576 bytes")
    }
}

/// The description of what `body` throws, or nil.
func fault(_ body: () throws(JSONError) -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return error.description
    }
}
