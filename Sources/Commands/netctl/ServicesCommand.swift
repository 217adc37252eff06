import ArgumentParser
import Control

/// `netctl services`
struct ServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services",
        abstract: "Services with their virtual IPs, ports and numbers of endpoints.",
        discussion: """
            KERNEL is what the kernel has of its endpoints: ok, reject (a port has no endpoint, rightly refused), \
            DRIFT (see netctl endpoints --problems), STALE, absent, unknown.
            """,
        aliases: ["svc", "svcs", "service"]
    )

    @Argument(help: ArgumentHelp("Services (web, default/web) or addresses (10.96.14.20).", valueName: "name"))
    var names: [String] = []

    @OptionGroup var list: ListOptions
    @OptionGroup var source: SourceOptions

    func validate() throws { try list.checkOrder(of: ServiceItem.self) }

    func run() async throws {
        guard list.watch else {
            return try Listing<ServiceItem>(noun: "service", names: names, options: list).show(try await snapshot(nil))
        }
        var watching = Watching<ServiceItem>(list, names)
        try await watching.run { revision async throws(Failure) in try await snapshot(revision) }
    }

    private func snapshot(_ revision: Revision?) async throws(Failure) -> Snapshot<ServiceItem> {
        let facts = try await ServiceFacts.gather(source, withServices: true, after: revision)
        let rows =
            facts.services.map { ServiceJoin.rows(desired: $0, endpoints: facts.endpoints) }
            ?? ServiceJoin.rows(kernelOnly: facts.endpoints)
        return Snapshot(rows: rows, provenance: facts.provenance, metadata: facts.provenance.metadata)
    }
}
