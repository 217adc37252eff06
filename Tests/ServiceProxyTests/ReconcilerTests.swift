import Addressing
import Control
import FakeKernel
import NetworkModel
import ServiceProxy
import Synchronization
import Testing

/// A fake kernel that a test can look into and change while a reconciler holds it.
final class SharedKernel: Sendable {
    let kernel = Mutex(FakeKernel())
    /// Refuses transactions that this matches, with this error.
    let refusal = Mutex<(@Sendable ([RulesetChange]) -> KernelError?)?>(nil)

    /// What looking at connections fails with.
    let flowError = Mutex<KernelError?>(nil)

    var services: KernelServices {
        kernel.withLock { KernelServices(reading: $0.state.ruleset.tables[ServiceRuleset(.v4).table] ?? Table()) }
    }

    var frontends: [String] { services.entries.map { "\($0.frontend) × \($0.count)" } }

    var commits: Int {
        kernel.withLock { $0.calls.count { if case .commit = $0 { true } else { false } } }
    }

    struct Handle: Kernel, ~Copyable, Sendable {
        let shared: SharedKernel

        mutating func observe(_ scope: Scope) throws(KernelError) -> NetworkState {
            try shared.kernel.withLock { kernel throws(KernelError) in try kernel.observe(scope) }
        }

        mutating func apply(_ step: Step) throws(KernelError) {
            try shared.kernel.withLock { kernel throws(KernelError) in try kernel.apply(step) }
        }

        mutating func hostLinks() throws(KernelError) -> [Link] {
            try shared.kernel.withLock { kernel throws(KernelError) in try kernel.hostLinks() }
        }

        mutating func generation() throws(KernelError) -> UInt32 {
            try shared.kernel.withLock { kernel throws(KernelError) in try kernel.generation() }
        }

        mutating func chainNames(of table: TableID) throws(KernelError) -> Set<String>? {
            try shared.kernel.withLock { kernel throws(KernelError) in try kernel.chainNames(of: table) }
        }

        mutating func flows(_ filter: FlowFilter) throws(KernelError) -> [Flow] {
            if let error = shared.flowError.withLock({ $0 }) { throw error }
            return try shared.kernel.withLock { kernel throws(KernelError) in try kernel.flows(filter) }
        }

        mutating func forget(_ flows: [Flow]) throws(KernelError) -> Int {
            try shared.kernel.withLock { kernel throws(KernelError) in try kernel.forget(flows) }
        }

        mutating func commit(_ changes: [RulesetChange], generation: UInt32?) throws(KernelError) {
            if let error = shared.refusal.withLock({ $0 })?(changes) { throw error }
            try shared.kernel.withLock { kernel throws(KernelError) in
                try kernel.commit(changes, generation: generation)
            }
        }
    }
}

/// A running reconciler and what it says.
struct Running {
    let shared: SharedKernel
    let reconciler: Reconciler<SharedKernel.Handle>
    let notices: AsyncStream<ReconcilerNotice>

    /// Puts in an event and returns everything up to the state that it leads to.
    func take(_ event: ReconcilerEvent) async -> [ReconcilerNotice] {
        reconciler.inbox.put(event)
        return await untilSettled()
    }

    func take(_ changes: [ServiceChange], _ delivery: ProxyCore.Delivery = .complete) async -> [ReconcilerNotice] {
        await take(.source(SourceUpdate(changes, delivery, noticed: .now)))
    }

    func untilSettled() async -> [ReconcilerNotice] {
        var seen: [ReconcilerNotice] = []
        for await notice in notices {
            seen.append(notice)
            if case .settled = notice { break }
        }
        return seen
    }

    /// Everything up to the first look at connections that found something or failed.
    func untilLooked() async -> [ReconcilerNotice] {
        var seen: [ReconcilerNotice] = []
        for await notice in notices {
            seen.append(notice)
            if case .forgot = notice { break }
            if case .flowsKept = notice { break }
        }
        return seen
    }

