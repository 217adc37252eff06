import Addressing
import Posix

/// What the first ADD after a boot does, under the lock: takes back the leases of former boots, and starts this boot's
/// index.
///
/// No network namespace outlives its kernel, so a lease of a former boot is nobody's, unless its namespace is still
/// there (a boot id may change without a boot: checkpoint and restore). Leases without an entry were made by another
/// program, we cannot know in which boot: they are noted in the index and go with this boot.
///
/// Killed at any point, it is simply done again: only the last step, a rename, makes the index this boot's.
struct BootSweep {
    private let directory: LeaseDirectory
    private let bootID: String

    init(_ directory: LeaseDirectory, _ bootID: String) {
        self.directory = directory
        self.bootID = bootID
    }

    /// Does nothing unless this boot has no index yet.
    func run() throws(PosixError) {
        let index = directory.index(of: bootID)
        guard try FileSystem.statusIfPresent(index.directory) == nil else { return }
        let former = try directory.indexedBoots().map(directory.index(of:))
        let unfinished = directory.unfinishedIndex
        try unfinished.removeAll()
        try FileSystem.makeDirectories(unfinished.directory)
        for old in former { try settle(old, into: unfinished) }
        try adopt(into: unfinished)
        try FileSystem.rename(unfinished.directory, to: index.directory)
        for old in former { try old.removeAll() }
    }

    private func settle(_ old: LeaseIndex, into new: LeaseIndex) throws(PosixError) {
        for owner in try old.owners() {
            guard let entry = try old.entry(of: owner) else { continue }
            if entry.hasLiveNamespace() {
                try new.put(entry, of: owner)
            } else {
                try directory.remove(entry.addresses, of: owner)
            }
        }
    }

    private func adopt(into new: LeaseIndex) throws(PosixError) {
        var found: [LeaseOwner: [IPAddress]] = [:]
        for lease in try directory.leases() {
            if case .owner(let owner) = lease.contents { found[owner, default: []].append(lease.address) }
        }
        for (owner, addresses) in found where try new.entry(of: owner) == nil {
            try new.put(IndexEntry(addresses: addresses.sorted(), netns: "", inode: 0), of: owner)
        }
    }
}
