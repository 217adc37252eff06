package import NetworkModel

/// What to do about a transaction that the kernel did not take.
package enum ReconcilerRecovery: Hashable, Sendable {
    /// Read the tables anew and make another transaction from what is there.
    case readAnew
    /// Try the same again without asking that nobody else wrote meanwhile: somebody always does.
    case insist
    /// Its content is to blame: find out which part.
    case blame
    /// No transaction would be taken; wait.
    case wait

    /// How often the tables are read anew for one transaction.
    package static let limit = 3

    /// Decides by the kernel's answer and how often the tables have been read anew for it already.
    package init(_ reason: KernelError.Reason, readAnew count: Int) {
        self =
            switch reason {
            // The generation moved on: somebody wrote between our reading and our writing.
            case .interrupted: count < Self.limit ? .readAnew : .insist
            // Something that we took for there is not, or the other way round.
            case .exists, .notFound: count < Self.limit ? .readAnew : .blame
            // No privilege, or the table belongs to another process (flag owner).
            case .denied, .busy: .wait
            case .invalid, .unsupported, .exhausted, .other: .blame
            }
    }
}