    func status() async throws -> Status {
        let process = ReconcilerProcess(
            version: "1",
            id: 1,
            startedAt: .init(secondsSinceEpoch: 0),
            source: .init(kind: "directory", location: "/d")
        )
        let list = await reconciler.status(at: .init(secondsSinceEpoch: 0), on: "n", of: process)
        return try #require(list.items.first)
    }
}

func withReconciler(
    _ shared: SharedKernel = SharedKernel(),
    _ settings: ProxySettings = ProxySettings(families: [.v4]),
    auditing audit: Duration = .seconds(3_600),
    bridging: Bool = false,
    takingOver: Bool = false,
    hears: @escaping @Sendable (Bool) -> Void = { _ in },
    _ body: (Running) async throws -> Void
) async throws {
    let (notices, continuation) = AsyncStream.makeStream(of: ReconcilerNotice.self)
    let reconciler = Reconciler(
        settings,
        kernel: SharedKernel.Handle(shared: shared),
        flows: SharedKernel.Handle(shared: shared),
        bridging: bridging,
        hears: hears,
        takingOver: takingOver
    ) {
        continuation.yield($0)
    }
    try await withThrowingDiscardingTaskGroup { group in
        group.addTask { await reconciler.run(ticking: .seconds(3_600), auditing: audit) }
        try await body(Running(shared: shared, reconciler: reconciler, notices: notices))
        group.cancelAll()
    }
}

func web(_ name: String, _ address: String, _ endpoint: String) throws -> [ServiceChange] {
    [
        .service(try service(name, [address])),
        .slice(try slice("\(name)-1", of: name, endpoints(endpoint))),
    ]
}

extension [ReconcilerNotice] {
    /// What load balancers are told from now on, if it is something else.
    fileprivate var healthChecks: [ServiceName: HealthCheck]? {
        compactMap { if case .healthChecks(let checks) = $0 { checks } else { nil } }.last
    }

    var words: [String] {
        map { notice in
            switch notice {
            case .alive: "alive"
            case .adopted(let frontends, _): "adopted \(frontends)"
            case .unreadable: "unreadable"
            case .committed(let commit): "committed \(commit.services)"
            case .refused(let error, _): "refused \(error.reason)"
            case .quarantined(let service, _): "quarantined \(service)"
            case .stuck: "stuck"
            case .repaired(let writers, _): "repaired \(writers.map(\.description).joined(separator: " "))"
            case .healthChecks(let checks): "health checks \(checks.count)"
            case .settled(let summary): "settled \(summary.isSettled)"
            case .tookOver(let tables): "took over \(tables.map(\.description).joined(separator: " "))"
            case .forgot(let count, _): "forgot \(count)"
            case .unbridged(let error): "unbridged \(error.reason)"
            case .flowsKept(let error): "kept \(error.reason)"
            }
        }
    }
}

@Suite("The reconciler")
struct ReconcilerTests {
    @Test("does nothing before the source has told everything it has at least once")
    func waits() async throws {
        try await withReconciler { running in
            #expect(await running.take([], .waiting).words == ["adopted 0", "settled false"])
            #expect(running.shared.commits == 0)
            let changes = try web("web", "10.96.0.1", "10.11.0.1")
            #expect(await running.take(changes).words == ["committed 1", "settled true"])
            #expect(running.shared.frontends == ["10.96.0.1:80/tcp × 1"])
        }
    }

