import JSON
import Testing

/// RFC 8259, production by production: what belongs to it, and what comes close.
@Suite struct JSONGrammarTests {
    @Test(
        "numbers are whole when their value is, however they are spelled",
        arguments: [
            ("0", 0), ("-0", 0), ("0.0", 0), ("-0.0e9", 0), ("0e99999999999999999999", 0), ("10", 10), ("1E2", 100),
            ("1e+2", 100), ("100e-2", 1), ("15.00e1", 150), ("1e18", 1_000_000_000_000_000_000),
            ("9007199254740993.0", 9_007_199_254_740_993), ("9223372036854775807", .int(.max)),
            ("-9223372036854775808", .int(.min)), ("9223372036854775807.0", .int(.max)),
            ("922337203685477580700e-2", .int(.max)), ("1.0000000000000000000001", 1), ("1e-400", 0),
            ("9223372036854775808", .double(0x1p63)), ("-9223372036854775809", .double(-0x1p63)),
            ("1e19", .double(1e19)), ("1e20", .double(1e20)), ("0.1", 0.1), ("-1.25e-3", -0.00125),
            ("5e-324", .double(.leastNonzeroMagnitude)),
            ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)), ("123.456E+1", 1234.56),
        ] as [(String, JSON)]
    )
    func numbers(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
        #expect(try JSON(parsing: "[\(text)]") == [value])
        #expect(try JSON(parsing: JSON(parsing: text).text) == value)
    }

    @Test(
        "strings are what their escapes stand for",
        arguments: [
            (#""""#, ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
            (#""\uD83D\uDE00""#, "😀"), (#""\udbff\udfff""#, "\u{10ffff}"), (#""\ufffe\uffff""#, "\u{fffe}\u{ffff}"),
            ("\"é€😀\u{7f}\u{2028}\"", "é€😀\u{7f}\u{2028}"), (#""//[]{}:,'""#, "//[]{}:,'"), (#""a\\""#, "a\\"),
            (#""\\u0000""#, "\\u0000"), (#""\ue000\ud7ff""#, "\u{e000}\u{d7ff}"),
        ]
    )
    func strings(text: String, value: String) throws {
        let read = try JSON(parsing: text)
        #expect(read == .string(value))
        #expect(try JSON(parsing: "{\(text):\(text)}") == [value: read])
        #expect(try JSON(parsing: read.text) == read)
    }

    @Test(
        "space may be wherever no token is cut",
        arguments: ["[1,{\"a\":[],\"b\":{}}]", "\n[\t1 ,\r{ \"a\" : [ ] , \"b\" :\n{\t} } ]\r\n"]
    )
    func space(text: String) throws {
        #expect(try JSON(parsing: text) == [1, ["a": [], "b": [:]]])
    }

    struct Refusal: Sendable, CustomStringConvertible {
        let text: String
        let message: String
        var description: String { text.debugDescription }

        init(_ text: String, _ message: String) {
            self.text = text
            self.message = message
        }
    }

    private func expectRefused(_ refusal: Refusal) {
        let message = fault { () throws(JSONError) in _ = try JSON(parsing: refusal.text) }
        #expect(message == "not JSON: \(refusal.message)")
    }

    @Test(
        "structure that is not to the letter is refused with its place",
        arguments: [
            Refusal("", "empty"),
            Refusal(" \n ", "2:2: expected a value, found the end"),
            Refusal("[1,]", "1:4: expected a value, found ']'"),
            Refusal("[,1]", "1:2: expected a value, found ','"),
            Refusal("[1,,2]", "1:4: expected a value, found ','"),
            Refusal("[1;2]", "1:3: expected ',' or ']', found ';'"),
            Refusal("[1}", "1:3: expected ',' or ']', found '}'"),
            Refusal("[1", "1:3: expected ',' or ']', found the end"),
            Refusal("{\"a\":1,}", "1:8: expected a key, found '}'"),
            Refusal("{\"a\":1]", "1:7: expected ',' or '}', found ']'"),
            Refusal("{\n  \"a\": 1\n  \"b\": 2\n}", "3:3: expected ',' or '}', found '\"'"),
            Refusal("{\"a\"}", "1:5: expected ':', found '}'"),
            Refusal("{\"a\"=1}", "1:5: expected ':', found '='"),
            Refusal("{\"a\":}", "1:6: expected a value, found '}'"),
            Refusal("{a:1}", "1:2: expected a key, found 'a'"),
            Refusal("{1:1}", "1:2: expected a key, found '1'"),
            Refusal("{null:1}", "1:2: expected a key, found 'n'"),
            Refusal("]", "1:1: expected a value, found ']'"),
            Refusal("[]]", "1:3: expected the end of the document, found ']'"),
            Refusal("{} {}", "1:4: expected the end of the document, found '{'"),
            Refusal("1 2", "1:3: expected the end of the document, found '2'"),
            Refusal("[] // done", "1:4: expected the end of the document, found '/'"),
            Refusal("/* a */ []", "1:1: expected a value, found '/'"),
            Refusal("[] # done", "1:4: expected the end of the document, found '#'"),
            Refusal("\u{feff}{}", "1:1: expected a value, found the byte 239"),
            Refusal("[\u{a0}1]", "1:2: expected a value, found the byte 194"),
            Refusal("[\u{c}1]", "1:2: expected a value, found the byte 12"),
            Refusal("[1\u{0}]", "1:3: expected ',' or ']', found the byte 0"),
            Refusal("{}\u{0}", "1:3: expected the end of the document, found the byte 0"),
        ]
    )
    func structure(refusal: Refusal) { expectRefused(refusal) }

    @Test(
        "words that are near to values are refused",
        arguments: [
            Refusal("True", "1:1: expected a value, found 'T'"),
            Refusal("tru", "1:1: expected true, found 't'"),
            Refusal("[nul]", "1:2: expected null, found 'n'"),
            Refusal("falsé", "1:1: expected false, found 'f'"),
            Refusal("truex", "1:5: expected the end of the document, found 'x'"),
            Refusal("[truefalse]", "1:6: expected ',' or ']', found 'f'"),
            Refusal("NaN", "1:1: expected a value, found 'N'"),
            Refusal("Infinity", "1:1: expected a value, found 'I'"),
            Refusal("undefined", "1:1: expected a value, found 'u'"),
        ]
    )
    func words(refusal: Refusal) { expectRefused(refusal) }

    @Test(
        "numbers that are not to the letter are refused",
        arguments: [
            Refusal("01", "1:2: expected no digit after a leading 0, found '1'"),
            Refusal("-01", "1:3: expected no digit after a leading 0, found '1'"),
            Refusal("00", "1:2: expected no digit after a leading 0, found '0'"),
            Refusal("+1", "1:1: expected a value, found '+'"),
            Refusal(".5", "1:1: expected a value, found '.'"),
            Refusal("-", "1:2: expected a digit, found the end"),
            Refusal("--1", "1:2: expected a digit, found '-'"),
            Refusal("- 1", "1:2: expected a digit, found the byte 32"),
            Refusal("-.5", "1:2: expected a digit, found '.'"),
            Refusal("-Infinity", "1:2: expected a digit, found 'I'"),
            Refusal("[1.]", "1:4: expected a digit, found ']'"),
            Refusal("1.e3", "1:3: expected a digit, found 'e'"),
            Refusal("1e", "1:3: expected a digit, found the end"),
            Refusal("1e+", "1:4: expected a digit, found the end"),
            Refusal("1e+-2", "1:4: expected a digit, found '-'"),
            Refusal("1.2.3", "1:4: expected the end of the document, found '.'"),
            Refusal("1e2.5", "1:4: expected the end of the document, found '.'"),
            Refusal("0x1f", "1:2: expected the end of the document, found 'x'"),
            Refusal("1_000", "1:2: expected the end of the document, found '_'"),
            Refusal("１", "1:1: expected a value, found the byte 239"),
            Refusal("[\n 1e400]", "2:2: expected a number that a double holds, found a larger one"),
            Refusal("-1e99999999999999999999", "1:1: expected a number that a double holds, found a larger one"),
        ]
    )
    func malformedNumbers(refusal: Refusal) { expectRefused(refusal) }

    @Test(
        "strings that are not to the letter are refused",
        arguments: [
            Refusal("\"", "1:2: expected '\"', found the end"),
            Refusal("[\"a]", "1:5: expected '\"', found the end"),
            Refusal("'a'", "1:1: expected a value, found '''"),
            Refusal("\"a\nb\"", "1:3: expected an escape for a control character, found the byte 10"),
            Refusal("\"\t\"", "1:2: expected an escape for a control character, found the byte 9"),
            Refusal("\"\u{1f}\"", "1:2: expected an escape for a control character, found the byte 31"),
            Refusal("\"\u{0}\"", "1:2: expected an escape for a control character, found the byte 0"),
            Refusal(#""\"#, "1:3: expected an escape, found the end"),
            Refusal(#""\x41""#, "1:3: expected an escape, found 'x'"),
            Refusal(#""\U0041""#, "1:3: expected an escape, found 'U'"),
            Refusal(#""\'""#, "1:3: expected an escape, found '''"),
            Refusal(#""\u12""#, "1:6: expected a hexadecimal digit, found '\"'"),
            Refusal(#""\u12g4""#, "1:6: expected a hexadecimal digit, found 'g'"),
            Refusal(#""\u+123""#, "1:4: expected a hexadecimal digit, found '+'"),
            Refusal(#""\u12"#, "1:6: expected a hexadecimal digit, found the end"),
            Refusal(#""\ud800""#, "1:8: expected a low surrogate, found '\"'"),
            Refusal(#""\ud800x""#, "1:8: expected a low surrogate, found 'x'"),
            Refusal(#""\ud800\n""#, "1:9: expected a low surrogate, found 'n'"),
            Refusal(#""\ud800\u0041""#, "1:14: expected a low surrogate before here, found another character"),
            Refusal(#""\ud800\ud800""#, "1:14: expected a low surrogate before here, found another character"),
            Refusal(#""\udc00""#, "1:8: expected a high surrogate before here, found a low one"),
            Refusal(#"{"a":1,"\udc00\ud800":2}"#, "1:15: expected a high surrogate before here, found a low one"),
        ]
    )
    func malformedStrings(refusal: Refusal) { expectRefused(refusal) }

    @Test(
        "bytes in a string that are no UTF-8 are refused, with or without an escape beside them",
        arguments: [
            [0x80], [0xff], [0xc3], [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
            [0xf0, 0x9f, 0x98], [0xc3, 0x28], [0xe2, 0x82],
        ] as [[UInt8]],
        ["", #"\n"#]
    )
    func malformedUTF8(bytes: [UInt8], escape: String) {
        let document = Array("[\n\"\(escape)".utf8) + bytes + Array("\"]".utf8)
        let message = fault { () throws(JSONError) in _ = try JSON(parsing: document) }
        #expect(message == "not JSON: 2:1: expected UTF-8, found a string that is not")
    }

    @Test("two spellings of one character make equal keys")
    func canonicallyEqualKeys() {
        let message = fault { () throws(JSONError) in _ = try JSON(parsing: #"{"\u00e9":1,"e\u0301":2}"#) }
        #expect(message?.hasSuffix("twice") == true)
    }

    @Test(
        "nothing is escaped that need not be",
        arguments: [
            ("\"\\/", #""\"\\/""#), ("\u{8}\t\n\u{c}\r", #""\b\t\n\f\r""#),
            ("\u{1}\u{f}\u{10}\u{1f}\u{7f}", "\"\\u0001\\u000f\\u0010\\u001f\u{7f}\""),
            ("é😀\u{2028}", "\"é😀\u{2028}\""),
            (["\n": [1]], #"{"\n":[1]}"#), (1.0, "1"), (0.1, "0.1"), (.double(1e300), "1e+300"), (-2.5, "-2.5"),
            (.double(-0.0), "-0"), (.double(.nan), #""NaN""#), (.double(.infinity), #""Infinity""#),
            (.double(-.infinity), #""-Infinity""#), (.int(.min), "-9223372036854775808"),
        ] as [(JSON, String)]
    )
    func written(value: JSON, text: String) {
        #expect(value.text == text)
    }
}
