internal import Glibc

/// An extended regular expression of POSIX (regex(7)).
@safe
package struct RegularExpression: ~Copyable {
    /// A text that is no regular expression.
    package struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        /// The text.
        package let pattern: String
        /// The C library's words.
        package let reason: String

        /// For example `'a(' is no regular expression: Unmatched ( or \(`.
        package var description: String { "'\(pattern)' is no regular expression: \(reason)" }
    }

    private let compiled: regex_t

    /// Reads an expression.
    package init(_ pattern: String) throws(Invalid) {
        // A C string ends at its first NUL, and half of a pattern may match more than the whole.
        guard !pattern.utf8.contains(0) else { throw Invalid(pattern: pattern, reason: "it holds a NUL") }
        var compiled = unsafe regex_t()
        let code = unsafe regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB)
        guard code == 0 else { throw Invalid(pattern: pattern, reason: Self.words(for: code)) }
        unsafe self.compiled = compiled
    }

    /// Whether some part of the text is as described; `^` and `$` tie a pattern to its ends.
    package func matches(partOf text: String) -> Bool {
        unsafe withUnsafePointer(to: compiled) { unsafe regexec($0, text, 0, nil, 0) == 0 }
    }

    private static func words(for code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        _ = unsafe regerror(code, nil, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        var compiled = unsafe compiled
        unsafe regfree(&compiled)
    }
}
