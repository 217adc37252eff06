package import Addressing
import Posix

/// One network's leases on disk, beside and together with any other host-local.
///
/// What an ADD costs does not depend on how many leases there are. The lock is held for some microseconds: the lease's
/// contents do not name the address, so they are written and synchronized before the lock is taken, and the directory
/// is synchronized after it is given back.
///
/// Whoever is killed at any point leaves at most an index entry without a lease (means nothing), or a lease with an
/// index entry (the owner's DEL, the next boot or a GC takes it back); a lease file is whole from the moment it has a
/// name.
package struct DiskLeaseStore: LeaseStore {
    let directory: LeaseDirectory
    let bootID: String
    let lockTimeout: Duration

    /// The leases of `network` below `dataDir`; nothing is read or made before it is asked for.
    ///
    /// `bootID` is the kernel's `/proc/sys/kernel/random/boot_id`.
    package init(dataDir: String, network: NetworkName, bootID: String, lockTimeout: Duration = .seconds(10)) {
        self.directory = LeaseDirectory(path: "\(dataDir)/\(network)")
        self.bootID = bootID
        self.lockTimeout = lockTimeout
    }

    private var index: LeaseIndex { directory.index(of: bootID) }

    package func reserve(
        for owner: LeaseOwner,
        netns: String,
        by allocator: Allocator
    ) throws(IPAMError) -> [IPAddress] {
        let file = try reportingStorage { () throws(PosixError) in
            try FileSystem.makeDirectories(directory.privatePath)
            return try StagedFile.write(in: directory.path, spareName: spareName(), contents: owner.leaseContents)
        }
        let inode = (try? FileSystem.status(netns, followLinks: true))?.inode ?? 0
        let addresses = try locked { () throws(IPAMError) in
            try reportingStorage { () throws(PosixError) in try BootSweep(directory, bootID).run() }
            let held = try heldBesides(allocator, by: owner)
            let chosen = try choose(allocator)
            let entry = IndexEntry(addresses: held + chosen, netns: netns, inode: inode)
            try reportingStorage { () throws(PosixError) in try write(chosen, file, entry, owner) }
            return chosen
        }
        try synchronize(orRelease: addresses, of: owner)
        return addresses
    }

    package func release(_ owner: LeaseOwner) throws(IPAMError) {
        try lockedIfPresent { () throws(PosixError) in
            let addresses = try index.entry(of: owner)?.addresses ?? []
            let found = try directory.remove(addresses, of: owner)
            if !found { try releaseByReadingAll(owner) }
            try index.remove(owner)
        }
    }

    package func addresses(of owner: LeaseOwner) throws(IPAMError) -> [IPAddress] {
        try reportingStorage { () throws(PosixError) in
            let indexed = try indexedAddresses(of: owner)
            guard indexed.isEmpty else { return indexed }
            return try leasesFoundByReadingAll(owner)
        }
    }

    package func retain(only owners: Set<LeaseOwner>) throws(IPAMError) {
        try lockedIfPresent { () throws(PosixError) in
            var unread: [PosixError] = []
            for lease in try directory.leases(unread: { unread.append($0) })
            where !lease.contents.isKept(with: owners) {
                try FileSystem.removeIfPresent(directory.leasePath(lease.address))
            }
            for owner in try index.owners() where !owners.contains(owner) { try index.remove(owner) }
            // A GC has the network for itself, so no one is about to link these any more.
            for name in try FileSystem.listIfPresent(directory.privatePath) where name.hasPrefix(Self.sparePrefix) {
                try FileSystem.removeIfPresent("\(directory.privatePath)/\(name)")
            }
            // It may have been one that had to go.
            if let error = unread.first { throw error }
        }
    }

    package func hasFreeAddress(in set: RangeSet, number: Int) throws(IPAMError) -> Bool {
        try reportingStorage { () throws(PosixError) in
            for address in Candidates(set, after: directory.lastReserved(number))
            where try !directory.isTaken(address) {
                return true
            }
            return false
        }
    }
}

/// The steps of `reserve`.
extension DiskLeaseStore {
    private static let sparePrefix = ".staged-"

    /// Only used where the file system has no unnamed files.
    private func spareName() -> String {
        "\(directory.privatePath)/\(Self.sparePrefix)\(FileSystem.uniqueSuffix())"
    }

