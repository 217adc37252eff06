import Control
import NetworkModel

/// What the daemon and the kernel tell of services, read so that the two belong together.
struct ServiceFacts {
    /// The endpoints, judged.
    let endpoints: [EndpointItem]
    /// The daemon's services; nil when it was not asked or did not answer.
    let services: [ServiceItem]?
    /// Where they come from.
    let provenance: Provenance

    /// Asks whom `options` name. Throws when nobody answers.
    ///
    /// The daemon may be changing the kernel between its answer and our look. So what is missing or stale is looked at
    /// once more a moment later, and again as long as the daemon moves on.
    static func gather(
        _ options: SourceOptions,
        withServices: Bool,
        after revision: Revision? = nil
    ) async throws(Failure) -> ServiceFacts {
        var facts = try await gatherOnce(options, withServices, after: revision)
        for _ in 0..<5 where facts.generation != nil && facts.endpoints.contains(where: \.isDrift) {
            try? await Task.sleep(for: .milliseconds(100))
            let again = try await gatherOnce(options, withServices, after: nil)
            let hasMoved = again.generation != facts.generation
            facts = again
            if !hasMoved { break }
        }
        return facts
    }

    /// The daemon's generation, when it answered.
    var generation: UInt64? { provenance.metadata.generation }

    private static func gatherOnce(
        _ options: SourceOptions,
        _ withServices: Bool,
        after revision: Revision?
    ) async throws(Failure) -> ServiceFacts {
        let asked = await askDaemon(options, withServices, after: revision)
        let looked: Result<KernelView, KernelError>? = options.source == .daemon ? nil : KernelReader.services()
        try refuseNothing(asked, looked)
        return join(asked, looked)
    }

    private typealias Lists = (endpoints: EndpointList, services: ServiceList?)

    private static func askDaemon(
        _ options: SourceOptions,
        _ withServices: Bool,
        after revision: Revision?
    ) async -> Result<Lists, DaemonClient.Unreachable>? {
        guard options.source != .kernel else { return nil }
        let client = options.daemon.client
        do throws(DaemonClient.Unreachable) {
            let endpoints = try await client.list(.endpoints, of: EndpointItem.self, after: revision)
            let services = withServices ? try await client.list(.services, of: ServiceItem.self) : nil
            return .success((endpoints, services))
        } catch {
            return .failure(error)
        }
    }

    /// An answer needs one of the two.
    private static func refuseNothing(
        _ asked: Result<Lists, DaemonClient.Unreachable>?,
        _ looked: Result<KernelView, KernelError>?
    ) throws(Failure) {
        switch (asked, looked) {
        case (.success?, _), (_, .success?), (nil, nil):
            return
        case (.failure(let daemon)?, nil):
            throw daemon.failure
        case (nil, .failure(let kernel)?):
            throw refusal([kernel.description], isDenied: kernel.reason == .denied, .operational)
        case (.failure(let daemon)?, .failure(let kernel)?):
            let isDenied = daemon.isDenied || kernel.reason == .denied
            throw refusal([daemon.reason, kernel.description], isDenied: isDenied, .daemonUnreachable)
        }
    }

    private static func refusal(_ lines: [String], isDenied: Bool, _ otherwise: Failure.Status) -> Failure {
        Failure(
            isDenied ? .denied : otherwise,
            lines,
            next: isDenied ? Failure.asRoot : "systemctl status podnetd"
        )
    }

    private static func join(
        _ asked: Result<Lists, DaemonClient.Unreachable>?,
        _ looked: Result<KernelView, KernelError>?
    ) -> ServiceFacts {
        let kernel = reading(looked)
        func facts(_ daemon: Provenance.Daemon, _ rows: [EndpointItem], _ services: [ServiceItem]?) -> ServiceFacts {
            let provenance = Provenance(node: Host.name, now: Host.now, daemon: daemon, kernel: kernel)
            return ServiceFacts(endpoints: rows, services: services, provenance: provenance)
        }
        let kernelOnly = kernel.view.map(EndpointJoin.rows(kernelOnly:)) ?? []
        switch asked {
        case nil:
            return facts(.notAsked, kernelOnly, nil)
        case .failure(let error)?:
            return facts(.unreachable(error.reason), kernelOnly, nil)
        case .success(let lists)?:
            let generation = lists.endpoints.metadata.generation ?? 0
            let rows = EndpointJoin.rows(desired: lists.endpoints.items, generation: generation, kernel: kernel)
            return facts(.answered(lists.endpoints.metadata), rows, lists.services?.items)
        }
    }

    private static func reading(_ looked: Result<KernelView, KernelError>?) -> KernelReading {
        switch looked {
        case nil: .notAsked
        case .success(let view)?: .view(view)
        case .failure(let error)?: .unreadable(error.description)
        }
    }
}

extension EndpointItem {
    /// Whether the kernel has something else than the daemon wants.
    fileprivate var isDrift: Bool { kernel?.state == .missing || kernel?.state == .stale }
}
