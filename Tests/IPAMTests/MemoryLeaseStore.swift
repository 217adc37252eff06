import Addressing
import IPAM
import Synchronization

/// Leases that are gone with the test; behaves as the protocol promises.
final class MemoryLeaseStore: LeaseStore {
    private struct State {
        var leases: [IPAddress: LeaseOwner] = [:]
        var last: [Int: IPAddress] = [:]
        var namespaces: [LeaseOwner: String] = [:]
    }

    private let state = Mutex(State())

    var namespaces: [LeaseOwner: String] { state.withLock { $0.namespaces } }
    var leases: [IPAddress: LeaseOwner] { state.withLock { $0.leases } }

    func reserve(
        for owner: LeaseOwner,
        netns: String,
        by allocator: Allocator
    ) throws(IPAMError) -> [IPAddress] {
        try state.withLock { (state) throws(IPAMError) in
            for (address, holder) in state.leases where holder == owner {
                if let set = allocator.sets.firstIndex(where: { $0.contains(address) }) {
                    throw .duplicate(address, owner.containerID, set: set)
                }
            }
            let (leases, last) = (state.leases, state.last)
            let chosen = try allocator.choose(
                lastReserved: { last[$0] },
                isTaken: { (address) throws(IPAMError) in leases[address] != nil }
            )
            for (set, address) in chosen.enumerated() {
                state.leases[address] = owner
                state.last[set] = address
            }
            state.namespaces[owner] = netns
            return chosen
        }
    }

    func release(_ owner: LeaseOwner) {
        state.withLock { $0.leases = $0.leases.filter { $0.value != owner } }
    }

    func addresses(of owner: LeaseOwner) -> [IPAddress] {
        state.withLock { state in state.leases.filter { $0.value == owner }.map(\.key).sorted() }
    }

    func retain(only owners: Set<LeaseOwner>) {
        state.withLock { $0.leases = $0.leases.filter { owners.contains($0.value) } }
    }

    func hasFreeAddress(in set: RangeSet, number: Int) -> Bool {
        state.withLock { state in Candidates(set, after: nil).contains { state.leases[$0] == nil } }
    }
}
