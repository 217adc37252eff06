import Addressing

/// Puts what the daemon wants, what it has applied and what the kernel has into one row per endpoint.
package enum EndpointJoin {
    /// The daemon's endpoints with what the kernel has of each, and what the kernel has beyond them.
    package static func rows(desired: [EndpointItem], generation: UInt64, kernel: KernelReading) -> [EndpointItem] {
        if kernel == .notAsked { return ordered(desired) }
        guard let view = kernel.view else { return ordered(desired.map(unread)) }
        let groups = Dictionary(grouping: desired, by: \.frontend)
        var rows: [EndpointItem] = []
        for (frontend, items) in groups {
            guard let frontend else {
                rows += items.map(unread)
                continue
            }
            let judge = EndpointJudge(frontend, items, view, generation: generation)
            rows += items.map(judge.row) + judge.leftovers
        }
        for frontend in view.translated where groups[frontend] == nil {
            rows += EndpointJudge(frontend, [], view, generation: generation).leftovers
        }
        let claimed = Set(groups.keys.compactMap { $0?.address }).union(view.frontends.keys.map(\.address))
        rows += view.clusterIPs.filter { !claimed.contains($0.key) }.map { address, owner in
            let reason = "in set cluster-ips, not desired"
            return EndpointItem(rejecting: address, of: owner, state: .undesired, kernel: .stale, reason: reason)
        }
        rows += view.refused.filter { groups[$0.key] == nil }.map { frontend, owner in
            EndpointItem(
                refusing: frontend,
                of: owner,
                state: .undesired,
                kernel: .stale,
                reason: "in set refused, not desired"
            )
        }
        return ordered(rows)
    }

    /// What the kernel alone tells, when there is no daemon to ask: nobody knows how an endpoint is, only that it is
    /// there.
    package static func rows(kernelOnly view: KernelView) -> [EndpointItem] {
        let frontends = view.translated
        let claimed = Set(frontends.map(\.address))
        let rejected = view.clusterIPs.filter { !claimed.contains($0.key) }.map { address, owner in
            EndpointItem(rejecting: address, of: owner, state: .noEndpoints, kernel: .reject, reason: nil)
        }
        let refused = view.refused.map { frontend, owner in
            EndpointItem(refusing: frontend, of: owner, state: .noEndpoints, kernel: .reject, reason: nil)
        }
        return ordered(frontends.flatMap { KernelWitness($0, view).rows } + rejected + refused)
    }

    /// By service, then by frontend, then by endpoint.
    private static func ordered(_ rows: [EndpointItem]) -> [EndpointItem] {
        rows.map { (EndpointOrder($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private static func unread(_ item: EndpointItem) -> EndpointItem {
        var row = item
        row.kernel = KernelEvidence(.unknown)
        return row
    }
}

/// What rows are sorted by.
private struct EndpointOrder: Comparable {
    private let service: [String]
    private let frontend: Frontend?
    private let vip: String
    private let address: IPAddress?
    private let port: Int

    init(_ item: EndpointItem) {
        service = [item.namespace, item.service]
        frontend = item.frontend
        vip = item.frontendText
        address = item.endpoint.flatMap { IPAddress($0.address) }
        port = item.endpoint?.port ?? 0
    }

    static func < (left: Self, right: Self) -> Bool {
        if left.service != right.service { return left.service.lexicographicallyPrecedes(right.service) }
        if left.frontend != right.frontend { return precedes(left.frontend, right.frontend) ?? (left.vip < right.vip) }
        if left.address != right.address { return precedes(left.address, right.address) ?? false }
        return left.port < right.port
    }

    /// Whether the first comes first, nil before all others; nil when neither is there.
    private static func precedes<Value: Comparable>(_ left: Value?, _ right: Value?) -> Bool? {
        switch (left, right) {
        case (let left?, let right?): left < right
        case (nil, _?): true
        case (_?, nil): false
        case (nil, nil): nil
        }
    }
}
