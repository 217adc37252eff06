import ServiceProxy

/// Reads the fields of a document of YAML.
///
/// Scalars are typed as Kubernetes types them after its own conversion to JSON, but nothing is guessed: what YAML 1.1,
/// YAML 1.2 and Go read differently (`010`, `0x50`, `80.0`, `8_0`, `yes`) is refused, not read as one of them does.
struct YAMLReader: FieldReader {
    private let tokens: [YAMLToken]
    private var position = 0
    /// Whether nobody has read the value at the position yet.
    private var isUnread = true

    /// Reads a document, which has at least one token.
    init(_ tokens: [YAMLToken]) {
        self.tokens = tokens
    }

    /// The line of what is next.
    var line: Int { tokens[position].line }

    var holdsFields: Bool { tokens[position].kind == .mapping }

    /// Whether an unquoted null is next.
    var holdsNull: Bool {
        guard case .scalar(let text, isPlain: true) = tokens[position].kind else { return false }
        return text.utf8.count <= 4 && ["", "~", "null", "Null", "NULL"].contains(text)
    }

    mutating func enterFields() throws(FieldFault) -> Bool { try enter(.mapping, "a mapping") }

    mutating func nextField() throws(FieldFault) -> String? {
        guard goesOn() else { return nil }
        guard case .scalar(let name, _) = tokens[position].kind else { throw unexpected("a field name") }
        if name == "<<" { throw FieldFault(value: "<<", reason: "merge keys are not supported") }
        position += 1
        isUnread = true
        return name
    }

    mutating func enterItems() throws(FieldFault) -> Bool { try enter(.list, "a list") }

    mutating func nextItem() throws(FieldFault) -> Bool {
        guard goesOn() else { return false }
        isUnread = true
        return true
    }

    mutating func text() throws(FieldFault) -> String? {
        guard let (text, isPlain) = try scalar("a text") else { return nil }
        if isPlain && text.looksTyped { throw unexpected("a text", because: "put it in quotes") }
        return take(text)
    }

    // The one kind of text that is commonly written without quotes though it looks like something else.
    mutating func time() throws(FieldFault) -> String? { take(try scalar("a time")?.text) }

    mutating func word() throws(FieldFault) -> String? {
        guard case .scalar(let text, _) = tokens[position].kind else { return nil }
        return take(text)
    }

    mutating func integer() throws(FieldFault) -> Int? {
        guard let (text, isPlain) = try scalar("a number") else { return nil }
        guard isPlain else { throw unexpected("a number", because: "leave out the quotes") }
        guard let number = text.decimal else {
            throw unexpected("a number", because: "only plain decimal digits are taken")
        }
        return take(number)
    }

    mutating func boolean() throws(FieldFault) -> Bool? {
        guard let (text, isPlain) = try scalar("true or false") else { return nil }
        switch isPlain ? text : "" {
        case "true", "True", "TRUE": return take(true)
        case "false", "False", "FALSE": return take(false)
        default: throw unexpected("true or false")
        }
    }
}

extension YAMLReader {
    /// Goes into what `opening` opens; false for null.
    private mutating func enter(_ opening: YAMLToken.Kind, _ what: String) throws(FieldFault) -> Bool {
        if holdsNull { return take(false) }
        guard tokens[position].kind == opening else { throw unexpected(what) }
        return take(true)
    }

    /// The scalar that is next, if it is one and not null.
    private mutating func scalar(_ what: String) throws(FieldFault) -> (text: String, isPlain: Bool)? {
        if holdsNull { return take(nil) }
        guard case .scalar(let text, let isPlain) = tokens[position].kind else { throw unexpected(what) }
        return (text, isPlain)
    }

    /// Steps over a token, which is `value`.
    private mutating func take<Value>(_ value: Value) -> Value {
        position += 1
        isUnread = false
        return value
    }

    /// Whether the mapping or list around goes on; steps over its end if not.
    private mutating func goesOn() -> Bool {
        if isUnread { skip() }
        guard tokens[position].kind == .end else { return true }
        return take(false)
    }

    private mutating func skip() {
        var depth = 0
        repeat {
            switch tokens[position].kind {
            case .scalar: break
            case .mapping, .list: depth += 1
            case .end: depth -= 1
            }
            position += 1
        } while depth > 0
        isUnread = false
    }

    private func unexpected(_ kind: String, because hint: String? = nil) -> FieldFault {
        let value =
            switch tokens[position].kind {
            case .scalar(let text, _): text
            case .mapping: "a mapping"
            case .list: "a list"
            case .end: "nothing"
            }
        let cut = String(value.prefix(60))
        return FieldFault(value: cut, reason: "'\(cut)' is not \(kind)\(hint.map { ": \($0)" } ?? "")")
    }
}
