import Addressing
import Posix

/// What is known about an owner beside its lease files.
struct IndexEntry: Hashable, Sendable {
    /// The addresses that it was given.
    let addresses: [IPAddress]
    /// Its network namespace; empty when another program made the lease.
    let netns: String
    /// The namespace's inode number, 0 when unknown: a path such as `/proc/7/ns/net` may come to mean another one.
    let inode: UInt64

    init(addresses: [IPAddress], netns: String, inode: UInt64) {
        self.addresses = addresses
        self.netns = netns
        self.inode = inode
    }

    /// Reads what `text` writes.
    init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let inode = UInt64(parts[1]) else { return nil }
        let addresses = parts[0].split(separator: ",").map { IPAddress(String($0)) }
        self.init(addresses: addresses.compactMap(\.self), netns: String(parts[2]), inode: inode)
        guard self.addresses.count == addresses.count else { return nil }
    }

    /// `10.11.23.2,fd00::2 4026532201 /run/netns/x`
    var text: String {
        var list = ""
        // `joined` looks its types up by name when it runs (docs/decisions/0007-what-an-add-costs.md).
        for address in addresses { list += (list.isEmpty ? "" : ",") + address.description }
        return "\(list) \(inode) \(netns)"
    }

    /// Whether the namespace that the owner was given its addresses for is there.
    func hasLiveNamespace() -> Bool {
        guard !netns.isEmpty, let found = try? FileSystem.status(netns, followLinks: true) else { return false }
        return inode == 0 || found.inode == inode
    }
}

/// Which addresses each owner has, to be found without reading all leases: one symbolic link an owner, whose text is
/// the entry. A link is made in one step and has no contents to lose.
///
/// It is a hint only. A lease file says whose it is; an entry without its lease means nothing.
struct LeaseIndex: Sendable {
    /// The directory of one boot.
    let directory: String

    /// The owner's entry, or nil when there is none or it makes no sense.
    func entry(of owner: LeaseOwner) throws(PosixError) -> IndexEntry? {
        guard let path = path(of: owner) else { return nil }
        return try FileSystem.readSymbolicLinkIfPresent(path).flatMap(IndexEntry.init)
    }

    /// Whether the owner can have an entry: its name may be too long for a file's.
    func covers(_ owner: LeaseOwner) -> Bool {
        path(of: owner) != nil
    }

    /// Writes the owner's entry in the place of any former one.
    func put(_ entry: IndexEntry, of owner: LeaseOwner) throws(PosixError) {
        guard let path = path(of: owner) else { return }
        do throws(PosixError) {
            try FileSystem.makeSymbolicLink(path, holding: entry.text)
        } catch  where error.reason == .exists {
            try FileSystem.removeIfPresent(path)
            try FileSystem.makeSymbolicLink(path, holding: entry.text)
        }
    }

    /// Removes the owner's entry, if there is one.
    func remove(_ owner: LeaseOwner) throws(PosixError) {
        guard let path = path(of: owner) else { return }
        try FileSystem.removeIfPresent(path)
    }

    /// All owners with an entry.
    func owners() throws(PosixError) -> [LeaseOwner] {
        try FileSystem.listIfPresent(directory).compactMap(Self.owner)
    }

    /// Removes the directory and all that is in it.
    func removeAll() throws(PosixError) {
        for name in try FileSystem.listIfPresent(directory) { try FileSystem.removeIfPresent("\(directory)/\(name)") }
        if try FileSystem.statusIfPresent(directory) != nil { try FileSystem.removeDirectory(directory) }
    }

    /// `containerID:ifName`; neither can hold a colon. Linux names are at most 255 bytes.
    private func path(of owner: LeaseOwner) -> String? {
        let name = "\(owner.containerID):\(owner.ifName)"
        return name.utf8.count <= 255 ? "\(directory)/\(name)" : nil
    }

    private static func owner(named name: String) -> LeaseOwner? {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let containerID = try? ContainerID(parts[0]), let ifName = try? InterfaceName(parts[1])
        else { return nil }
        return LeaseOwner(containerID: containerID, ifName: ifName)
    }
}
