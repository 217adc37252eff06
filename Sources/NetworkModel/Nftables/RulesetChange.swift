/// One message of a transaction.
///
/// A list of them is applied as a whole or not at all. `add…` of something that is there with the same properties is no
/// error; `delete…` of something that is not there is one.
package enum RulesetChange: Hashable, Sendable {
    case addTable(TableID, flags: UInt32, comment: String?)
    case deleteTable(TableID)
    /// The chain without its rules.
    case addChain(TableID, String, Chain.Base?, comment: String?)
    case deleteChain(TableID, String)
    /// Removes all rules of a chain.
    case flushChain(TableID, String)
    case appendRule(TableID, chain: String, Rule)
    /// Removes one rule by the kernel's number for it.
    case deleteRule(TableID, chain: String, handle: UInt64)
    /// The set without its elements.
    case addSet(
        TableID,
        String,
        key: [ElementSet.DataType],
        value: ElementSet.Value?,
        dynamic: ElementSet.Dynamic? = nil,
        comment: String?
    )
    case deleteSet(TableID, String)
    case addElements(TableID, set: String, [KeyedElement])
    case deleteElements(TableID, set: String, [[UInt8]])
}

/// An element with its key.
package struct KeyedElement: Hashable, Sendable {
    /// The key's bytes, each part padded to 4 when there are several.
    package let key: [UInt8]
    /// The rest.
    package let element: Element

    /// Pairs the two.
    package init(_ key: [UInt8], _ element: Element) {
        self.key = key
        self.element = element
    }
}

extension RulesetChange {
    /// Adds a set without its elements.
    package static func addSet(_ table: TableID, named name: String, _ set: ElementSet) -> RulesetChange {
        .addSet(table, name, key: set.key, value: set.value, dynamic: set.dynamic, comment: set.comment)
    }
}
