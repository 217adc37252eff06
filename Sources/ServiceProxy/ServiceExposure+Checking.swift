import Addressing

// What of a Service says who reaches it, and where its traffic goes.
extension FieldCheck {
    /// `Cluster` unless told otherwise.
    func policy(_ text: String?, field: String) throws(Rejection) -> TrafficPolicy {
        guard let text, !text.isEmpty else { return .cluster }
        if let policy = TrafficPolicy(rawValue: text) { return policy }
        let reason = "known are Cluster and Local"
        throw Rejection(object, field: field, InvalidValue(shortened(text), isNot: "a traffic policy", reason: reason))
    }

    /// How long a client stays with its endpoint, if it does.
    func affinity(of spec: KubernetesService.Spec) throws(Rejection) -> Affinity? {
        switch spec.sessionAffinity {
        case nil, "", "None": return nil
        case "ClientIP":
            let seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? Int(Affinity.defaultSeconds)
            return try field("spec.sessionAffinityConfig.clientIP.timeoutSeconds") { () throws(InvalidValue) in
                try Affinity(seconds: seconds)
            }
        case .some(let other):
            let reason = "known are None and ClientIP"
            throw Rejection(
                object,
                field: "spec.sessionAffinity",
                InvalidValue(shortened(other), isNot: "a session affinity", reason: reason)
            )
        }
    }

    /// What reaches the service from outside; nil when nothing does.
    func exposure(of service: KubernetesService) throws(Rejection) -> ServiceExposure? {
        let spec = service.spec ?? KubernetesService.Spec()
        let isLoadBalancer = spec.type == "LoadBalancer"
        let policy = try policy(spec.externalTrafficPolicy, field: "spec.externalTrafficPolicy")
        let exposure = ServiceExposure(
            isLoadBalancer: isLoadBalancer,
            externalIPs: try addresses((spec.externalIPs ?? []).enumerated()) { "spec.externalIPs[\($0)]" },
            loadBalancerIPs: try loadBalancerIPs(of: service),
            sourceRanges: try sourceRanges(of: spec),
            policy: policy,
            healthCheckNodePort: isLoadBalancer && policy == .local
                ? try optionalPort(spec.healthCheckNodePort, field: "spec.healthCheckNodePort") : nil
        )
        return exposure == ServiceExposure() ? nil : exposure
    }

    /// Each address once; `field` names a text by its place.
    private func addresses(
        _ texts: some Sequence<(offset: Int, element: String)>,
        _ field: (Int) -> String
    ) throws(Rejection) -> [IPAddress] {
        var addresses: [IPAddress] = []
        var known: Set<IPAddress> = []
        for (index, text) in texts {
            let address = try self.field(field(index)) { () throws(InvalidValue) in try virtualAddress(text) }
            if known.insert(address).inserted { addresses.append(address) }
        }
        return addresses
    }

    /// The addresses that packets still have when they arrive: not those of a balancer that is itself the other end.
    private func loadBalancerIPs(of service: KubernetesService) throws(Rejection) -> [IPAddress] {
        let ingress = service.status?.loadBalancer?.ingress ?? []
        let texts = ingress.map { $0.ipMode == nil || $0.ipMode == "VIP" ? $0.ip ?? "" : "" }
        return try addresses(texts.enumerated().filter { !$0.element.isEmpty }) {
            "status.loadBalancer.ingress[\($0)].ip"
        }
    }

    /// The networks, spaces around them forgiven as Kubernetes forgives them; nil without any.
    private func sourceRanges(of spec: KubernetesService.Spec) throws(Rejection) -> [CIDR]? {
        guard let texts = spec.loadBalancerSourceRanges, !texts.isEmpty else { return nil }
        var ranges: Set<CIDR> = []
        for (index, text) in texts.enumerated() {
            let range = try field("spec.loadBalancerSourceRanges[\(index)]") { () throws(InvalidValue) in
                try CIDR(parsing: text.trimmed)
            }
            ranges.insert(range.network)
        }
        return ranges.sorted()
    }
}

extension String {
    /// Without spaces at both ends.
    fileprivate var trimmed: String {
        let start = drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    /// `172.30.0.041` as `172.30.0.41`.
    fileprivate var withoutLeadingZeros: String {
        guard contains("."), !contains(":") else { return self }
        let octets = split(separator: ".", omittingEmptySubsequences: false).map { octet in
            let rest = octet.drop { $0 == "0" }
            return rest.isEmpty ? octet.suffix(1) : rest
        }
        return octets.joined(separator: ".")
    }
}

extension IPAddress {
    /// Reads an address of a Kubernetes object; leading zeros, which old API servers let pass, are read as decimal.
    init(ofObject text: String) throws(InvalidValue) {
        guard let address = IPAddress(text) ?? IPAddress(text.withoutLeadingZeros) else {
            throw InvalidValue(shortened(text), isNot: "an IP address")
        }
        self = address
    }
}
