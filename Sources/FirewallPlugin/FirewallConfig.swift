package import CNI
import JSON

/// The `firewall` plugin's configuration, checked.
package struct FirewallConfig: Hashable, Sendable {
    /// Who may send packets to a pod, among the pods of the node.
    package enum Policy: String, Hashable, Sendable {
        /// Everybody.
        case open
        /// The pods of its own bridge.
        case sameBridge = "same-bridge"
        /// No other pod.
        case isolated
    }

    /// `ingressPolicy`
    package let policy: Policy

    /// Reads the plugin's object.
    package init(_ config: NetworkConfig) throws(CNIError) {
        let (text, backend) = try config.read { (root) throws(JSONError) in
            // Names of others' chains and zones: taken, since nothing of theirs is changed.
            _ = try (root["iptablesAdminChainName"].string(), root["firewalldZone"].string())
            return (try root["ingressPolicy"].string() ?? "", try root["backend"].string() ?? "")
        }
        guard ["", "iptables", "nftables", "firewalld"].contains(backend) else {
            throw CNIError(.invalidConfig, "unrecognized firewall backend \"\(backend)\"")
        }
        guard let policy = text.isEmpty ? .open : Policy(rawValue: text) else {
            throw CNIError(.invalidConfig, "unknown ingress policy: \"\(text)\"")
        }
        self.policy = policy
    }
}
