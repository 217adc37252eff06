import Addressing

extension EndpointSlice {
    /// Reads an EndpointSlice, or says which field keeps it from being one.
    ///
    /// Nil for one that is valid but nothing for a proxy: names instead of addresses, or of no service.
    package init?(checking object: KubernetesEndpointSlice) throws(Rejection) {
        let metadata = object.metadata ?? KubernetesMetadata()
        let check = FieldCheck(metadata.id(.endpointSlice))
        guard object.addressType != "FQDN" else { return nil }
        // Required of every slice, so one without it was cut: that is more than one that is nothing for us.
        let family = try check.family(object.addressType)
        guard let service = metadata.labels?.serviceName else { return nil }
        let name = try check.field("metadata.name") { () throws(InvalidValue) in
            try checkedSubdomain(metadata.name ?? "", as: "an object name")
        }
        self.init(
            name,
            of: try check.serviceName(service, field: "metadata.labels[kubernetes.io/service-name]", in: metadata),
            family,
            ports: try check.ports(of: object),
            endpoints: try check.endpoints(of: object, family)
        )
        triggered = metadata.annotations?.lastChangeTriggerTime.flatMap(TriggerTime.init)
    }
}

extension FieldCheck {
    fileprivate func family(_ addressType: String?) throws(Rejection) -> IPAddress.Family {
        switch addressType {
        case "IPv4": return .v4
        case "IPv6": return .v6
        case nil: throw Rejection(object, field: "addressType", value: "", reason: "missing")
        case .some(let other):
            throw Rejection(
                object,
                field: "addressType",
                InvalidValue(shortened(other), isNot: "an address type", reason: "known are IPv4, IPv6 and FQDN")
            )
        }
    }

    /// A port without a number would mean all ports, which no proxy has ever supported; kube-proxy skips it too.
    fileprivate func ports(of slice: KubernetesEndpointSlice) throws(Rejection) -> [EndpointPort] {
        var ports: [EndpointPort] = []
        for (index, given) in (slice.ports ?? []).enumerated() {
            guard let number = given.port else { continue }
            let port = EndpointPort(
                name: try portName(given.name, field: "ports[\(index)].name"),
                try transport(given.protocol, field: "ports[\(index)].protocol"),
                try field("ports[\(index)].port") { () throws(InvalidValue) in try Port(number) }
            )
            ports.append(port)
        }
        return ports
    }

    fileprivate func endpoints(
        of slice: KubernetesEndpointSlice,
        _ family: IPAddress.Family
    ) throws(Rejection) -> [Endpoint] {
        let given = slice.endpoints ?? []
        var endpoints: [Endpoint] = []
        endpoints.reserveCapacity(given.count)
        for (index, endpoint) in given.enumerated() {
            endpoints.append(try self.endpoint(endpoint, index, family))
        }
        return endpoints
    }

    private func endpoint(
        _ given: KubernetesEndpointSlice.Endpoint,
        _ index: Int,
        _ family: IPAddress.Family
    ) throws(Rejection) -> Endpoint {
        guard let text = given.addresses?.first else {
            throw Rejection(object, field: "endpoints[\(index)].addresses", value: "", reason: "missing")
        }
        return Endpoint(
            try field("endpoints[\(index)].addresses[0]") { () throws(InvalidValue) in
                try endpointAddress(text, family)
            },
            isReady: given.conditions?.ready ?? true,
            isServing: given.conditions?.serving ?? true,
            isTerminating: given.conditions?.terminating ?? false,
            nodeName: try word(given.nodeName, as: "a node name", "endpoints[\(index)].nodeName"),
            podName: try podName(given.targetRef, index),
            hints: hints(given.hints)
        )
    }

    private func hints(_ given: KubernetesEndpointSlice.Hints?) -> Endpoint.Hints? {
        guard let given else { return nil }
        let nodes = Set((given.forNodes ?? []).compactMap(\.name))
        let zones = Set((given.forZones ?? []).compactMap(\.name))
        return nodes.isEmpty && zones.isEmpty ? nil : Endpoint.Hints(nodes: nodes, zones: zones)
    }

    private func endpointAddress(_ text: String, _ family: IPAddress.Family) throws(InvalidValue) -> IPAddress {
        let address = try IPAddress(ofObject: text)
        if address.family != family {
            throw InvalidValue(text, isNot: "an endpoint address", reason: "the slice's addressType is another")
        }
        if let reason = address.reasonNotRoutable {
            throw InvalidValue(text, isNot: "an endpoint address", reason: reason)
        }
        return address
    }

    private func podName(_ target: KubernetesEndpointSlice.Reference?, _ index: Int) throws(Rejection) -> String? {
        guard let target, target.kind == nil || target.kind == "Pod" else { return nil }
        return try word(target.name, as: "a pod name", "endpoints[\(index)].targetRef.name")
    }

    private func word(
        _ text: String?,
        as expected: String,
        _ field: @autoclosure () -> String
    ) throws(Rejection) -> String? {
        guard let text, !text.isEmpty else { return nil }
        return try self.field(field()) { () throws(InvalidValue) in try checkedWord(text, as: expected) }
    }
}
