import Addressing
import Control
import NetworkModel
import Posix

/// Gathers what the kernel and the files tell of attachments; what cannot be read becomes a warning.
struct PodCollector {
    /// Where plugins and runtimes keep their files.
    let files: AttachmentFiles

    private(set) var warnings: [String] = []
    private(set) var isDenied = false

    init(_ files: AttachmentFiles) { self.files = files }

    /// Everything that can be read. Throws when not even the links can.
    mutating func collect() throws(Failure) -> AttachmentEvidence {
        var evidence = AttachmentEvidence()
        switch KernelReader.links() {
        case .success(let links): evidence.links = links
        case .failure(let error): throw Failure(error.reason == .denied ? .denied : .operational, ["\(error)"])
        }
        let bridges = Set(evidence.links.compactMap(\.master))
        let wires = take(KernelReader.podWires(behind: bridges)) ?? .init()
        evidence.podRoutes = wires.routes
        evidence.neighbors = wires.neighbors
        let files = files
        evidence.taggedAddresses = take(KernelReader.taggedAddresses()) ?? [:]
        evidence.leases = read { () throws(PosixError) in try files.leases() } ?? []
        evidence.results = read { () throws(PosixError) in try files.results() } ?? []
        evidence.livingNetns = living(evidence)
        evidence.traffic = read { () throws(PosixError) in try files.traffic() } ?? [:]
        return evidence
    }

    private func living(_ evidence: AttachmentEvidence) -> Set<String> {
        let paths = evidence.leases.compactMap(\.netns) + evidence.results.compactMap(\.netns)
        return Set(paths).filter { path in
            switch NetnsFile.inspect(path) {
            // One that may not be opened is there.
            case .other, .own, .unreadable: true
            case .missing, .notANetns: false
            }
        }
    }

    private mutating func take<Value>(_ result: Result<Value, KernelError>) -> Value? {
        switch result {
        case .success(let value):
            return value
        case .failure(let error):
            warnings.append("\(error)")
            isDenied = isDenied || error.reason == .denied
            return nil
        }
    }

    private mutating func read<Value>(_ body: () throws(PosixError) -> Value) -> Value? {
        do throws(PosixError) {
            return try body()
        } catch {
            warnings.append("\(error)")
            isDenied = isDenied || error.reason == .denied
            return nil
        }
    }
}
