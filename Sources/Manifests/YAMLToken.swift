/// What a YAML document is made of, in order: enough to read objects, without where its keys and values end in the text.
package struct YAMLToken: Hashable, Sendable {
    /// What a token is.
    package enum Kind: Hashable, Sendable {
        /// A text; a plain one stands without quotes, and is not always a text.
        case scalar(String, isPlain: Bool)
        /// Keys and values follow in turns, up to the end.
        case mapping
        /// Items follow, up to the end.
        case list
        /// Of the mapping or list that began last.
        case end
    }

    /// What it is.
    package let kind: Kind
    /// The line, from 1.
    package let line: Int

    /// A token at a line.
    package init(kind: Kind, line: Int) {
        self.kind = kind
        self.line = line
    }
}
