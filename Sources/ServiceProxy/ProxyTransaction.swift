import Addressing
package import NetworkModel

/// Changes that go to the kernel as one transaction, and what they are for.
///
/// Give it back to the core that made it: `committed`, `refused` or `postponed`. Only one is under way at a time.
package struct ProxyTransaction: Sendable {
    /// The changes, to be applied as a whole. None when only connections are to be forgotten.
    package let changes: [RulesetChange]
    /// The services whose elements they change.
    package let services: [ServiceName]
    /// Connections to forget once the transaction is in the kernel.
    package let staleFlows: [StaleFlows]
    /// How to take it back.
    let undo: Undo

    /// What the core was before.
    struct Undo: Sendable {
        let journal: MirrorJournal
        let tables: [IPAddress.Family: TableState]
        let hasUnclaimed: Bool
        /// Whether it changes rules too.
        let makesTables: Bool
    }
}

/// How much of a family's table is in the kernel.
enum TableState: Hashable, Sendable {
    case missing
    /// There is one whose rules are not those that we would write.
    case foreign
    /// With so many pick chains; `pending` are changes that it needs once.
    case present(pickers: Int, pending: [RulesetChange])

    /// How many pick chains are there.
    var pickers: Int {
        guard case .present(let pickers, _) = self else { return 0 }
        return pickers
    }

    /// Whether it is as it should be.
    var isComplete: Bool {
        guard case .present(_, let pending) = self else { return false }
        return pending.isEmpty
    }
}
