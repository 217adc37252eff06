import Addressing
package import NetworkModel

/// Changes that go to the kernel as one transaction, and what they are for.
///
/// Give it back to the core that made it: `committed`, `refused` or `postponed`. Only one is under way at a time.
package struct ProxyTransaction: Sendable {
    /// The changes, to be applied as a whole. None when only connections are to be looked at.
    package let changes: [RulesetChange]
    /// The services whose elements they change.
    package let services: [ServiceName]
    /// The frontends whose connections may lead to nowhere once it is in the kernel.
    package let flowSearch: FlowSearch
    /// Another proxy's tables, which it removes.
    package let rivals: [TableID]
    /// How to take it back.
    let undo: Undo

    /// What the core was before.
    struct Undo: Sendable {
        let journal: MirrorJournal
        let tables: [IPAddress.Family: TableState]
        let hasUnclaimed: Bool
        let rivals: [TableID]
        /// Whether it changes rules too.
        let makesTables: Bool
    }
}

/// How much of a family's table is in the kernel.
enum TableState: Hashable, Sendable {
    case missing
    /// There is one whose rules are not those that we would write.
    case foreign
    /// With the rules for so much; `pending` are changes that it needs once.
    case present(RulesetShape, pending: [RulesetChange])

    /// What the rules are there for; nil when they are not there.
    var shape: RulesetShape? {
        guard case .present(let shape, _) = self else { return nil }
        return shape
    }

    /// Whether it is as it should be.
    var isComplete: Bool {
        guard case .present(_, let pending) = self else { return false }
        return pending.isEmpty
    }
}
