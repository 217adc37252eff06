package import NetworkModel

/// Keeps the kernel's tables as the source wants them.
///
/// Events go into `inbox`; `run` takes them out, lets the core decide and commits what it decides, one transaction at a
/// time. What happens is told to `notify`; requests are answered from the state between two transactions.
package actor Reconciler<K: Kernel & ~Copyable & Sendable> {
    /// Where events go.
    package nonisolated let inbox = ReconcilerInbox<ReconcilerEvent>()
    /// What was done so far.
    package nonisolated let record = SyncRecord()

    var core: ProxyCore
    var state = ReconcilerState()
    /// Looks at connections that are asked for.
    nonisolated let looks = ReconcilerInbox<FlowLook>()
    let kernel: ReconcilerKernel<K>
    /// The same kernel once more: what is done about connections must not hold up the rules.
    let flowKernel: ReconcilerKernel<K>
    let notify: @Sendable (ReconcilerNotice) -> Void
    let hears: @Sendable (Bool) -> Void
    let clock = ContinuousClock()

    /// Takes two handles of the kernel, one of them for connections; nothing is read or written before `run`.
    ///
    /// `bridging` is for a kernel that has what `bridgeFlushes` makes for the settings, and it follows them from now on.
    /// `hears` is told when nobody needs to listen to events of the ruleset, and when somebody does again.
    /// With `takingOver` kube-proxy's own tables go in the very transaction that makes ours complete.
    package init(
        _ settings: ProxySettings,
        kernel: consuming K,
        flows flowKernel: consuming K,
        bridging: Bool = false,
        hears: @escaping @Sendable (Bool) -> Void = { _ in },
        takingOver: Bool = false,
        notify: @escaping @Sendable (ReconcilerNotice) -> Void
    ) {
        core = ProxyCore(settings)
        self.kernel = ReconcilerKernel(kernel)
        self.flowKernel = ReconcilerKernel(flowKernel)
        self.hears = hears
        self.notify = notify
        state.takesOver = takingOver
        state.configured = settings
        state.bridged = bridging ? settings : nil
    }

    /// Adopts what is in the kernel, then acts on events until the task is cancelled or the inbox closed.
    ///
    /// The rules stay when it returns. Every `audit` the tables are read and compared, whatever the events said.
    package func run(ticking interval: Duration = .seconds(1), auditing audit: Duration = .seconds(600)) async {
        await readKernel()
        await withDiscardingTaskGroup { group in
            group.addTask { [inbox] in
                while (try? await Task.sleep(for: interval)) != nil { inbox.put(.tick) }
            }
            group.addTask { await self.watchFlows() }
            for await _ in inbox.arrivals {
                for event in inbox.takeAll() { handle(event) }
                beginAudit(every: audit)
                await reconcile()
                if let due = wakeTime() {
                    group.addTask { [inbox] in
                        try? await Task.sleep(until: due, clock: .continuous)
                        inbox.put(.due)
                    }
                }
            }
            group.cancelAll()
        }
    }
}

extension Reconciler where K: ~Copyable {
    private func handle(_ event: ReconcilerEvent) {
        switch event {
        case .source(let update): take(update)
        case .ruleset(let writers, let missed): suspect(writers, missed)
        case .due: state.isWakeSet = false
        case .settings(let settings): use(settings)
        case .node(let node): core.use(node)
        case .tick:
            state.isStuck = false
            lookAgain()
            notify(.alive)
        }
    }

    private func take(_ update: SourceUpdate) {
        state.source.take(update)
        record.change { $0.queued(update) }
        // Before the changes: the first transaction has the right rules already, and so has what an earlier run left.
        if let facts = update.facts, facts != state.facts {
            state.facts = facts
            adjust(to: state.configured ?? core.settings)
        }
        state.noticed = min(state.noticed ?? update.noticed, update.noticed)
        if !update.changes.isEmpty { state.generation += 1 }
        core.apply(update.changes)
        core.source = update.delivery
    }

    private func use(_ settings: ProxySettings) {
        core.retryQuarantined()
        adjust(to: settings)
    }

    /// Takes what is configured, with what the cluster says.
    private func adjust(to configured: ProxySettings) {
        state.configured = configured
        let settings = configured.completed(by: state.facts)
        guard settings != core.settings else { return }
        core = core.with(settings)
        state.knowsKernel = false
        state.generation += 1
    }
}

extension Reconciler where K: ~Copyable {
    /// Brings the kernel to what is wanted, as far as it lets us.
    private func reconcile() async {
        await followWithBridge()
        if state.suspicion.isPending, clock.now >= state.nextVerification { await verify() }
        while !state.isStuck {
            if !state.knowsKernel {
                await readKernel()
            } else if let transaction = core.next() {
                await commit(transaction)
            } else {
                break
            }
        }
        settle()
    }

