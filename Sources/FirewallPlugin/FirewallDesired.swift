package import Addressing
package import CNI
package import NetworkModel
package import PodWiring

/// What an attachment's policy looks like in the table: the heart of the plugin.
package struct FirewallDesired: Sendable {
    private let policy: FirewallConfig.Policy
    private let tag: String
    /// The bridge that the pod is on: the first interface of the result, as the reference has it.
    package let bridge: InterfaceName
    /// The pod's addresses.
    private let addresses: [CIDR]
    /// The node's links of the result besides the bridge: the pod's port of it.
    private let ports: [InterfaceName]

    /// Reads from the result of the plugins before where the pod is; nil when the policy asks for nothing.
    package init?(_ config: FirewallConfig, _ attachment: Attachment, _ previous: CNIResult) throws(CNIError) {
        guard config.policy != .open else { return nil }
        guard let first = previous.interfaces.first, (first.sandbox ?? "").isEmpty,
            let bridge = try? InterfaceName(first.name)
        else {
            throw CNIError(
                .invalidConfig,
                "ingressPolicy \(config.policy.rawValue) needs a bridge",
                details: "the first interface of prevResult is not a link of the node"
            )
        }
        policy = config.policy
        tag = AttachmentNames(attachment).tag
        self.bridge = bridge
        addresses = previous.ips.filter { ip in
            previous.interface(of: ip).map { !($0.sandbox ?? "").isEmpty } ?? true
        }.map(\.address)
        ports = previous.linksBeforePod.filter { $0 != bridge }
    }

    /// The attachment's elements: protected as what leaves by the bridge to the pod, and with whom it is friends.
    package var elements: OwnedElements {
        var values: [String: [[UInt8]: Element.Value?]] = [:]
        let link = RegisterBytes.interfaceName(bridge)
        for address in addresses.map(\.address) {
            let pod = RegisterBytes.concatenation([link, address.bytes])
            values[FirewallSet(.protected, address.family).name, default: [:]].updateValue(nil, forKey: pod)
            guard policy == .sameBridge else { continue }
            let friend = RegisterBytes.concatenation([link, link, address.bytes])
            values[FirewallSet(.friends, address.family).name, default: [:]].updateValue(nil, forKey: friend)
        }
        let names = Set(values.keys)
        let bridge = bridge
        return OwnedElements(tag: tag, values) { FirewallRuleset.structure(with: names, from: bridge, given: $0) }
    }

    /// What decides whether the node sees what pods of one bridge send to each other.
    package var sight: Scope {
        var scope = Scope()
        guard policy == .isolated, addresses.contains(where: { $0.prefixLength < $0.family.bitWidth }) else {
            return scope
        }
        scope.links = Set(ports.map { LinkID(.host, $0) })
        scope.sysctls = Set(sightSysctls)
        return scope
    }

    private var sightSysctls: [Sysctl] {
        Set(addresses.map(\.family)).map {
            Sysctl(.host, $0 == .v4 ? "bridge/bridge-nf-call-iptables" : "bridge/bridge-nf-call-ip6tables")
        }
    }

    /// Refuses a policy that could not be kept: frames from pod to pod that the node never sees.
    package func refuseBlindness(_ found: NetworkState) throws(CNIError) {
        guard sight != Scope() else { return }
        let isIsolated = !found.links.isEmpty && found.links.values.allSatisfy { $0.bridgePort?.isolated == true }
        guard !isIsolated, !sightSysctls.allSatisfy({ found.sysctls[$0] == "1" }) else { return }
        throw CNIError(
            .notEnforceable,
            "ingressPolicy isolated cannot be kept on \(bridge)",
            details: "pods of one network reach each other without the node's rules; set portIsolation or "
                + #""addressMode": "host" for the bridge plugin, or net.bridge.bridge-nf-call-iptables = 1"#
        )
    }
}

extension CNIError.Code {
    /// The policy could not be kept on this node.
    package static let notEnforceable = CNIError.Code(rawValue: 111)
}
