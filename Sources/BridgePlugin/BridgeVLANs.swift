package import Addressing
import JSON
import NetworkModel

/// The keys about VLANs: `vlan`, `vlanTrunk`, `preserveDefaultVlan`.
package struct BridgeVLANs: Hashable, Sendable {
    /// The VLAN of the pod's frames, nil when the bridge's VLANs are not the network's business.
    package let native: Int?
    /// VLANs that the pod uses with a tag.
    package let trunk: Set<Int>
    /// Whether the port keeps the VLAN that the kernel gives to every new one.
    package let keepsDefault: Bool
    /// The link on the host that has the VLAN's gateway addresses, where those are not on the bridge itself.
    package let gateway: InterfaceName?

    /// Reads the keys; the messages are the reference's.
    init(_ config: JSONField, bridge: InterfaceName, isGateway: Bool) throws(JSONError) {
        let number = try config["vlan"].int() ?? 0
        guard number == 0 || PortVLANs.range.contains(number) else {
            throw try config["vlan"].fault("invalid VLAN ID \(number) (must be between 0 and 4094)")
        }
        trunk = try Self.trunk(try config["vlanTrunk"])
        keepsDefault = try config["preserveDefaultVlan"].bool() ?? false
        // With a trunk alone, frames without a tag are of VLAN 1, as the reference has it.
        native = number == 0 ? (trunk.isEmpty ? nil : 1) : number
        gateway = isGateway && number != 0 ? try Self.gateway(of: number, bridge, try config["vlan"]) : nil
    }

    private static func gateway(
        of number: Int,
        _ bridge: InterfaceName,
        _ key: JSONField
    ) throws(JSONError) -> InterfaceName {
        let name = "\(bridge).\(number)"
        guard let valid = try? InterfaceName(name) else {
            throw key.fault("the gateway's link would be '\(name)', which is too long: shorten the bridge's name")
        }
        return valid
    }

    private static func trunk(_ list: JSONField) throws(JSONError) -> Set<Int> {
        var numbers: Set<Int> = []
        for item in try list.elements() ?? [] {
            let (minimum, maximum) = (try item["minID"].int(), try item["maxID"].int())
            switch (minimum, maximum) {
            case (nil, nil): break
            case (nil, _?): throw fault(item, "minID and maxID should be configured simultaneously, minID is missing")
            case (_?, nil): throw fault(item, "minID and maxID should be configured simultaneously, maxID is missing")
            case (let first?, let last?): numbers.formUnion(try range(item, first, last))
            }
            guard let number = try item["id"].int() else { continue }
            guard PortVLANs.range.contains(number) else { throw fault(item, "incorrect trunk id parameter") }
            numbers.insert(number)
        }
        return numbers
    }

    private static func range(_ item: JSONField, _ first: Int, _ last: Int) throws(JSONError) -> ClosedRange<Int> {
        guard PortVLANs.range.contains(first) else { throw fault(item, "incorrect trunk minID parameter") }
        guard PortVLANs.range.contains(last) else { throw fault(item, "incorrect trunk maxID parameter") }
        guard first <= last else { throw fault(item, "minID is greater than maxID in trunk parameter") }
        return first...last
    }

    private static func fault(_ item: JSONField, _ message: String) -> JSONError {
        item.fault("failed to parse vlan trunks: \(message)")
    }

    /// The port's VLANs, given the one that the bridge gives to every new port; nil when they are left alone.
    func ofPort(default number: Int?) -> PortVLANs? {
        guard let native else { return nil }
        let kept = keepsDefault ? number ?? 1 : 0
        return PortVLANs(native: native, untagged: Set([native, kept].filter { $0 != 0 }), tagged: trunk)
    }
}
