import NetworkModel

/// What map `frontends` says of a frontend: what becomes of its connections. `pickers` leads to the chain that picks.
///
/// The number passes through `meta priority`, 32 bits. `nft` writes it as `upper:lower` in hexadecimal.
package enum FrontendCode: Hashable, Sendable, Comparable {
    /// To one of the first so many endpoints of a list.
    case pick(Picker, Int)
    /// To one list or another, by where the connection comes from.
    case bySource
    /// Nowhere: the policy is Local and no endpoint is on this node.
    case drop

    /// The most endpoints that a list can have.
    package static let largestCount = 0xffff

    /// The number in the kernel.
    package var number: UInt32 {
        switch self {
        case .pick(.everywhere, let count): UInt32(truncatingIfNeeded: count)
        case .pick(.here, let count): 1 << 16 | UInt32(truncatingIfNeeded: count)
        case .bySource: 2 << 16
        case .drop: 3 << 16
        }
    }

    /// What the number means, or nil for one that we would not write.
    package init?(number: UInt32) {
        let count = Int(number & 0xffff)
        switch number >> 16 {
        case 0 where count > 0: self = .pick(.everywhere, count)
        case 1 where count > 0: self = .pick(.here, count)
        case 2 where count == 0: self = .bySource
        case 3 where count == 0: self = .drop
        default: return nil
        }
    }

    /// The number as the element's bytes.
    var bytes: [UInt8] { RegisterBytes.host(number) }

    /// The chain that picks an endpoint; nil where none does.
    var pickChain: String? {
        guard case .pick(let picker, let count) = self else { return nil }
        return "\(picker.chainPrefix)\(count)"
    }

    /// How many endpoints are drawn from.
    package var count: Int {
        guard case .pick(_, let count) = self else { return 0 }
        return count
    }

    /// By number.
    package static func < (left: FrontendCode, right: FrontendCode) -> Bool { left.number < right.number }
}

/// A way of picking an endpoint: one chain for each number of endpoints.
package enum Picker: Hashable, Sendable, Comparable {
    /// From the list for connections that may go to any node.
    case everywhere
    /// From the list for connections that stay on this node.
    case here

    /// The chains' names, up to the number.
    var chainPrefix: String {
        switch self {
        case .everywhere: "pick-"
        case .here: "pick-here-"
        }
    }

    /// The map with the list.
    var endpoints: String {
        switch self {
        case .everywhere: ServiceRuleset.SetName.endpoints
        case .here: ServiceRuleset.SetName.endpointsHere
        }
    }
}
