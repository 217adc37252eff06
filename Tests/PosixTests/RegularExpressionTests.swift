import Posix
import Testing

@Suite("Regular expressions")
struct RegularExpressionTests {
    @Test(
        "a pattern describes a part of a text, or all of it",
        arguments: [
            ("ipv4", "net.ipv4.ip_forward", true), ("^net\\.ipv4\\.[a-z_]+$", "net.ipv4.ip_forward", true),
            ("^ipv4", "net.ipv4.ip_forward", false), ("(a|b){2}", "xab", true), ("", "anything", true),
        ]
    )
    func match(_ pattern: String, _ text: String, _ isMatch: Bool) throws {
        let expression = try RegularExpression(pattern)
        #expect(expression.matches(partOf: text) == isMatch)
    }

    @Test("what is no pattern is named with the reason", arguments: ["a(", "[", "a\0b"])
    func invalid(_ pattern: String) {
        let error = #expect(throws: RegularExpression.Invalid.self) { _ = try RegularExpression(pattern) }
        #expect(error?.description.hasPrefix("'\(pattern)' is no regular expression: ") == true)
    }
}
