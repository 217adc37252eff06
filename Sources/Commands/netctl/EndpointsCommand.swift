import ArgumentParser
import Control

/// `netctl endpoints`
struct EndpointsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints",
        abstract: "Every virtual IP and port with each endpoint behind it, as wanted, as applied and in the kernel.",
        discussion: """
            STATE is how the endpoint is: ready, not-ready, terminating, excluded, no-endpoints, invalid; undesired when \
            only the kernel has it, unknown without the daemon.
            KERNEL is what the kernel has: ok, absent (rightly), MISSING, STALE, reject (rightly), unknown.
            """,
        aliases: ["ep", "eps", "sep"]
    )

    @Argument(
        help: ArgumentHelp(
            "Services (web, default/web, svc/web), pods (pod/web-0) or addresses (10.96.14.20:80/tcp).",
            valueName: "name"
        )
    )
    var names: [String] = []

    @OptionGroup var list: ListOptions
    @OptionGroup var source: SourceOptions

    func validate() throws { try list.checkOrder(of: EndpointItem.self) }

    func run() async throws {
        guard list.watch else {
            return try Listing<EndpointItem>(noun: "endpoint", names: names, options: list).show(
                try await snapshot(nil)
            )
        }
        var watching = Watching<EndpointItem>(list, names)
        try await watching.run { revision async throws(Failure) in try await snapshot(revision) }
    }

    private func snapshot(_ revision: Revision?) async throws(Failure) -> Snapshot<EndpointItem> {
        let facts = try await ServiceFacts.gather(source, withServices: false, after: revision)
        return Snapshot(rows: facts.endpoints, provenance: facts.provenance, metadata: facts.provenance.metadata)
    }
}
