import Addressing
import Control
import JSON
import Posix

/// Reads what plugins and runtimes keep in files about attachments.
struct AttachmentFiles {
    /// The directory of `host-local`, with one directory a network.
    let leaseDirectory: String
    /// The directory of libcni.
    let resultDirectory: String

    /// Every lease of every network.
    func leases() throws(PosixError) -> [AttachmentEvidence.Lease] {
        var leases: [AttachmentEvidence.Lease] = []
        for network in try FileSystem.listIfPresent(leaseDirectory) {
            let path = "\(leaseDirectory)/\(network)"
            guard try FileSystem.statusIfPresent(path, followLinks: true)?.kind == .directory else { continue }
            leases += try self.leases(of: network, in: path)
        }
        return leases
    }

    /// What libcni remembers; files of another form are left out.
    func results() throws(PosixError) -> [CachedResult] {
        var results: [CachedResult] = []
        for name in try FileSystem.listIfPresent(resultDirectory) {
            // Not written atomically: an empty or cut file may be there after a power cut.
            guard let bytes = try FileSystem.readIfPresent("\(resultDirectory)/\(name)"),
                let document = try? JSON(parsing: bytes)
            else { continue }
            if let result = CachedResult(document, fileName: name) { results.append(result) }
        }
        return results
    }

    /// What the links of this thread's namespace have carried.
    func traffic() throws(PosixError) -> [String: AttachmentEvidence.Traffic] {
        // Unlike sysfs, which shows the namespace that it was mounted in. A line is about 120 bytes.
        let bytes = try FileSystem.read("/proc/thread-self/net/dev", limit: 1 << 26)
        return AttachmentEvidence.traffic(in: String(decoding: bytes, as: UTF8.self))
    }

    private func leases(of network: String, in path: String) throws(PosixError) -> [AttachmentEvidence.Lease] {
        let index = try index(in: "\(path)/.podnet")
        var leases: [AttachmentEvidence.Lease] = []
        for name in try FileSystem.listIfPresent(path) where IPAddress(name) != nil {
            let file = "\(path)/\(name)"
            guard let bytes = try FileSystem.readIfPresent(file) else { continue }
            let since = try FileSystem.statusIfPresent(file).map {
                Timestamp(secondsSinceEpoch: $0.modified.components.seconds)
            }
            let contents = String(decoding: bytes, as: UTF8.self)
            let lease = AttachmentEvidence.lease(network: network, fileName: name, contents: contents, since: since)
            guard var lease else { continue }
            lease.netns = index["\(lease.containerID):\(lease.ifName ?? "")"]?.netns
            leases.append(lease)
        }
        return leases
    }

    /// The namespaces of a network's attachments, of this boot and of those before it.
    private func index(in path: String) throws(PosixError) -> [String: LeaseIndexEntry] {
        var entries: [String: LeaseIndexEntry] = [:]
        for boot in try FileSystem.listIfPresent(path) where !boot.hasPrefix(".") {
            for name in try FileSystem.listIfPresent("\(path)/\(boot)") {
                guard let target = try FileSystem.readSymbolicLinkIfPresent("\(path)/\(boot)/\(name)") else { continue }
                entries[name] = LeaseIndexEntry(name: name, target: target)
            }
        }
        return entries
    }
}
