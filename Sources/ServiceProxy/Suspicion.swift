import NetworkModel

/// What others may have done to our tables since those were last known to be right, and what it took to put it right.
struct Suspicion: Sendable {
    /// What is known of it.
    private enum Damage: Sendable {
        /// These touches and no others, made in this order; the ruleset had this number after the last.
        case known([TableID: TableTouch], generation: UInt32)
        /// It may be anything: our tables have to be read.
        case unknown
    }

    /// Who wrote, the latest; nobody knows who where this is empty.
    private(set) var writers: [RulesetWriter] = []
    private var damage: Damage?
    private var repairs = 0
    /// Whether there was something to look into that `conclusion` has not told of.
    private var isOpen = false

    /// Whether our tables still have to be looked at.
    var isPending: Bool { damage != nil }

    /// Somebody did something to our tables.
    mutating func suspect(_ writer: RulesetWriter) {
        writers = (writers + [writer]).suffix(8)
        isOpen = true
        switch (damage, writer.touched) {
        case (nil, .some(let touched)): damage = .known(touched, generation: writer.generation)
        case (.known(let earlier, _), .some(let touched)):
            damage = .known(earlier.merging(touched) { $0.followed(by: $1) }, generation: writer.generation)
        case (.unknown, _), (_, nil): damage = .unknown
        }
    }

    /// Somebody may have done anything to our tables.
    mutating func suspectAnything() {
        damage = .unknown
        isOpen = true
    }

    /// Nobody did anything to our tables up to this number that we were not told of.
    mutating func heard(upTo generation: UInt32) {
        if case .known(let touched, _)? = damage { damage = .known(touched, generation: generation) }
    }

    /// A commit of ours came in between: what others did before cannot simply be taken back any more.
    mutating func ownCommitFollowed() { if damage != nil { damage = .unknown } }

    /// All that was done, while the ruleset has this number; nil where our tables have to be read as a whole.
    var known: (touched: [TableID: TableTouch], generation: UInt32)? {
        guard case .known(let touched, let generation)? = damage,
            touched.values.allSatisfy({ $0.extent < .table })
        else { return nil }
        return (touched, generation)
    }

    /// Our tables are known again.
    mutating func verified() { damage = nil }

    /// So many changes were made since.
    mutating func repaired(_ changes: Int) { if isOpen { repairs += changes } }

    /// Who wrote and how many changes it took to put it right, once; nil as long as that is not done, or there were none.
    mutating func conclusion() -> (writers: [RulesetWriter], repairs: Int)? {
        guard isOpen, !isPending else { return nil }
        defer { self = Suspicion() }
        return repairs > 0 ? (writers, repairs) : nil
    }
}

extension TableTouch {
    fileprivate func followed(by later: TableTouch) -> TableTouch {
        var all = self
        all.append(later)
        return all
    }
}

extension RulesetWriter {
    /// Whether it may have done something to one of these tables.
    func concerns(_ tables: [TableID]) -> Bool { touched.map { $0.keys.contains(where: tables.contains) } ?? true }
}
