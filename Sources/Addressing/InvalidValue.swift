/// A text that is not the value it was taken for.
///
/// Every initialiser of this module that reads text throws it, so that a value is valid once held.
package struct InvalidValue: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the text was taken for, with its article: `"a CIDR"`, `"an interface name"`.
    package let expected: String
    /// The text as given.
    package let text: String
    /// What is wrong with it, when that is not obvious: `"longer than 15 bytes"`.
    package let reason: String?

    /// Describes `text`, which is not `expected`.
    package init(_ text: String, isNot expected: String, reason: String? = nil) {
        self.expected = expected
        self.text = text
        self.reason = reason
    }

    /// For example `'10.0.0.0/33' is not a CIDR: prefix length over 32`.
    package var description: String {
        let sentence = "'\(text)' is not \(expected)"
        return reason.map { "\(sentence): \($0)" } ?? sentence
    }
}
