import Addressing
import CNI
import JSON
import NetworkModel

/// What was there before the plugin changed it, for DEL to put back: the reference's file, with the sysctls in it, too.
struct TuningBackup: Hashable {
    /// The properties that were changed.
    private(set) var link: Link
    private(set) var sysctls: [Sysctl: String] = [:]
    /// Whose it is, for GC; the reference does not say.
    private(set) var network: NetworkName?

    /// As much of the observed state as the desired one will change.
    init(of observed: NetworkState, before desired: NetworkState, link id: LinkID, network: NetworkName) {
        self.network = network
        link = Link(id, kind: .other(""))
        if let wanted = desired.links[id], let found = observed.links[id] {
            link.mac = wanted.mac.flatMap { _ in found.mac }
            link.mtu = wanted.mtu.flatMap { _ in found.mtu }
            link.isPromiscuous = wanted.isPromiscuous.flatMap { _ in found.isPromiscuous }
            link.isAllMulticast = wanted.isAllMulticast.flatMap { _ in found.isAllMulticast }
            link.transmitQueueLength = wanted.transmitQueueLength.flatMap { _ in found.transmitQueueLength }
        }
        for sysctl in desired.sysctls.keys { sysctls[sysctl] = observed.sysctls[sysctl] }
    }

    /// This one, and of the other what this one does not say.
    func completed(by other: TuningBackup) -> TuningBackup {
        var both = self
        both.link = other.link.merged(with: link)
        both.sysctls.merge(other.sysctls) { own, _ in own }
        return both
    }

    /// Whether a document is a network's.
    static func isKept(for network: NetworkName, in bytes: [UInt8]) -> Bool {
        guard let document = try? JSON(parsing: bytes) else { return false }
        return (try? JSONField(document)["network"].string()) == network.description
    }

    /// What to look at to put it back.
    var scope: Scope {
        var scope = Scope()
        scope.links = [link.id]
        scope.neighborsOf = [link.id]
        scope.sysctls = Set(sysctls.keys)
        return scope
    }

    /// The state with everything back that is still there.
    func state(given observed: NetworkState) -> NetworkState {
        var state = NetworkState()
        state.neighbors = observed.neighbors
        state.sysctls = sysctls.filter { observed.sysctls[$0.key] != nil }
        if let found = observed.links[link.id] {
            var wanted = link
            wanted.kind = found.kind
            state.links[link.id] = wanted
        }
        return state
    }
}

/// The document.
extension TuningBackup {
    var json: JSON {
        .members([
            "network": network.map { .string($0.description) },
            "mac": link.mac.map { .string($0.description) },
            "promisc": link.isPromiscuous.map(JSON.bool),
            "mtu": link.mtu.map(JSON.int),
            "allmulti": link.isAllMulticast.map(JSON.bool),
            "txQLen": link.transmitQueueLength.map(JSON.int),
            "sysctl": sysctls.isEmpty
                ? nil : .object(Dictionary(uniqueKeysWithValues: sysctls.map { ($0.key.path, .string($0.value)) })),
        ])
    }

    /// Reads the document, or one of the reference's; nil when it is neither.
    init?(_ bytes: [UInt8], _ id: LinkID) {
        guard let document = try? JSON(parsing: bytes), let backup = try? TuningBackup(JSONField(document), id) else {
            return nil
        }
        self = backup
    }

    private init(_ document: JSONField, _ id: LinkID) throws(JSONError) {
        network = try document["network"].string().flatMap { try? NetworkName($0) }
        link = Link(id, kind: .other(""))
        link.mac = try document["mac"].string().flatMap { MACAddress($0) }
        link.isPromiscuous = try document["promisc"].bool()
        link.mtu = try document["mtu"].int().flatMap { $0 == 0 ? nil : $0 }
        link.isAllMulticast = try document["allmulti"].bool()
        link.transmitQueueLength = try document["txQLen"].int()
        for (path, value) in try document["sysctl"].members() ?? [] {
            sysctls[Sysctl(.container, path)] = try value.requiredString()
        }
    }
}
