/// The state of things in numbers.
package struct ReconcilerNumbers: Hashable, Sendable {
    /// The latest generation of what is wanted.
    package let generation: UInt64
    /// Services and endpoints.
    package let census: ServiceCount
    /// EndpointSlices.
    package let slices: Int
    /// Services that the kernel does not take.
    package let quarantined: Int
    /// Claims of addresses that others have.
    package let clashes: Int
    /// What is wrong in the source.
    package let problems: Int
    /// How often others' changes were taken back.
    package let driftRepaired: Int
    /// Whether all of the source is known.
    package let isComplete: Bool
}

// What follows from changes of single services besides the kernel's tables.
extension Reconciler where K: ~Copyable {
    /// The state of things in numbers. Costs what has changed since somebody last asked.
    package func numbers() -> ReconcilerNumbers {
        state.census.count(in: core)
        return ReconcilerNumbers(
            generation: state.generation,
            census: state.census.total,
            slices: core.table.sliceCount,
            quarantined: core.quarantined.count,
            clashes: core.table.clashes.count,
            problems: state.source.problems.count,
            driftRepaired: state.driftRepaired,
            isComplete: core.source == .complete
        )
    }

    /// Takes notice of the services that were looked at since this was last called.
    ///
    /// Load balancers are told of fewer endpoints also while the kernel takes nothing: who asks had better go elsewhere.
    func followUp() {
        let names = core.takeTouched()
        guard !names.isEmpty else { return }
        state.census.note(names, in: core)
        var isNews = false
        for name in names {
            let check = core.healthCheck(of: name)
            guard state.healthChecks[name] != check else { continue }
            state.healthChecks[name] = check
            isNews = true
        }
        if isNews { notify(.healthChecks(state.healthChecks)) }
    }
}
