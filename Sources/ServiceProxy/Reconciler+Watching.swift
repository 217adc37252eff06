import NetworkModel

// Others' changes of our tables: noticed by events and, in case those say too little, by an audit now and then.
extension Reconciler where K: ~Copyable {
    /// Looking at our tables, and taking back what others do, must not cost more than a twentieth of the time.
    static var rest: Int { 20 }

    /// From so many changes on a transaction is announced to nobody: that costs the kernel more than the change itself.
    private static var bulk: Int { 1_000 }

    private var isWatching: Bool { core.settings.tableFlags & TableFlags.owner == 0 }

    /// Others' changes of any ruleset: they may be of ours, unless the kernel sees to it that they are not.
    func suspect(_ writers: [RulesetWriter], _ missed: Bool) {
        let others = writers.filter { !state.ownGenerations.contains($0.generation) }
        state.ownGenerations.subtract(writers.map(\.generation))
        if missed { state.ownGenerations = [] }
        guard isWatching else { return }
        if missed { state.suspicion.suspectAnything() }
        for writer in others where writer.concerns(core.tableIDs) {
            state.suspicion.suspect(writer)
            if state.lastOwnGeneration.map({ writer.generation.precedes($0) }) ?? false {
                state.suspicion.ownCommitFollowed()
            }
        }
        if let last = writers.last { state.suspicion.heard(upTo: last.generation) }
    }

    /// Takes back what others did where all of it is known, and has our tables read otherwise.
    func verify() async {
        if state.knowsKernel, let (touched, generation) = state.suspicion.known {
            let begin = clock.now
            if await takeBack(touched, generation) {
                state.nextVerification = clock.now + (clock.now - begin) * Self.rest
                return
            }
        }
        state.knowsKernel = false
    }

    /// Whether it worked: nobody may have written since.
    private func takeBack(_ touched: [TableID: TableTouch], _ generation: UInt32) async -> Bool {
        guard let rules = try? await readRules(of: touched.filter { $0.value.reachesRules }.keys),
            let changes = core.remedy(for: touched, rules)
        else { return false }
        let attempt = changes.isEmpty ? Attempt() : await attempt(changes, at: generation)
        guard attempt.error == nil else { return false }
        if !changes.isEmpty { noteOwn(generation) }
        state.suspicion.repaired(changes.objectCount)
        state.suspicion.verified()
        if attempt.hasMissed { state.suspicion.suspectAnything() }
        return true
    }

    /// Tables without what services have in them: that does not take longer when there are many services.
    private func readRules(of tables: some Sequence<TableID>) async throws(KernelError) -> Ruleset {
        var scope = Scope()
        for table in tables { scope.tables[table] = .sets(core.staticSets(of: table)) }
        guard !scope.tables.isEmpty else { return Ruleset() }
        return try await kernel.run { [scope] kernel throws(KernelError) in try kernel.observe(scope).ruleset }
    }

    /// A commit of ours has succeeded, where the ruleset had this number before, if it is known.
    func noteOwn(_ generation: UInt32?) {
        state.suspicion.ownCommitFollowed()
        state.lastOwnGeneration = generation?.nextGeneration
        if isWatching, let own = state.lastOwnGeneration { state.ownGenerations.insert(own) }
    }

    /// What stays when others remove our tables is about the same virtual addresses as they are.
    func followWithBridge() async {
        guard let former = state.bridged, former.serviceCIDRs != core.settings.serviceCIDRs else { return }
        let settings = core.settings
        do throws(KernelError) {
            _ = try await kernel.run { kernel throws(KernelError) in
                try kernel.bridgeFlushes(for: settings, after: former)
            }
            state.bridged = settings
        } catch {
            notify(.unbridged(error))
        }
    }

    /// When it is time to, has our tables read whether or not anything points to a change.
    ///
    /// Changes of the source wait meanwhile, so tables that take longer than a second to read are left alone.
    func beginAudit(every interval: Duration) {
        let now = clock.now
        let due = state.nextAudit ?? now + interval
        state.nextAudit = now < due ? due : now + interval
        if now >= due, state.source.hasSpoken, state.lastReading < .seconds(1) { state.suspicion.suspectAnything() }
    }

    /// When to wake up for a look at our tables; nil where there is no need to, or somebody will do it.
    func wakeTime() -> ContinuousClock.Instant? {
        guard state.suspicion.isPending, !state.isStuck, !state.isWakeSet else { return nil }
        state.isWakeSet = true
        return state.nextVerification
    }
}

extension Reconciler where K: ~Copyable {
    /// What came of a commit.
    struct Attempt: Sendable {
        /// The ruleset's number before, where it is known.
        var generation: UInt32?
        /// Whether others may have written unheard.
        var hasMissed = false
        /// Why it was refused.
        var error: KernelError?
    }

    /// Commits, if nobody has written since our tables were read for it, or had this number.
    func attempt(_ changes: [RulesetChange], at generation: UInt32? = nil) async -> Attempt {
        let (readGeneration, isWatching) = (generation ?? state.readGeneration, isWatching)
        let insists = generation == nil && state.insists
        let isBulk = isWatching && !insists && changes.objectCount >= Self.bulk
        let attempt = try? await kernel.run { [hears] kernel throws(KernelError) -> Attempt in
            var attempt = Attempt()
            do throws(KernelError) {
                attempt.generation = insists ? nil : readGeneration
                // Knowing the number before makes our own commit's number known, which tells it from others' commits.
                if attempt.generation == nil, isWatching, !insists { attempt.generation = try kernel.generation() }
                if isBulk { hears(false) }
                try kernel.commit(changes, generation: attempt.generation)
            } catch {
                attempt.error = error
            }
            guard isBulk, let before = attempt.generation else { return attempt }
            hears(true)
            let expected = attempt.error == nil ? before.nextGeneration : before
            attempt.hasMissed = (try? kernel.generation()) != expected
            return attempt
        }
        return attempt ?? Attempt()
    }
}

extension UInt32 {
    /// Whether a ruleset's number is from before another: they are counted up, and begin again after the last.
    fileprivate func precedes(_ other: UInt32) -> Bool { self != other && other &- self < 1 << 31 }
}
