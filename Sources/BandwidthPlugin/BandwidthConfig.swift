package import CNI
import JSON
package import NetworkModel

/// The `bandwidth` plugin's configuration, checked.
package struct BandwidthConfig: Hashable, Sendable {
    /// The bucket for what the pod receives, nil for no limit.
    package let ingress: TokenBucket?
    /// The bucket for what it sends, nil for no limit.
    package let egress: TokenBucket?

    /// Reads the plugin's own keys or, where it has none of them, the runtime's.
    package init(_ config: NetworkConfig) throws(CNIError) {
        self = try config.read { (root) throws(JSONError) in try BandwidthConfig(root) }
    }

    private init(_ root: JSONField) throws(JSONError) {
        try Self.keys.refuseSlips(in: root)
        var isStatic = false
        for key in Self.own {
            if try root[key].isPresent { isStatic = true }
        }
        let limits = isStatic ? root : try root["runtimeConfig"]["bandwidth"]
        ingress = try Self.bucket(rate: limits["ingressRate"], burst: limits["ingressBurst"])
        egress = try Self.bucket(rate: limits["egressRate"], burst: limits["egressBurst"])
    }

    private static let own = ["ingressRate", "ingressBurst", "egressRate", "egressBurst"]
    private static let keys = KnownKeys(own)

    /// Both numbers are of bits; 0 is the same as none.
    private static func bucket(rate: JSONField, burst: JSONField) throws(JSONError) -> TokenBucket? {
        let bits = (rate: try rate.int() ?? 0, burst: try burst.int() ?? 0)
        guard bits.rate >= 0, bits.burst >= 0 else {
            throw (bits.rate < 0 ? rate : burst).fault("rate and burst must be a positive integer")
        }
        if bits.rate == 0, bits.burst == 0 { return nil }
        guard bits.burst != 0 else { throw burst.fault("if rate is set, burst must also be set") }
        guard bits.rate != 0 else { throw rate.fault("if burst is set, rate must also be set") }
        guard bits.burst / 8 < Int(UInt32.max) else { throw burst.fault("burst cannot be more than 4GB") }
        guard bits.rate >= 8, bits.burst >= 8 else { throw rate.fault("less than a byte") }
        return TokenBucket(rate: UInt64(bits.rate / 8), burst: UInt64(bits.burst / 8))
    }
}
