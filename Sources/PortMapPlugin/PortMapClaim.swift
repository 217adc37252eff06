import Addressing
package import CNI
import NetworkModel
import PodWiring

/// What an element says of a port: who has it, and where it leads to.
struct PortMapClaim {
    /// The attachment's tag; nil for an element that is nobody's.
    let owner: String?
    let transport: TransportProtocol
    /// Nil for every address of the node, and for the loopback address.
    let hostIP: IPAddress?
    let hostPort: Port
    /// The pod and its port; nil for an element about the loopback address.
    let end: FlowEnd?

    /// Reads an element, or nil when it claims no port.
    init?(_ set: PortMapSet, _ key: [UInt8], _ element: Element) {
        guard set.use.claimsPort, let parts = RegisterBytes.parts(of: key, as: set.elements.key), parts.count > 1,
            let transport = parts[parts.count - 2].first.flatMap(TransportProtocol.init(number:)),
            let port = Port(bytes: parts[parts.count - 1])
        else { return nil }
        owner = element.comment
        self.transport = transport
        hostIP = set.use == .oneAddress ? IPAddress(bytes: parts[0]) : nil
        hostPort = port
        end = Self.end(set, element)
    }

    private static func end(_ set: PortMapSet, _ element: Element) -> FlowEnd? {
        guard case .data(let types) = set.elements.value, case .data(let bytes) = element.value,
            let parts = RegisterBytes.parts(of: bytes, as: types), parts.count == 2,
            let address = IPAddress(bytes: parts[0]), let port = Port(bytes: parts[1])
        else { return nil }
        return FlowEnd(address, port)
    }

    /// Every claim in a table's sets.
    static func all(in sets: [String: ElementSet]) -> [PortMapClaim] {
        sets.flatMap { name, set in
            PortMapSet(named: name).map { kind in set.elements.compactMap { PortMapClaim(kind, $0.key, $0.value) } }
                ?? []
        }
    }

    /// The flows by this port, but for TCP's, which end by themselves.
    var flows: FlowFilter? {
        guard transport != .tcp, let end else { return nil }
        return FlowFilter(
            end.address.family,
            transport,
            destination: hostIP,
            destinationPort: hostPort,
            answeredBy: end
        )
    }
}

extension PortMapDesired {
    /// A port has one owner. One that leads to our own pod's address is a dead pod's, which had the address before.
    func refuseTaken(_ found: Ruleset) throws(CNIError) {
        let own = Set(addresses.values.map(\.cidr.address))
        let taken = PortMapClaim.all(in: found.tables[PodTable.id]?.sets ?? [:]).first { claim in
            claim.owner != tag && !(claim.end.map { own.contains($0.address) } ?? false)
        }
        guard let taken else { return }
        let address = taken.hostIP.map { "\($0) " } ?? ""
        throw CNIError(
            .portTaken,
            "host port \(address)\(taken.hostPort)/\(taken.transport.rawValue) is taken by \(taken.owner ?? "nobody known")",
            details: "run DEL for that attachment, or GC for its network, if it is not there any more"
        )
    }
}

extension CNIError.Code {
    /// Another attachment has published the port.
    package static let portTaken = CNIError.Code(rawValue: 110)
}

extension Port {
    /// A port as it is in a packet.
    fileprivate init?(bytes: [UInt8]) {
        guard let port = try? Port(bytes.reduce(0) { $0 << 8 | Int($1) }) else { return nil }
        self = port
    }
}
