package import Addressing
import CNI
package import JSON

/// One published port: what is sent to it on the node goes to the pod.
package struct PortMapping: Hashable, Sendable {
    /// The node's address that it is published on; nil for every one.
    package let hostIP: IPAddress?
    /// The families that it is published in.
    package let families: [IPAddress.Family]
    /// The protocol.
    package let transport: TransportProtocol
    /// The port on the node.
    package let hostPort: Port
    /// The port in the pod.
    package let containerPort: Port

    /// Reads one entry of `portMappings`.
    ///
    /// The unspecified address stands for all addresses of its family, no address for all of both.
    package init(_ entry: JSONField) throws(JSONError) {
        containerPort = try entry["containerPort"].requiredInt(as: Port.init)
        hostPort = try entry["hostPort"].requiredInt(as: Port.init)
        transport = try Self.transport(entry["protocol"])
        let address = try Self.address(entry["hostIP"])
        families = address.map { [$0.family] } ?? IPAddress.Family.allCases.sorted()
        hostIP = address.flatMap { $0 == .unspecified($0.family) ? nil : $0 }
    }

    private static func transport(_ field: JSONField) throws(JSONError) -> TransportProtocol {
        guard let text = try field.string(), !text.isEmpty else { return .tcp }
        return try field.string(as: TransportProtocol.init(parsing:)) ?? .tcp
    }

    private static func address(_ field: JSONField) throws(JSONError) -> IPAddress? {
        guard let text = try field.string(), !text.isEmpty else { return nil }
        return try field.string(as: IPAddress.init(parsing:))
    }

    /// Whether it is published on the loopback address only.
    var isLoopbackOnly: Bool { hostIP?.isLoopback ?? false }

    /// Whether programs of the node reach it by the loopback address.
    var isOnLoopback: Bool { hostIP?.isLoopback ?? true }
}

extension PortMapping: CustomStringConvertible {
    /// `8080/tcp`, `192.0.2.1:8080/tcp`
    package var description: String {
        let address = hostIP.map { $0.family == .v4 ? "\($0):" : "[\($0)]:" } ?? ""
        return "\(address)\(hostPort)/\(transport.rawValue)"
    }
}

extension PortMapping {
    /// The reference's words for a port of 0 or less, which it does not call by its place.
    static func refuseBadPorts(_ entry: JSONField) throws(CNIError) {
        for (key, words) in [("containerPort", "container"), ("hostPort", "host")] {
            let number: Int
            do {
                number = try entry[key].int() ?? 0
            } catch {
                throw CNIError(error)
            }
            if number <= 0 { throw CNIError(.invalidConfig, "Invalid \(words) port number: \(number)") }
        }
    }
}