    /// What the owner holds in other ranges than these; an address in one of these is a `duplicate`.
    private func heldBesides(_ allocator: Allocator, by owner: LeaseOwner) throws(IPAMError) -> [IPAddress] {
        let held = try reportingStorage { () throws(PosixError) in
            index.covers(owner) ? try indexedAddresses(of: owner) : try leasesFoundByReadingAll(owner)
        }
        for address in held {
            if let set = allocator.sets.firstIndex(where: { $0.contains(address) }) {
                throw .duplicate(address, owner.containerID, set: set)
            }
        }
        return held
    }

    private func choose(_ allocator: Allocator) throws(IPAMError) -> [IPAddress] {
        try allocator.choose(lastReserved: directory.lastReserved) { (address) throws(IPAMError) in
            try reportingStorage { () throws(PosixError) in try directory.isTaken(address) }
        }
    }

    /// Index first, then the leases, so that no lease of ours is without its entry.
    private func write(
        _ addresses: [IPAddress],
        _ file: borrowing StagedFile,
        _ entry: IndexEntry,
        _ owner: LeaseOwner
    ) throws(PosixError) {
        let former = try index.entry(of: owner)
        do throws(PosixError) {
            try index.put(entry, of: owner)
            for (set, address) in addresses.enumerated() {
                try directory.link(file, as: address)
                try directory.noteLastReserved(address, set)
            }
        } catch {
            undo(addresses, former, owner)
            throw error
        }
    }

    /// The error that made this necessary is the one to report; what cannot be undone either, DEL finds.
    private func undo(_ addresses: [IPAddress], _ former: IndexEntry?, _ owner: LeaseOwner) {
        _ = try? directory.remove(addresses, of: owner)
        if let former { try? index.put(former, of: owner) } else { try? index.remove(owner) }
    }

    /// The kernel reports a lost write once: an fsync that is tried again succeeds and proves nothing. So the first
    /// failure gives the addresses back.
    private func synchronize(orRelease addresses: [IPAddress], of owner: LeaseOwner) throws(IPAMError) {
        do throws(PosixError) {
            try FileSystem.synchronizeDirectory(directory.path)
        } catch {
            try? lockedIfPresent { () throws(PosixError) in
                try directory.remove(addresses, of: owner)
                try index.remove(owner)
            }
            throw IPAMError(error)
        }
    }
}

/// Finding leases.
extension DiskLeaseStore {
    /// What the index says the owner holds, as far as the leases agree.
    private func indexedAddresses(of owner: LeaseOwner) throws(PosixError) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for address in try index.entry(of: owner)?.addresses ?? []
        where try directory.contents(of: address) == .owner(owner) {
            addresses.append(address)
        }
        return addresses
    }

    /// The owner's leases; those that name only its container when there are none with the interface.
    private func leasesFoundByReadingAll(_ owner: LeaseOwner) throws(PosixError) -> [IPAddress] {
        let leases = try directory.leases()
        let exact = leases.filter { $0.contents == .owner(owner) }
        let found = exact.isEmpty ? leases.filter { $0.contents == .container(owner.containerID) } : exact
        return found.map(\.address)
    }

    private func releaseByReadingAll(_ owner: LeaseOwner) throws(PosixError) {
        for address in try leasesFoundByReadingAll(owner) {
            try FileSystem.removeIfPresent(directory.leasePath(address))
        }
    }
}

/// The lock.
extension DiskLeaseStore {
    private func locked<Answer>(_ body: () throws(IPAMError) -> Answer) throws(IPAMError) -> Answer {
        let lock: FileLock
        do throws(PosixError) {
            lock = try FileLock(directory.lockPath, timeout: lockTimeout)
        } catch {
            throw IPAMError(error)
        }
        return try withExtendedLifetime(lock) { () throws(IPAMError) in try body() }
    }

    /// Does nothing when no lease was ever made here: taking back must not make directories.
    private func lockedIfPresent(_ body: () throws(PosixError) -> Void) throws(IPAMError) {
        let found = try reportingStorage { () throws(PosixError) in try FileSystem.statusIfPresent(directory.path) }
        guard found != nil else { return }
        try locked { () throws(IPAMError) in try reportingStorage(body) }
    }
}

/// Turns a system call's error into one of address management.
func reportingStorage<Answer: ~Copyable>(
    _ body: () throws(PosixError) -> Answer
) throws(IPAMError) -> Answer {
    do throws(PosixError) {
        return try body()
    } catch {
        throw IPAMError(error)
    }
}
