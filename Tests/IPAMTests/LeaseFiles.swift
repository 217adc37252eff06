import Addressing
import IPAM
import Posix
import TestKit

/// A network's lease directory in a temporary place, seen as a user sees it.
struct LeaseFiles {
    let temporary: TemporaryDirectory
    var directory: String { "\(temporary.path)/net" }

    init() throws {
        temporary = try TemporaryDirectory()
    }

    func store(boot: String = "b1", lockTimeout: Duration = .seconds(10)) throws -> DiskLeaseStore {
        DiskLeaseStore(
            dataDir: temporary.path,
            network: try NetworkName("net"),
            bootID: boot,
            lockTimeout: lockTimeout
        )
    }

    /// A file that stands for a network namespace.
    func namespace(_ name: String) throws -> String {
        let path = "\(temporary.path)/\(name)"
        try FileSystem.create(path, with: [])
        return path
    }

    func write(_ name: String, _ text: String) throws {
        try FileSystem.makeDirectories(directory)
        try FileSystem.overwrite("\(directory)/\(name)", with: Array(text.utf8))
    }

    func text(_ name: String) throws -> String? {
        try FileSystem.readIfPresent("\(directory)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }

    /// The addresses with a file.
    func leases() throws -> [String] {
        try FileSystem.listIfPresent(directory).filter { IPAddress($0) != nil }.sorted()
    }

    /// Index entries as `boot/owner → text`.
    func index() throws -> [String: String] {
        var entries: [String: String] = [:]
        for boot in try FileSystem.listIfPresent("\(directory)/.podnet") {
            for name in try FileSystem.listIfPresent("\(directory)/.podnet/\(boot)") {
                entries["\(boot)/\(name)"] = try FileSystem.readSymbolicLink("\(directory)/.podnet/\(boot)/\(name)")
            }
        }
        return entries
    }
}

func owner(_ id: String, _ ifName: String = "eth0") throws -> LeaseOwner {
    LeaseOwner(containerID: try ContainerID(id), ifName: try InterfaceName(ifName))
}

extension LeaseStore {
    /// Reserves for a container from sets of ranges; answers texts.
    func reserve(_ id: String, netns: String = "/run/netns/none", from sets: [String]...) throws -> [String] {
        let sets = try (sets.isEmpty ? [["10.0.0.0/29"]] : sets).map(rangeSet)
        return try reserve(for: owner(id), netns: netns, by: Allocator(sets: sets)).map(\.description)
    }
}
