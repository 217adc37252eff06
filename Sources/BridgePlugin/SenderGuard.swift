import Addressing
package import NetworkModel
import PodWiring

/// Table `bridge podnet-cni`: a pod can speak only as itself.
///
/// Static rules over sets with one element per pod and address, in the first chain that a bridge port's frames meet, so
/// that nothing can accept a forged one before (CVE-2025-52890). The elements are keyed by the port's name, which only
/// its pod's attachment has, and are there before the port comes up and until it is gone (CVE-2015-5240).
package enum SenderGuard {
    /// How much of what a pod sends is checked.
    package enum Level: Hashable, Sendable {
        case nothing
        /// The hardware address, as the reference's `macspoofchk` does: all that is known of a network without IPAM.
        case hardwareAddress
        /// And the addresses of IPv4, ARP, IPv6 and neighbour discovery, and that it is nothing else.
        case addresses
    }

    /// The table of all CNI plugins in the bridge family.
    package static let table = TableID(.bridge, "podnet-cni")

    /// Ports whose frames have to come from the pod's hardware address.
    static let portsByMAC = "ports-checked-by-mac"
    /// Ports whose frames have to come from the pod's addresses.
    static let ports = "ports-checked"
    /// Of these, ports that may send frames with a VLAN tag; what is in them is not looked at.
    static let trunkPorts = "ports-with-vlan-tags"
    /// Ports with their pods' hardware addresses.
    static let senders = "senders"
    /// Ports with their pods' hardware and IP addresses.
    static func senders(_ family: IPAddress.Family) -> String { "senders-\(family.nftablesName)" }

    /// What to look at of the table for the part that all pods share.
    static func addSharedTable(_ desired: BridgeDesired, to scope: inout Scope) {
        if desired.config.senderLevel != .nothing { scope.tables[table] = .keys([]) }
    }

    /// What to look at for the pod's own elements.
    static func addOwnedTable(_ desired: BridgeDesired, to scope: inout Scope) {
        if desired.config.senderLevel != .nothing { scope.tables[table] = .keys(keys(of: desired)) }
    }

    /// Where the pod has elements.
    static func keys(of desired: BridgeDesired) -> [Scope.ElementKey] {
        let port = RegisterBytes.interfaceName(desired.names.hostVeth)
        let mac = desired.containerMAC
        let sender = RegisterBytes.concatenation([port, mac.bytes])
        switch desired.config.senderLevel {
        case .nothing: return []
        case .hardwareAddress: return [Scope.ElementKey(portsByMAC, port), Scope.ElementKey(senders, sender)]
        case .addresses:
            var keys = [Scope.ElementKey(ports, port), Scope.ElementKey(senders, sender)]
            if !desired.config.vlans.trunk.isEmpty { keys.append(Scope.ElementKey(trunkPorts, port)) }
            for address in ownAddresses(of: desired) {
                let key = RegisterBytes.concatenation([port, mac.bytes, address.bytes])
                keys.append(Scope.ElementKey(senders(address.family), key))
            }
            return keys
        }
    }

    /// Those from IPAM, and with IPv6 the link-local one that the kernel makes of the hardware address (RFC 4291 §2.5.1).
    private static func ownAddresses(of desired: BridgeDesired) -> [IPAddress] {
        let given = desired.addresses.map(\.cidr.address)
        return desired.pod.has(.v6) ? given + [IPAddress(linkLocalOf: desired.containerMAC)] : given
    }

    /// The ruleset's shared part: the table without elements, as every pod needs it.
    static func structure(for desired: BridgeDesired, given observed: Ruleset) -> Ruleset {
        guard desired.config.senderLevel != .nothing else { return Ruleset() }
        var found = observed.tables[table] ?? Table(comment: "podnet: pods speak only as themselves")
        for (name, set) in sets { found.sets[name] = set }
        for (name, chain) in chains { found.chains[name] = chain }
        return Ruleset(table, found)
    }

    /// The ruleset with the pod's elements.
    static func added(_ desired: BridgeDesired, to structure: Ruleset) -> Ruleset {
        guard desired.config.senderLevel != .nothing, var found = structure.tables[table] else { return Ruleset() }
        for key in keys(of: desired) {
            found.sets[key.set]?.elements[key.bytes] = Element(comment: desired.names.tag)
        }
        return Ruleset(table, found)
    }

    private static let sets: [String: ElementSet] = [
        portsByMAC: ElementSet(key: [.interfaceName], comment: "ports checked for the hardware address only"),
        ports: ElementSet(key: [.interfaceName], comment: "ports checked for every address"),
        trunkPorts: ElementSet(key: [.interfaceName], comment: "ports that may use VLAN tags"),
        senders: ElementSet(key: [.interfaceName, .etherAddress], comment: "who a port's pod is"),
        senders(.v4): ElementSet(key: [.interfaceName, .etherAddress, .ipv4Address], comment: "its IPv4 addresses"),
        senders(.v6): ElementSet(key: [.interfaceName, .etherAddress, .ipv6Address], comment: "its IPv6 addresses"),
    ]
}

extension IPAddress {
    /// fe80::/64 with the modified EUI-64 of a hardware address (RFC 4291, appendix A).
    init(linkLocalOf mac: MACAddress) {
        let (upper, lower) = (mac.bits >> 24, mac.bits & 0xff_ffff)
        self = .v6(0xfe80 << 48, (upper << 40 | 0xff_fe00_0000 | lower) ^ 0x0200 << 48)
    }
}
