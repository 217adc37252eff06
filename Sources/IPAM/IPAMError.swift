package import Addressing
package import CNI
package import Posix

/// Why an address could not be given out, found or given back.
package enum IPAMError: Error, Hashable, Sendable {
    /// Requested addresses that no range set has room for.
    case requestsLeftOver([IPAddress])
    /// A requested address is a gateway.
    case requestedGateway(IPAddress, set: Int)
    /// A requested address is someone's.
    case requestedTaken(IPAddress, set: Int, ranges: RangeSet)
    /// A range set has no free address.
    case exhausted(set: Int, ranges: RangeSet)
    /// The attachment holds an address already.
    case duplicate(IPAddress, ContainerID, set: Int)
    /// Another process held the store's lock for too long.
    case busy(PosixError)
    /// The store could not be read or written.
    case storage(PosixError)
}

extension IPAMError: CustomStringConvertible {
    /// The sentence; those that the reference host-local has are in its words, which other programs look for.
    package var description: String {
        switch self {
        case .requestsLeftOver(let addresses):
            "failed to allocate all requested IPs: " + addresses.map(\.description).joined(separator: " ")
        case .requestedGateway(let address, let set):
            "failed to allocate for range \(set): requested ip \(address) is subnet's gateway"
        case .requestedTaken(let address, let set, let ranges):
            "failed to allocate for range \(set): requested IP address \(address) is not available in range set "
                + "\(ranges)"
        case .exhausted(let set, let ranges):
            "failed to allocate for range \(set): no IP addresses available in range set: \(ranges)"
        case .duplicate(let address, let containerID, let set):
            "failed to allocate for range \(set): \(address) has been allocated to \(containerID), "
                + "duplicate allocation is not allowed"
        case .busy(let error):
            "\(error.subject) is locked by another process"
        case .storage(let error):
            error.description
        }
    }

    /// A lock that timed out is `busy`, everything else `storage`.
    init(_ error: PosixError) {
        self = error.operation == "lock" && error.reason == .timedOut ? .busy(error) : .storage(error)
    }
}

extension IPAMError {
    /// What the runtime is told.
    ///
    /// `tryAgainLater` is what an ADD gets that could go through after some DEL, its own attachment's included: a
    /// runtime whose ADD timed out sends DEL before it tries again, and the second ADD then finds nothing in its way.
    package var cniError: CNIError {
        switch self {
        case .requestsLeftOver, .requestedGateway: CNIError(.invalidConfig, description)
        case .requestedTaken, .exhausted, .duplicate, .busy: CNIError(.tryAgainLater, description)
        case .storage: CNIError(.ioFailure, description)
        }
    }
}
