import Yams

/// What is wrong with a field, with the path to it built on the way out.
struct YAMLFieldError: Error {
    /// From the outermost field: `spec`, `ports`, `[0]`, `port`.
    var path: [String] = []
    let value: String
    let reason: String

    /// `spec.ports[0].port`
    var field: String {
        path.reduce("") { text, part in text.isEmpty || part.hasPrefix("[") ? text + part : "\(text).\(part)" }
    }

    func under(_ part: String) -> YAMLFieldError {
        var error = self
        error.path.insert(part, at: 0)
        return error
    }
}

// Scalars are typed as Kubernetes types them after its own conversion to JSON, but nothing is guessed: what YAML 1.1,
// YAML 1.2 and Go read differently (`010`, `0x50`, `80.0`, `8_0`, `yes`) is refused, not read as one of them does.
extension Node {
    /// Calls `body` with each field of a mapping; null is an empty one.
    func forEachField(
        _ body: (String, Node) throws(YAMLFieldError) -> Void
    ) throws(YAMLFieldError) {
        if isNull { return }
        guard case .mapping(let mapping) = self else { throw expected("a mapping") }
        for (key, value) in mapping {
            guard case .scalar(let name) = key else { throw key.expected("a field name") }
            if name.string == "<<" { throw YAMLFieldError(value: "<<", reason: "merge keys are not supported") }
            do throws(YAMLFieldError) {
                try body(name.string, value)
            } catch {
                throw error.under(name.string)
            }
        }
    }

    /// The items of a sequence, each read by `read`; nil for null.
    func list<Item>(_ read: (Node) throws(YAMLFieldError) -> Item) throws(YAMLFieldError) -> [Item]? {
        if isNull { return nil }
        guard case .sequence(let nodes) = self else { throw expected("a list") }
        var items: [Item] = []
        items.reserveCapacity(nodes.count)
        for node in nodes {
            do throws(YAMLFieldError) {
                items.append(try read(node))
            } catch {
                throw error.under("[\(items.count)]")
            }
        }
        return items
    }

    /// The texts of a sequence; nil for null, "" for a null in it.
    func texts() throws(YAMLFieldError) -> [String]? {
        try list { item throws(YAMLFieldError) in try item.text() ?? "" }
    }

    /// A text; nil for null. Plain words that YAML may take for something else need quotes.
    func text() throws(YAMLFieldError) -> String? {
        if isNull { return nil }
        guard case .scalar(let scalar) = self else { throw expected("a text") }
        if scalar.style == .plain && looksTyped(scalar.string) {
            throw expected("a text", because: "put it in quotes")
        }
        return scalar.string
    }

    /// A time; the one kind of text that is commonly written without quotes though it looks like something else.
    func time() throws(YAMLFieldError) -> String? {
        if isNull { return nil }
        guard case .scalar(let scalar) = self else { throw expected("a time") }
        return scalar.string
    }

    /// A decimal number; nil for null.
    func integer() throws(YAMLFieldError) -> Int? {
        if isNull { return nil }
        guard case .scalar(let scalar) = self else { throw expected("a number") }
        guard scalar.style == .plain else { throw expected("a number", because: "leave out the quotes") }
        let digits = scalar.string.utf8.drop { $0 == UInt8(ascii: "-") }
        let isDecimal = digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let hasLeadingZero = digits.count > 1 && digits.first == UInt8(ascii: "0")
        guard isDecimal, !hasLeadingZero, let number = Int(scalar.string) else {
            throw expected("a number", because: "only plain decimal digits are taken")
        }
        return number
    }

    /// `true` or `false`; nil for null.
    func boolean() throws(YAMLFieldError) -> Bool? {
        if isNull { return nil }
        guard case .scalar(let scalar) = self, scalar.style == .plain else { throw expected("true or false") }
        switch scalar.string {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: throw expected("true or false")
        }
    }

    /// Whether it is an unquoted null.
    var isNull: Bool {
        guard case .scalar(let scalar) = self, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    private func expected(_ kind: String, because hint: String? = nil) -> YAMLFieldError {
        let value =
            switch self {
            case .scalar(let scalar): scalar.string
            case .mapping: "a mapping"
            case .sequence: "a list"
            case .alias: "an alias"
            }
        let cut = String(value.prefix(60))
        return YAMLFieldError(value: cut, reason: "'\(cut)' is not \(kind)\(hint.map { ": \($0)" } ?? "")")
    }
}

/// Whether some YAML reader takes the plain scalar for a number, truth value or time.
private func looksTyped(_ text: String) -> Bool {
    guard let first = text.utf8.first else { return false }
    switch first {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
        return looksNumeric(text)
    case UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"),
        UInt8(ascii: "T"),
        UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "o"), UInt8(ascii: "O"):
        return ["y", "n", "yes", "no", "true", "false", "on", "off"].contains(text.lowercased())
    default:
        return false
    }
}

/// Digits with at most one point, exponents, radix prefixes and `_`, `.inf` and `.nan`; not `10.96.0.1` or `1-a`.
private func looksNumeric(_ text: String) -> Bool {
    let body = text.lowercased().drop { $0 == "-" || $0 == "+" }
    if body == ".inf" || body == ".nan" { return true }
    if ["0x", "0o", "0b"].contains(String(body.prefix(2))) { return body.dropFirst(2).allSatisfy(\.isHexDigit) }
    let points = body.filter { $0 == "." }.count
    return points <= 1 && body.contains(where: \.isNumber)
        && body.allSatisfy { $0.isNumber || "._e+-".contains($0) } && !isDashed(body)
}

/// Dates as `2026-11-23`, and other runs of digits with inner hyphens, which are texts for JSON.
private func isDashed(_ body: Substring) -> Bool {
    body.dropFirst().contains("-") && !body.contains("e")
}