    @Test("tells load balancers of every change, and counts what there is")
    func healthChecksAndNumbers() async throws {
        try await withReconciler { running in
            var balanced = try service("web", ["10.96.0.1"])
            balanced.exposure = ServiceExposure(
                isLoadBalancer: true,
                policy: .local,
                healthCheckNodePort: try port(30_999)
            )
            var notices = await running.take([.service(balanced)])
            #expect(notices.words == ["adopted 0", "committed 1", "health checks 1", "settled true"])
            #expect(await running.reconciler.numbers().census.withoutEndpoints == 1)
            notices = await running.take([.slice(try slice("web-1", of: "web", endpoints("10.11.0.1", "10.11.0.2")))])
            #expect(try notices.healthChecks?[name("web")]?.readyHere == [.v4: 2])
            notices = await running.take([.slice(try slice("db-1", of: "db", endpoints("10.11.0.3")))])
            #expect(notices.healthChecks == nil)
            let numbers = await running.reconciler.numbers()
            #expect((numbers.census.services, numbers.census.withoutEndpoints, numbers.slices) == (1, 0, 2))
            #expect(numbers.census.endpoints == [.ready: 2])
            notices = await running.take([.deleteService(try name("web"))])
            #expect(notices.healthChecks == [:])
            #expect(await running.reconciler.numbers().census.services == 0)
            let figures = running.reconciler.record.current
            #expect((figures.pending.services, figures.total.services, figures.total.endpoints) == (0, 2, 2))
            #expect(figures.families[.v4]?.fullSyncs.count == 1 && figures.families[.v4]?.partialSyncs.count == 2)
            #expect(figures.programming.count == 3)
        }
    }

    @Test("finds what an earlier run left and changes nothing of what is right")
    func adopts() async throws {
        let shared = SharedKernel()
        let changes = try web("web", "10.96.0.1", "10.11.0.1") + web("db", "10.96.0.2", "10.11.0.2")
        try await withReconciler(shared) { _ = await $0.take(changes) }
        let commits = shared.commits
        try await withReconciler(shared) { running in
            #expect(await running.take(changes).words == ["adopted 2", "settled true"])
            #expect(shared.commits == commits)
            let items = await running.reconciler.endpoints(at: .init(secondsSinceEpoch: 0), on: "n").items
            #expect(items.map(\.applied?.generation) == [1, 1])
        }
    }

    /// A half-open connection to web's first endpoint, which an earlier run had in the kernel.
    private func lost() throws -> Flow {
        let client = FlowEnd(ip("10.11.0.9"), try port(40_000))
        let (virtual, gone) = (FlowEnd(ip("10.96.0.1"), try port(80)), FlowEnd(ip("10.11.0.1"), try port(8080)))
        return Flow(.tcp, from: client, to: virtual, answeredBy: gone, to: client, isAnswered: false)
    }

    @Test("connections to an endpoint that is gone are forgotten, also if it went while nobody looked")
    func forgets() async throws {
        let shared = SharedKernel()
        let flow = try lost()
        try await withReconciler(shared) { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            shared.kernel.withLock { $0.flows = [flow] }
            running.reconciler.inbox.put(
                .source(SourceUpdate(try web("web", "10.96.0.1", "10.11.0.2"), noticed: .now))
            )
            #expect(await running.untilLooked().words.last == "forgot 1")
            #expect(shared.kernel.withLock { $0.flows } == [])
            #expect(try await running.status().flows == Status.Flows(forgotten: 1, failures: 0))
            let figures = try #require(running.reconciler.record.current.families[.v4])
            #expect(figures.forgottenFlows == 1 && figures.flowLooks.count >= 1)
        }
        shared.kernel.withLock { $0.flows = [flow] }
        try await withReconciler(shared) { running in
            running.reconciler.inbox.put(
                .source(SourceUpdate(try web("web", "10.96.0.1", "10.11.0.3"), noticed: .now))
            )
            #expect(await running.untilLooked().words.last == "forgot 1")
        }
    }

