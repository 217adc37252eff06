import Addressing

/// The label itself if it is one by RFC 1123: at most 63 small letters, digits and hyphens, no hyphen at either end.
func checkedLabel(_ text: String, as expected: String) throws(InvalidValue) -> String {
    let bytes = text.utf8
    guard !bytes.isEmpty else { throw InvalidValue(text, isNot: expected, reason: "empty") }
    guard bytes.count <= 63 else {
        throw InvalidValue(shortened(text), isNot: expected, reason: "longer than 63 bytes")
    }
    guard bytes.allSatisfy({ isLabelByte($0) }), bytes.first != hyphen, bytes.last != hyphen else {
        throw InvalidValue(text, isNot: expected, reason: "only small letters, digits and inner hyphens are allowed")
    }
    return text
}

/// The text itself if it is a DNS subdomain (RFC 1123): labels with dots between them, at most 253 bytes.
func checkedSubdomain(_ text: String, as expected: String) throws(InvalidValue) -> String {
    guard text.utf8.count <= 253 else {
        throw InvalidValue(shortened(text), isNot: expected, reason: "longer than 253 bytes")
    }
    for label in text.split(separator: ".", omittingEmptySubsequences: false) {
        let bytes = label.utf8
        guard !bytes.isEmpty, bytes.allSatisfy({ isLabelByte($0) }), bytes.first != hyphen, bytes.last != hyphen else {
            throw InvalidValue(text, isNot: expected, reason: "it is no DNS subdomain")
        }
    }
    return text
}

/// The text itself if a terminal can show it as one word: 1…253 printable ASCII bytes.
///
/// Pods of other runtimes than the kubelet's have names that Kubernetes would refuse.
func checkedWord(_ text: String, as expected: String) throws(InvalidValue) -> String {
    guard (1...253).contains(text.utf8.count) else {
        throw InvalidValue(shortened(text), isNot: expected, reason: "1 to 253 bytes are allowed")
    }
    guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        throw InvalidValue(text, isNot: expected, reason: "only printable ASCII without spaces is allowed")
    }
    return text
}

/// The text, cut when it is long enough to flood a log line.
func shortened(_ text: String) -> String {
    text.utf8.count <= 80 ? text : "\(text.prefix(60))… (\(text.utf8.count) bytes)"
}

private let hyphen = UInt8(ascii: "-")

private func isLabelByte(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == hyphen
}
