package import Addressing

/// Who holds an address of a network: one interface of one container.
package struct LeaseOwner: Hashable, Sendable {
    /// The container.
    package let containerID: ContainerID
    /// The interface inside the container.
    package let ifName: InterfaceName

    /// Names an owner.
    package init(containerID: ContainerID, ifName: InterfaceName) {
        self.containerID = containerID
        self.ifName = ifName
    }

    /// What a lease file of this owner holds: `containerID\r\nifName`, as every host-local writes and reads it.
    var leaseContents: [UInt8] { Array("\(containerID)\r\n\(ifName)".utf8) }
}

/// What a lease file says.
enum LeaseContents: Hashable, Sendable {
    /// Nothing: its writer died, or the machine did, between making the file and filling it.
    case empty
    /// Written by this program or by any host-local of this time.
    case owner(LeaseOwner)
    /// Written by a host-local of long ago, which did not tell a container's interfaces apart.
    case container(ContainerID)
    /// Anything else, also what cannot be read: the address is taken, but by nobody we know.
    case foreign

    /// No owner is longer than this: whoever wrote more is no host-local.
    static let sizeLimit = 4096

    /// Reads a file's bytes; white space around the text and around its lines does not count.
    init(_ bytes: [UInt8]) {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0d).contains(byte) }
        let words = bytes.split(whereSeparator: isSpace).map { String(decoding: $0, as: UTF8.self) }
        guard !bytes.isEmpty else {
            self = .empty
            return
        }
        let containerID = words.first.flatMap { try? ContainerID($0) }
        switch (containerID, words.count) {
        case (let containerID?, 1):
            self = .container(containerID)
        case (let containerID?, 2):
            let ifName = try? InterfaceName(words[1])
            self = ifName.map { .owner(LeaseOwner(containerID: containerID, ifName: $0)) } ?? .foreign
        default:
            self = .foreign
        }
    }

    /// Whether the lease stays when only the attachments of `owners` are left.
    func isKept(with owners: Set<LeaseOwner>) -> Bool {
        switch self {
        case .empty: false
        case .owner(let owner): owners.contains(owner)
        case .container(let containerID): owners.contains { $0.containerID == containerID }
        case .foreign: true
        }
    }
}

/// Where the leases of one network are kept.
///
/// Every operation is atomic, also against other processes.
package protocol LeaseStore: Sendable {
    /// Gives the owner the addresses that `allocator` chooses, all or none, one a set and in their order.
    ///
    /// `netns` is the path of the owner's network namespace: when a later boot finds it gone, so is the lease. An owner
    /// that holds an address of one of the sets already gets `duplicate`.
    func reserve(
        for owner: LeaseOwner,
        netns: String,
        by allocator: Allocator
    ) throws(IPAMError) -> [IPAddress]

    /// Takes back whatever the owner holds, which may be nothing.
    func release(_ owner: LeaseOwner) throws(IPAMError)

    /// What the owner holds.
    func addresses(of owner: LeaseOwner) throws(IPAMError) -> [IPAddress]

    /// Takes back what is held by any other owner; leases of unknown form stay.
    func retain(only owners: Set<LeaseOwner>) throws(IPAMError)

    /// Whether an address of the set, which is the configuration's `number`th, could be given out now.
    func hasFreeAddress(in set: RangeSet, number: Int) throws(IPAMError) -> Bool
}
