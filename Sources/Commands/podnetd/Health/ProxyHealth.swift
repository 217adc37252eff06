package import Control
package import ServiceProxy

/// Whether the proxy does its work, in kube-proxy's JSON.
package struct ProxyHealth: Encodable, Hashable, Sendable {
    /// When the kernel was last known to be as it should be; the present while all is well.
    package var lastUpdated: Control.Timestamp
    /// Now.
    package let currentTime: Control.Timestamp
    /// Whether load balancers should send anything to this node; nil where that is not asked.
    package let nodeEligible: Bool?
    /// Whether no change has waited for the kernel for too long.
    package let healthy: Bool
    /// The same by family.
    package let status: [String: OfFamily]

    /// One family's part.
    package struct OfFamily: Encodable, Hashable, Sendable {
        /// When its table was last known to be as it should be.
        package let lastUpdated: Control.Timestamp
        /// Whether it is well.
        package let healthy: Bool
    }

    /// Whether the answer is good news.
    package var isGood: Bool { healthy && nodeEligible ?? true }

    /// Describes the state of things at a moment. Both families are brought up to date by one and the same loop.
    package init(_ figures: SyncFigures, isEligible: Bool?, at now: SyncFigures.Moment) {
        let last = figures.lastSettled.map { figures.secondsSinceEpoch(of: $0, at: now) }
        let part = OfFamily(
            lastUpdated: last.map { Control.Timestamp(secondsSinceEpoch: Int64($0)) } ?? .never,
            healthy: figures.isHealthy(at: now.instant)
        )
        currentTime = Control.Timestamp(secondsSinceEpoch: Int64(now.secondsSinceEpoch))
        nodeEligible = isEligible
        healthy = part.healthy
        status = ["IPv4": part, "IPv6": part]
        lastUpdated = part.healthy && isEligible ?? true ? currentTime : part.lastUpdated
    }
}

extension Control.Timestamp {
    /// What Go writes for a time that is none: 0001-01-01T00:00:00Z.
    static let never = Control.Timestamp(secondsSinceEpoch: -62_135_596_800)
}
