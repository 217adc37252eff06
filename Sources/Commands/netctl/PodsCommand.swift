import ArgumentParser
import Control
import Posix

/// `netctl pods`
struct PodsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pods",
        abstract: "Every attachment: container, interface, addresses, the host's end and the namespace.",
        discussion: """
            Needs no daemon: it reads links, routes, leases and what the runtimes remember. STATE is up, down, \
            ORPHAN (an address is leased and nothing is there) or unknown (made by other plugins).
            """,
        aliases: ["po", "pod", "att", "attachments"]
    )

    @Argument(
        help: ArgumentHelp(
            "Pods (web-0, default/web-0), containers (ct:4f1a), addresses, links or namespaces' paths.",
            valueName: "name"
        )
    )
    var names: [String] = []

    @OptionGroup var list: ListOptions

    @Option(help: ArgumentHelp("Where host-local keeps its leases.", valueName: "path", visibility: .hidden))
    var leaseDir = "/var/lib/cni/networks"

    @Option(help: ArgumentHelp("Where libcni keeps its results.", valueName: "path", visibility: .hidden))
    var resultDir = "/var/lib/cni/results"

    func validate() throws { try list.checkOrder(of: PodItem.self) }

    func run() async throws {
        guard list.watch else {
            let listing = Listing<PodItem>(noun: "pod", names: names, options: list, showsProvenance: false)
            return try listing.show(try snapshot())
        }
        var watching = Watching<PodItem>(list, names)
        try await watching.run { _ async throws(Failure) in try snapshot() }
    }

    private func snapshot() throws(Failure) -> Snapshot<PodItem> {
        var collector = PodCollector(AttachmentFiles(leaseDirectory: leaseDir, resultDirectory: resultDir))
        let rows = AttachmentJoin.rows(try collector.collect())
        if rows.isEmpty, collector.isDenied { throw Failure(.denied, collector.warnings, next: Failure.asRoot) }
        let provenance = Provenance(node: Host.name, now: Host.now, daemon: .notAsked, kernel: .notAsked)
        let metadata = Metadata(
            node: provenance.node,
            generatedAt: provenance.now,
            sources: [.kernel, .files],
            partial: !collector.warnings.isEmpty,
            warnings: collector.warnings
        )
        return Snapshot(rows: rows, provenance: provenance, metadata: metadata)
    }
}
