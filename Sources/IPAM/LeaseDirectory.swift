import Addressing
import Posix

/// The files of one network's leases, in the form that host-local gave them and other programs read:
///
///     <ip>                  the lease: containerID, CR LF, ifName
///     last_reserved_ip.<n>  the address of range set n that was given out last; a hint
///     lock                  flocked by whoever changes anything
///     .podnet/<boot id>/    the index
///
/// These are the single steps; `DiskLeaseStore` puts them together under the lock.
struct LeaseDirectory: Sendable {
    let path: String

    /// The file of an address.
    func leasePath(_ address: IPAddress) -> String { "\(path)/\(address)" }
    /// The lock of all programs that write here.
    var lockPath: String { "\(path)/lock" }
    /// What is ours alone.
    var privatePath: String { "\(path)/.podnet" }
    /// The directory that an index is built in before it gets a boot's name.
    var unfinishedIndex: LeaseIndex { LeaseIndex(directory: "\(privatePath)/.unfinished") }

    /// The index of a boot.
    func index(of bootID: String) -> LeaseIndex { LeaseIndex(directory: "\(privatePath)/\(bootID)") }

    /// The boots that there is an index of.
    func indexedBoots() throws(PosixError) -> [String] {
        try FileSystem.listIfPresent(privatePath).filter { !$0.hasPrefix(".") }
    }

    /// Whether someone holds the address; an empty file is nobody's, and whoever holds the lock may remove it.
    func isTaken(_ address: IPAddress) throws(PosixError) -> Bool {
        guard let found = try FileSystem.statusIfPresent(leasePath(address)) else { return false }
        return found.kind != .regular || found.size > 0
    }

    /// What the lease of an address says, or nil when there is none.
    func contents(of address: IPAddress) throws(PosixError) -> LeaseContents? {
        do throws(PosixError) {
            guard let bytes = try FileSystem.readIfPresent(leasePath(address), limit: LeaseContents.sizeLimit) else {
                return nil
            }
            // A pipe reads as empty too.
            if bytes.isEmpty, try isTaken(address) { return .foreign }
            return LeaseContents(bytes)
        } catch {
            switch error.reason {
            case .symbolicLink, .isDirectory, .tooLarge: return .foreign
            default: throw error
            }
        }
    }

    /// All leases; one that cannot be read is `foreign`, so that it does not stand in the way of all others.
    ///
    /// Reads every file: only for what happens once a boot, or when the index does not know. `note` gets the error of
    /// each that cannot be read.
    func leases(
        unread note: (PosixError) -> Void = { _ in }
    ) throws(PosixError) -> [(address: IPAddress, contents: LeaseContents)] {
        var leases: [(address: IPAddress, contents: LeaseContents)] = []
        for name in try FileSystem.listIfPresent(path) {
            // Only canonical names, since those are the ones that are found again by address.
            guard let address = IPAddress(name), address.description == name else { continue }
            do throws(PosixError) {
                if let contents = try contents(of: address) { leases.append((address, contents)) }
            } catch {
                note(error)
                leases.append((address, .foreign))
            }
        }
        return leases
    }

    /// Gives the staged file an address' name, in the place of an empty file too.
    func link(_ file: borrowing StagedFile, as address: IPAddress) throws(PosixError) {
        do throws(PosixError) {
            try file.link(to: leasePath(address))
        } catch {
            guard error.reason == .exists, try !isTaken(address) else { throw error }
            try FileSystem.removeIfPresent(leasePath(address))
            try file.link(to: leasePath(address))
        }
    }

    /// Removes those of the addresses' leases that belong to the owner; answers whether there was one.
    @discardableResult
    func remove(_ addresses: [IPAddress], of owner: LeaseOwner) throws(PosixError) -> Bool {
        var found = false
        for address in addresses where try contents(of: address) == .owner(owner) {
            found = true
            try FileSystem.removeIfPresent(leasePath(address))
        }
        return found
    }

    /// The address of a range set that was given out last, or nil when nobody knows.
    func lastReserved(_ set: Int) -> IPAddress? {
        guard let bytes = try? FileSystem.read(lastReservedPath(set), limit: 64) else { return nil }
        return IPAddress(String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self))
    }

    /// Notes the address of a range set that was given out last.
    func noteLastReserved(_ address: IPAddress, _ set: Int) throws(PosixError) {
        try FileSystem.overwrite(lastReservedPath(set), with: Array(address.description.utf8))
    }

    private func lastReservedPath(_ set: Int) -> String { "\(path)/last_reserved_ip.\(set)" }
}
