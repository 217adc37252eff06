package import Addressing

/// The addresses of a range set in the order in which they are tried: round robin, so that a container that keeps
/// crashing does not see an address again until all others had their turn.
///
/// Lazy and O(1) a step, whatever the size of the set.
package struct Candidates: Sequence, IteratorProtocol {
    private let set: RangeSet
    private var position: (range: Int, address: IPAddress)?
    private var first: IPAddress?

    /// Starts after `last`, at the beginning when that is not (or no longer) in the set; comes to `last` at the end.
    package init(_ set: RangeSet, after last: IPAddress?) {
        self.set = set
        if let last, let range = set.ranges.firstIndex(where: { $0.contains(last) }) {
            position = (range, last)
        }
    }

    /// The next address that is no gateway, or nil after one full turn.
    package mutating func next() -> IPAddress? {
        while let address = step() {
            if !set.isGateway(address) { return address }
        }
        return nil
    }

    private mutating func step() -> IPAddress? {
        let next = successor()
        guard next.address != first else { return nil }
        position = next
        if first == nil { first = next.address }
        return next.address
    }

    private func successor() -> (range: Int, address: IPAddress) {
        guard let position else { return (0, set.ranges[0].start) }
        if position.address != set.ranges[position.range].end, let address = position.address.advanced(by: 1) {
            return (position.range, address)
        }
        let range = (position.range + 1) % set.ranges.count
        return (range, set.ranges[range].start)
    }
}

/// Decides which addresses an attachment gets; reads and writes nothing itself.
package struct Allocator: Sendable {
    /// One address of each is wanted.
    package let sets: [RangeSet]
    /// For each set the address that was asked for, if one was.
    package let wanted: [IPAddress?]

    /// Assigns every requested address to a set; each set takes one at most, and none may be left over.
    package init(sets: [RangeSet], requested: [IPAddress] = []) throws(IPAMError) {
        var left: [IPAddress] = []
        for address in requested where !left.contains(address) { left.append(address) }
        var wanted: [IPAddress?] = []
        for set in sets {
            let match = left.firstIndex { set.contains($0) }
            wanted.append(match.map { left.remove(at: $0) })
        }
        guard left.isEmpty else { throw .requestsLeftOver(left) }
        self.sets = sets
        self.wanted = wanted
    }

    /// An address of each set that is not taken, all or none.
    ///
    /// `lastReserved` gives for the number of a set the address that was given out last.
    package func choose(
        lastReserved: (Int) -> IPAddress?,
        isTaken: (IPAddress) throws(IPAMError) -> Bool
    ) throws(IPAMError) -> [IPAddress] {
        var chosen: [IPAddress] = []
        for (number, set) in sets.enumerated() {
            if let address = wanted[number] {
                chosen.append(try check(address, in: set, number: number, isTaken))
            } else {
                chosen.append(try first(of: set, number: number, after: lastReserved(number), isTaken))
            }
        }
        return chosen
    }

    private func check(
        _ address: IPAddress,
        in set: RangeSet,
        number: Int,
        _ isTaken: (IPAddress) throws(IPAMError) -> Bool
    ) throws(IPAMError) -> IPAddress {
        guard !set.isGateway(address) else { throw .requestedGateway(address, set: number) }
        guard try !isTaken(address) else { throw .requestedTaken(address, set: number, ranges: set) }
        return address
    }

    private func first(
        of set: RangeSet,
        number: Int,
        after last: IPAddress?,
        _ isTaken: (IPAddress) throws(IPAMError) -> Bool
    ) throws(IPAMError) -> IPAddress {
        for address in Candidates(set, after: last) where try !isTaken(address) { return address }
        throw .exhausted(set: number, ranges: set)
    }
}