    @Test("what a cluster says of its networks is in the rules from the first transaction on, and is followed")
    func facts() async throws {
        let (shared, cidr) = (SharedKernel(), try #require(CIDR("10.96.0.0/16")))
        let pods = try #require(CIDR("10.11.0.0/16"))
        let settings = ProxySettings(asksNodeForPodCIDRs: true, families: [.v4])
        let changes = try web("web", "10.96.0.1", "10.11.0.1")
        for facts in [ClusterFacts(serviceCIDRs: [cidr]), ClusterFacts(podCIDRs: [pods], serviceCIDRs: [cidr])] {
            try await withReconciler(shared, settings) { running in
                let commits = shared.commits
                let update = SourceUpdate(changes, facts: facts, noticed: .now)
                #expect(await running.take(.source(update)).words.last == "settled true")
                #expect(shared.commits == commits + 1)
                #expect(await running.take(.source(update)).words.last == "settled true")
                #expect(await running.take(.settings(settings)).words == ["settled true"])
                let table = shared.kernel.withLock { $0.state.ruleset.tables[ServiceRuleset(.v4).table] }
                let skeleton = ServiceRuleset(.v4).skeleton(settings.completed(by: facts))
                #expect(table?.chains["unserved"] == skeleton.chains["unserved"])
                #expect(table?.chains["from-outside"] == skeleton.chains["from-outside"])
            }
        }
    }

    @Test("what stays when others remove our tables follows the virtual addresses' ranges", arguments: [true, false])
    func bridge(_ isBridging: Bool) async throws {
        let (shared, settings) = (SharedKernel(), ProxySettings(families: [.v4]))
        let anchor = TableID(.ip, "podnet-anchor")
        var kernel = SharedKernel.Handle(shared: shared)
        if isBridging { #expect(try kernel.bridgeFlushes(for: settings)) }
        try await withReconciler(shared, settings, bridging: isBridging) { running in
            let changes = try web("web", "10.96.0.1", "10.11.0.1")
            for ranges in [["10.96.0.0/16"], ["10.96.0.0/16", "10.98.0.0/16"], []] {
                let facts = ClusterFacts(serviceCIDRs: ranges.compactMap { CIDR($0) })
                let update = SourceUpdate(changes, facts: facts, noticed: .now)
                #expect(await running.take(.source(update)).words.last == "settled true")
                let table = shared.kernel.withLock { $0.state.ruleset.tables[anchor] }
                #expect(table?.chains["unallocated"]?.rules.count ?? 0 == (isBridging ? ranges.count : 0))
            }
            guard isBridging else { return }
            shared.refusal.withLock { refusal in
                refusal = { changes in
                    guard case .flushChain(anchor, _)? = changes.first else { return nil }
                    return KernelError("commit", "ruleset", reason: .exhausted, text: "")
                }
            }
            let facts = ClusterFacts(serviceCIDRs: [CIDR("10.99.0.0/16")].compactMap(\.self))
            _ = await running.take(.source(SourceUpdate([], facts: facts, noticed: .now)))
            let more = ClusterFacts(serviceCIDRs: ["10.98.0.0/16", "10.99.0.0/16"].compactMap { CIDR($0) })
            let words = await running.take(.source(SourceUpdate([], facts: more, noticed: .now))).words
            #expect(words.first == "unbridged \(KernelError.Reason.exhausted)" && words.last == "settled true")
        }
    }

    @Test("that connections cannot be looked at holds nothing up, and is tried again")
    func forgetsLater() async throws {
        let shared = SharedKernel()
        let flow = try lost()
        try await withReconciler(shared) { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            shared.kernel.withLock { $0.flows = [flow] }
            let error = KernelError("read flows of", "tcp", reason: .exhausted, text: "no memory")
            shared.flowError.withLock { $0 = error }
            running.reconciler.inbox.put(
                .source(SourceUpdate(try web("web", "10.96.0.1", "10.11.0.2"), noticed: .now))
            )
            #expect(await running.untilLooked().words.last == "kept exhausted")
            let changes = try web("db", "10.96.0.2", "10.11.0.2")
            #expect(await running.take(changes).words.contains("committed 1"))
            #expect(shared.kernel.withLock { $0.flows } == [flow])
            shared.flowError.withLock { $0 = nil }
            running.reconciler.inbox.put(.tick)
            #expect(await running.untilLooked().words.last == "forgot 1")
        }
    }

    @Test("a source that is broken when it starts leaves the kernel as it is")
    func broken() async throws {
        let shared = SharedKernel()
        try await withReconciler(shared) { _ = await $0.take(try web("web", "10.96.0.1", "10.11.0.1")) }
        try await withReconciler(shared) { running in
            _ = await running.take([], .waiting)
            _ = await running.take(try web("db", "10.96.0.2", "10.11.0.2"), .partial)
            #expect(shared.frontends == ["10.96.0.1:80/tcp × 1", "10.96.0.2:80/tcp × 1"])
            _ = await running.take([], .complete)
            #expect(shared.frontends == ["10.96.0.2:80/tcp × 1"])
        }
    }

    @Test("a service that the kernel refuses is left out and named; the others are served")
    func quarantine() async throws {
        try await withReconciler { running in
            running.shared.refusal.withLock { refusal in
                refusal = { changes in
                    guard "\(changes)".contains("default/bad") else { return nil }
                    return KernelError("add elements", "frontends", reason: .invalid, text: "Invalid argument")
                }
            }
            let changes = try (0..<20).flatMap { try web("s\($0)", "10.96.0.\($0)", "10.11.0.\($0)") }
            let bad = try web("bad", "10.96.1.1", "10.11.0.1")
            let seen = await running.take(changes + bad).words
            #expect(seen.contains("quarantined default/bad"))
            #expect(running.shared.frontends.count == 20)
            let status = try await running.status()
            #expect(status.problems.map(\.object) == ["Service default/bad"])
            #expect(status.problems.first?.reason.contains("Invalid argument") == true)
            let items = await running.reconciler.endpoints(at: .init(secondsSinceEpoch: 0), on: "n").items
            let rows = items.filter { $0.service == "bad" }
            #expect(rows.map(\.applied) == [nil])
            #expect(rows.first?.reason?.contains("the kernel refused the service") == true)
        }
    }

    @Test("without privilege it waits for the next tick instead of trying for ever")
    func denied() async throws {
        try await withReconciler { running in
            let denial = KernelError("commit", "ruleset", reason: .denied, text: "Operation not permitted")
            running.shared.refusal.withLock { $0 = { _ in denial } }
            let changes = try web("web", "10.96.0.1", "10.11.0.1")
            #expect(await running.take(changes).words == ["adopted 0", "refused denied", "stuck", "settled false"])
            running.shared.refusal.withLock { $0 = nil }
            #expect(await running.take(.tick).words == ["alive", "committed 1", "settled true"])
        }
    }

    @Test("takes back what somebody else did, and names who it was")
    func repairs() async throws {
        try await withReconciler { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            running.shared.kernel.withLock { $0.changeBehindTheBack { $0 = Ruleset() } }
            let vandal = RulesetWriter(generation: 77, processID: 8_123, processName: "nft")
            let seen = await running.take(.ruleset([vandal], missed: false)).words
            #expect(seen == ["adopted 0", "committed 1", "repaired nft[8123]", "settled true"])
            #expect(running.shared.frontends == ["10.96.0.1:80/tcp × 1"])
        }
    }

    @Test("its own commits are no reason to look again")
    func ownCommits() async throws {
        try await withReconciler { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            let generation = running.shared.kernel.withLock { kernel in (try? kernel.generation()) ?? 0 }
            let own = RulesetWriter(generation: generation, processID: 1, processName: "podnetd")
            #expect(await running.take(.ruleset([own], missed: false)).words == ["settled true"])
        }
    }

    @Test("somebody who writes between reading and writing is noticed, and what he did taken into account")
    func race() async throws {
        let shared = SharedKernel()
        try await withReconciler(shared) { _ = await $0.take(try web("web", "10.96.0.1", "10.11.0.1")) }
        let meddles = Mutex(true)
        shared.refusal.withLock { refusal in
            refusal = { _ in
                let isFirst = meddles.withLock { meddles in
                    defer { meddles = false }
                    return meddles
                }
                if isFirst { shared.kernel.withLock { $0.changeBehindTheBack { $0 = Ruleset() } } }
                return nil
            }
        }
        try await withReconciler(shared) { running in
            let changes = try web("web", "10.96.0.1", "10.11.0.1") + web("db", "10.96.0.2", "10.11.0.2")
            let seen = await running.take(changes).words
            #expect(seen == ["adopted 1", "refused interrupted", "adopted 0", "committed 2", "settled true"])
            #expect(shared.frontends.count == 2)
        }
    }

    @Test("a service is as old as its source says, where it does")
    func age() async throws {
        let created = "2026-11-23T06:04:12Z"
        try await withReconciler { running in
            _ = await running.take([
                .service(try service("new", ["10.96.0.1"])),
                .service(try service("old", ["10.96.0.2"], created: created)),
            ])
            let now = Control.Timestamp(secondsSinceEpoch: 0)
            let list = await running.reconciler.services(at: now, on: "n", origins: [:])
            #expect(list.items.map { $0.since?.description } == [nil, created])
        }
    }

    @Test("new settings replace the rules and keep the services")
    func settings() async throws {
        try await withReconciler { running in
            _ = await running.take(try web("web", "10.96.0.1", "10.11.0.1"))
            let seen = await running.take(.settings(ProxySettings(masqueradeAll: true, families: [.v4]))).words
            #expect(seen == ["adopted 1", "committed 1", "settled true"])
            #expect(running.shared.frontends == ["10.96.0.1:80/tcp × 1"])
            let again = await running.take(.settings(ProxySettings(masqueradeAll: true, families: [.v4]))).words
            #expect(again == ["settled true"])
        }
    }
}

@Suite("What a refusal leads to")
struct ReconcilerRecoveryTests {
    @Test(
        "by the kernel's reason and how often the tables were read for it",
        arguments: [
            (KernelError.Reason.interrupted, 0, ReconcilerRecovery.readAnew),
            (.interrupted, 3, .insist),
            (.exists, 2, .readAnew),
            (.notFound, 3, .blame),
            (.denied, 0, .wait),
            (.invalid, 0, .blame),
            (.exhausted, 0, .blame),
        ]
    )
    func decision(_ reason: KernelError.Reason, _ count: Int, _ recovery: ReconcilerRecovery) {
        #expect(ReconcilerRecovery(reason, readAnew: count) == recovery)
    }
}

@Suite("The probe for tables that others cannot change")
struct ReconcilerProbeTests {
    @Test(
        "tells old kernels from new ones by what is refused",
        arguments: [
            (KernelError.Reason.notFound, UInt32(6)), (.unsupported, 0), (.invalid, 0),
        ]
    )
    func flags(_ reason: KernelError.Reason, _ flags: UInt32) throws {
        let shared = SharedKernel()
        shared.refusal.withLock { refusal in
            refusal = { _ in KernelError("commit", "ruleset", reason: reason, text: "") }
        }
        var kernel = SharedKernel.Handle(shared: shared)
        #expect(try kernel.protectingTableFlags() == flags)
    }

    @Test("open connections stay translated by tables of an owner, where there are such", arguments: [true, false])
    func anchor(_ isKnown: Bool) throws {
        let shared = SharedKernel()
        if !isKnown {
            shared.refusal.withLock { refusal in
                refusal = { _ in KernelError("add", "table", reason: .unsupported, text: "Operation not supported") }
            }
        }
        var kernel = SharedKernel.Handle(shared: shared)
        #expect(try kernel.bridgeFlushes(for: ProxySettings()) == isKnown)
        let tables = shared.kernel.withLock { $0.state.ruleset.tables }
        let names = isKnown ? ["ip podnet-anchor", "ip6 podnet-anchor"] : []
        #expect(tables.keys.map(\.description).sorted() == names)
        #expect(tables.values.allSatisfy { $0.flags == TableFlags.owner })
    }
}
