/// A rule: expressions that run one after the other until one does not match.
package struct Rule: Hashable, Sendable {
    /// The expressions.
    package var expressions: [Expression]
    /// What it is for. At most 127 bytes.
    package var comment: String?

    /// These expressions.
    package init(_ expressions: [Expression], comment: String? = nil) {
        self.expressions = expressions
        self.comment = comment
    }
}

/// A rule that is in the kernel, with the kernel's number for it, by which alone it can be deleted.
package struct StandingRule: Hashable, Sendable {
    /// Unique within the table.
    package let handle: UInt64
    /// The rule.
    package let rule: Rule

    /// Pairs the two.
    package init(handle: UInt64, _ rule: Rule) {
        self.handle = handle
        self.rule = rule
    }
}

/// What happens to a packet.
package enum Verdict: Hashable, Sendable {
    case accept
    case drop
    /// Back to the chain that jumped here.
    case `return`
    /// Call a chain; come back when it falls through.
    case jump(String)
    /// As `jump`, but come back to the caller's caller.
    case goto(String)
}
