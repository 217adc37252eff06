import NetworkModel

/// What map `frontends` says of a frontend: what becomes of its connections. `pickers` leads to the chain that picks.
///
/// The number passes through `meta priority`, 32 bits. `nft` writes it as `upper:lower` in hexadecimal.
///
///     0 0 00000000000000 cccccccccccccccc     pick, the count
///     0 0 00000000000001 cccccccccccccccc     pick from the list of this node
///     0 0 00000000000010 0000000000000000     by source
///     0 0 00000000000011 0000000000000000     drop
///     1 h sssssssssssssssss ccccccccccccc     pick with session affinity: here, seconds (17 bits), the count (13 bits)
package enum FrontendCode: Hashable, Sendable, Comparable {
    /// To one of the first so many endpoints of a list.
    case pick(Picker, Int)
    /// To one list or another, by where the connection comes from.
    case bySource
    /// Nowhere: the policy is Local and no endpoint is on this node.
    case drop

    /// The number in the kernel.
    package var number: UInt32 {
        switch self {
        case .pick(let picker, let count): picker.number | UInt32(truncatingIfNeeded: count)
        case .bySource: 2 << 16
        case .drop: 3 << 16
        }
    }

    /// What the number means, or nil for one that we would not write.
    package init?(number: UInt32) {
        if number >> 31 == 1 {
            guard let picker = Picker(number: number), number & Picker.countMask > 0 else { return nil }
            self = .pick(picker, Int(number & Picker.countMask))
            return
        }
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

    /// How an endpoint is picked; nil where none is.
    var picker: Picker? {
        guard case .pick(let picker, _) = self else { return nil }
        return picker
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
package struct Picker: Hashable, Sendable, Comparable {
    /// Whether it picks from the list for connections that stay on this node, not from the one for all others.
    package let isHere: Bool
    /// How long a client stays with what was picked for it; nil when every connection is picked for anew.
    package let affinity: Affinity?

    /// Describes a way.
    package init(isHere: Bool, _ affinity: Affinity? = nil) {
        self.isHere = isHere
        self.affinity = affinity
    }

    /// From the list for connections that may go to any node, anew for each.
    package static let everywhere = Picker(isHere: false)
    /// From the list for connections that stay on this node, anew for each.
    package static let here = Picker(isHere: true)

    /// The most endpoints that a list can have.
    package var largestCount: Int { affinity == nil ? 0xffff : Int(Self.countMask) }

    /// The chains' names, up to the number.
    var chainPrefix: String { (affinity == nil ? "pick-" : "stick-") + suffix.map { "\($0)-" }.joined() }

    /// The map with the list.
    var endpoints: String {
        isHere ? ServiceRuleset.SetName.endpointsHere : ServiceRuleset.SetName.endpoints
    }

    /// The map from indices to the numbers by which clients keep their endpoints.
    var identities: String {
        isHere ? ServiceRuleset.SetName.identitiesHere : ServiceRuleset.SetName.identities
    }

    /// `word-10800` or `word-here-10800`: what there is once for each way with affinity.
    func name(_ word: String) -> String { ([word] + suffix).joined(separator: "-") }

    private var suffix: [String] { [isHere ? "here" : nil, affinity.map { "\($0.seconds)" }].compactMap(\.self) }

    /// Lists without affinity first.
    package static func < (left: Picker, right: Picker) -> Bool { left.number < right.number }
}

extension Picker {
    /// The part of a code's number that is the count, with affinity.
    fileprivate static let countMask: UInt32 = 0x1fff
    private static let secondsMask: UInt32 = 0x1ffff

    /// A code's number without the count.
    fileprivate var number: UInt32 {
        guard let affinity else { return isHere ? 1 << 16 : 0 }
        return 1 << 31 | (isHere ? 1 << 30 : 0) | affinity.seconds << 13
    }

    /// The way that a code's number with the highest bit set means, if it is one.
    fileprivate init?(number: UInt32) {
        guard let affinity = try? Affinity(seconds: Int(number >> 13 & Self.secondsMask)) else { return nil }
        self.init(isHere: number >> 30 & 1 == 1, affinity)
    }
}
