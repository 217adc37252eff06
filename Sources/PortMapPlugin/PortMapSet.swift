import Addressing
import NetworkModel
import PodWiring

/// One of the plugin's sets: what its elements are for, in one family.
struct PortMapSet: Hashable {
    /// What the elements are for.
    enum Use: String, Hashable, CaseIterable {
        /// Port → pod, on one address of the node.
        case oneAddress = "at"
        /// Port → pod, on every address of the node.
        case anyAddress = "any"
        /// Port → address of the node that stands in for the loopback address.
        case loopback
        /// Pods that may be their own clients.
        case hairpin
        /// Pods whose neighbours may be clients.
        case neighbors
        /// Ports that the node speaks for every client of.
        case masqueraded

        /// Whether an element keeps others from publishing the same port.
        var claimsPort: Bool { self == .oneAddress || self == .anyAddress || self == .loopback }
    }

    let use: Use
    let family: IPAddress.Family

    init(_ use: Use, _ family: IPAddress.Family) {
        self.use = use
        self.family = family
    }

    /// What all names begin with.
    private static let prefix = "hostports-"

    /// `hostports-any-ip`
    var name: String { "\(Self.prefix)\(use.rawValue)-\(family.nftablesName)" }

    /// The set with this name, or nil when it is none of ours.
    init?(named name: String) {
        let all = Use.allCases.flatMap { use in IPAddress.Family.allCases.map { PortMapSet(use, $0) } }
        guard let match = all.first(where: { $0.name == name }) else { return nil }
        self = match
    }

    /// Whether a set of this name is one of the plugin's.
    static func isOwn(_ name: String) -> Bool { PortMapSet(named: name) != nil }

    /// The set without elements.
    var elements: ElementSet {
        let address = family.elementType
        let port: [ElementSet.DataType] = [.inetProto, .inetService]
        let pod = ElementSet.Value.data([address, .inetService])
        switch use {
        case .oneAddress:
            return ElementSet(key: [address] + port, value: pod, comment: "ports published on one address of the node")
        case .anyAddress:
            return ElementSet(key: port, value: pod, comment: "ports published on every address of the node")
        case .loopback:
            return ElementSet(key: port, value: .data([address]), comment: "what stands in for the loopback address")
        case .hairpin: return ElementSet(key: [address, address], comment: "pods that may be their own clients")
        case .neighbors:
            return ElementSet(key: [.interfaceName, address], comment: "pods whose neighbours may be clients")
        case .masqueraded:
            return ElementSet(key: [address] + port, comment: "ports that the node speaks for every client of")
        }
    }
}
