/// The name of a network interface: 1…15 bytes, as the kernel's `dev_valid_name` and the CNI specification want it.
package struct InterfaceName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name.
    package let text: String

    /// Takes a name that the kernel would take, or says why it would not.
    package init(_ text: String) throws(InvalidValue) {
        if let reason = Self.fault(in: text) {
            throw InvalidValue(text, isNot: "an interface name", reason: reason)
        }
        self.text = text
    }

    private static func fault(in text: String) -> String? {
        if text.isEmpty { return "empty" }
        if text.utf8.count > 15 { return "longer than 15 bytes" }
        if text == "." || text == ".." { return "a directory name" }
        if text.unicodeScalars.contains(where: isForbidden) { return "holds '/', ':', a NUL or white space" }
        // The kernel takes "veth%d" for a pattern and answers with another name.
        return text.utf8.contains(UInt8(ascii: "%")) ? "holds '%'" : nil
    }

    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0, 0x09...0x0d, 0x20, 0x2f, 0x3a: true
        case 0x80...: scalar.properties.isWhitespace
        default: false
        }
    }

    /// The name.
    package var description: String { text }

    /// By text.
    package static func < (left: InterfaceName, right: InterfaceName) -> Bool { left.text < right.text }
}