    /// Reads our tables and takes them for what is there.
    func readKernel() async {
        let tables = core.tableIDs
        let takesOver = state.takesOver
        let begin = clock.now
        do throws(KernelError) {
            let (generation, ruleset, rivals) = try await kernel.run {
                kernel throws(KernelError) -> (UInt32, Ruleset, [TableID]) in
                // Before the tables, so that a change in between is noticed.
                let generation = try kernel.generation()
                var scope = Scope()
                for table in tables { scope.tables[table] = .all }
                let rivals = takesOver ? try kernel.rivalTables() : []
                return (generation, try kernel.observe(scope).ruleset, rivals)
            }
            let took = clock.now - begin
            core.rivals = rivals
            adopt(ruleset.claimed(by: core.settings), generation, took)
        } catch {
            state.isStuck = true
            notify(.unreadable(error))
        }
    }

    private func adopt(_ ruleset: Ruleset, _ generation: UInt32, _ took: Duration) {
        core.adopt(ruleset)
        state.knowsKernel = true
        state.lastReading = took
        state.readGeneration = generation
        if state.suspicion.isPending { state.nextVerification = clock.now + took * Self.rest }
        state.suspicion.verified()
        notify(.adopted(frontends: ruleset.frontendCount, took: took))
    }

    private func commit(_ transaction: ProxyTransaction) async {
        guard !transaction.changes.isEmpty else {
            core.committed(transaction)
            lookAtFlows(after: transaction)
            return
        }
        let begin = clock.now
        let attempt = await attempt(transaction.changes)
        if attempt.hasMissed { state.suspicion.suspectAnything() }
        if let error = attempt.error {
            recover(from: error, transaction)
        } else {
            core.committed(transaction)
            noteCommit(transaction, after: attempt.generation, since: begin)
            lookAtFlows(after: transaction)
            if !transaction.rivals.isEmpty { notify(.tookOver(transaction.rivals)) }
        }
    }

    private func recover(from error: KernelError, _ transaction: ProxyTransaction) {
        state.failures += 1
        record.change { $0.refused(transaction.changes.families) }
        let recovery = ReconcilerRecovery(error.reason, readAnew: state.readAnewCount)
        // Without our having read the tables for it, a moved generation says nothing about them.
        let isHarmless = error.reason == .interrupted && state.readGeneration == nil
        if !isHarmless { notify(.refused(error, transaction.changes)) }
        switch recovery {
        case .readAnew:
            core.postponed(transaction)
            state.readAnewCount += 1
            if !isHarmless { state.knowsKernel = false }
        case .insist:
            core.postponed(transaction)
            state.insists = true
        case .blame:
            blame(error, transaction)
        case .wait:
            core.postponed(transaction)
            stick(error)
        }
    }

    private func blame(_ error: KernelError, _ transaction: ProxyTransaction) {
        switch core.refused(transaction, because: error.description) {
        case .split: break
        case .quarantined(let service): notify(.quarantined(service, error))
        case .hopeless: stick(error)
        }
    }

    private func stick(_ error: KernelError) {
        state.isStuck = true
        notify(.stuck(error))
    }
}

extension Reconciler where K: ~Copyable {
    /// Keeps account of a transaction that the kernel took.
    private func noteCommit(
        _ transaction: ProxyTransaction,
        after generation: UInt32?,
        since begin: ContinuousClock.Instant
    ) {
        let now = clock.now
        let isFull = state.lastCommit == nil || state.readGeneration != nil || transaction.undo.makesTables
        noteOwn(generation)
        state.readGeneration = nil
        state.readAnewCount = 0
        state.insists = false
        for name in transaction.services {
            state.appliedIn[name] = core.table.services[name] == nil ? nil : state.generation
        }
        let commit = ReconcilerCommit(
            generation: state.generation,
            services: transaction.services.count,
            changes: transaction.changes.objectCount,
            took: now - begin,
            latency: state.noticed.map { now - $0 }
        )
        state.lastCommit = (commit, at: now)
        state.suspicion.repaired(commit.changes)
        record.change { $0.committed(commit, transaction.changes.families, isFull: isFull) }
        notify(.committed(commit))
    }

    /// Nothing more can be done for now.
    private func settle() {
        state.noticed = nil
        state.readGeneration = nil
        if state.knowsKernel, let (suspects, repairs) = state.suspicion.conclusion() {
            state.driftRepaired += 1
            notify(.repaired(suspects, changes: repairs))
        }
        let isSettled = state.knowsKernel && core.source != .waiting && !state.isStuck
        if isSettled {
            state.settledAt = clock.now
            state.adoptedIn = state.adoptedIn ?? state.generation
            lookAtAllOnce()
            if core.source == .complete, core.rivals.isEmpty { state.takesOver = false }
        }
        record.change { $0.rested(isSettled: isSettled, isWaiting: core.source == .waiting, at: .now) }
        followUp()
        guard state.source.hasSpoken else { return }
        notify(
            .settled(
                ReconcilerSummary(
                    generation: state.generation,
                    services: core.table.services.count,
                    quarantined: core.quarantined.count,
                    isSettled: isSettled,
                    problem: state.source.problem
                )
            )
        )
    }
}
