import Addressing
import NetworkModel

/// What the reconciler remembers of connections that may lead to nowhere.
struct FlowBook: Sendable {
    /// Whether every service's connections were looked at since the start.
    var hasSeenAll = false
    /// To be looked at again at the next tick: a look failed, or a packet may have been under way during the last one.
    var later = FlowSearch()
    /// How many connections were forgotten.
    var forgotten = 0
    /// How many looks failed.
    var failures = 0
}

/// A look at connections that is to be taken.
struct FlowLook: Sendable {
    let search: FlowSearch
    /// Whether the next tick's look is to follow.
    let isFirst: Bool
}

// Forgetting connections: after the rules, beside them, and never in their way.
extension Reconciler where K: ~Copyable {
    /// Looks at connections whenever some may be stale, until the task is cancelled.
    func watchFlows() async {
        for await _ in looks.arrivals {
            let begin = ContinuousClock.now
            var (first, again) = (FlowSearch(), FlowSearch())
            for look in looks.takeAll() {
                if look.isFirst { first.join(look.search) } else { again.join(look.search) }
            }
            if !first.isEmpty, await look(first) { state.flows.later.join(first.untilNextTick) }
            if !again.isEmpty { _ = await look(again) }
            // However fast services change, walking the kernel's table costs no more than a tenth of the time.
            try? await Task.sleep(for: (ContinuousClock.now - begin) * 9)
        }
    }

    /// Returns false when it has to be tried again.
    private func look(_ search: FlowSearch) async -> Bool {
        let begin = ContinuousClock.now
        do throws(KernelError) {
            let filters = core.flowFilters(search)
            let flows = try await flowKernel.run { kernel throws(KernelError) -> [Flow] in
                var flows: [Flow] = []
                for filter in filters { flows += try kernel.flows(filter) }
                return flows
            }
            // By what is alive now, not by what was when the look was asked for.
            let stale = core.staleFlows(flows, in: search)
            let count = try await forget(stale)
            let took = ContinuousClock.now - begin
            record.change { $0.lookedAtFlows(of: Set(filters.map(\.family)), took: took) }
            if count > 0 { notify(.forgot(count, took: took)) }
            return true
        } catch {
            state.flows.failures += 1
            state.flows.later.join(search)
            notify(.flowsKept(error))
            return false
        }
    }

    private func forget(_ stale: [Flow]) async throws(KernelError) -> Int {
        var count = 0
        for family in IPAddress.Family.allCases {
            let flows = stale.filter { $0.source.address.family == family }
            guard !flows.isEmpty else { continue }
            let gone = try await flowKernel.run { kernel throws(KernelError) -> Int in try kernel.forget(flows) }
            record.change { $0.forgot(gone, of: family) }
            state.flows.forgotten += gone
            count += gone
        }
        return count
    }

    /// A transaction is in the kernel. Before all connections were looked at, those of services that exist are left to
    /// that look.
    func lookAtFlows(after transaction: ProxyTransaction) {
        var search = transaction.flowSearch
        if !state.flows.hasSeenAll, core.source == .complete {
            search.lost = search.lost.filter { core.mirror.frontends[$0] == nil }
            search.begun = []
        }
        if !search.isEmpty { looks.put(FlowLook(search: search, isFirst: true)) }
    }

    /// The kernel is as the source wants it: what an earlier run, or another proxy, left undone is done now.
    func lookAtAllOnce() {
        guard !state.flows.hasSeenAll, core.source == .complete else { return }
        state.flows.hasSeenAll = true
        looks.put(FlowLook(search: .all, isFirst: false))
    }

    /// Some time has passed.
    func lookAgain() {
        guard !state.flows.later.isEmpty else { return }
        looks.put(FlowLook(search: state.flows.later, isFirst: false))
        state.flows.later = FlowSearch()
    }
}

extension FlowSearch {
    /// What is looked at once more: a packet that was under way during the transaction may have begun a connection by the
    /// former rules afterwards. TCP's would find out by themselves.
    fileprivate var untilNextTick: FlowSearch {
        FlowSearch(lost: lost.filter { $0.transport != .tcp }, begun: begun.filter { $0.transport != .tcp })
    }
}
