import Addressing

extension Service {
    /// Reads a Service, or says which field keeps it from being one.
    package init(checking object: KubernetesService) throws(Rejection) {
        let metadata = object.metadata ?? KubernetesMetadata()
        let check = FieldCheck(metadata.id(.service))
        guard let spec = object.spec else { throw Rejection(check.object, field: "spec", value: "", reason: "missing") }
        self.init(
            try check.serviceName(metadata.name ?? "", field: "metadata.name", in: metadata),
            kind: try check.kind(of: spec),
            ports: try check.ports(of: spec),
            created: try check.timestamp(metadata.creationTimestamp),
            proxyName: metadata.labels?.serviceProxyName.map(shortened)
        )
        internalPolicy = try check.policy(spec.internalTrafficPolicy, field: "spec.internalTrafficPolicy")
        affinity = try check.affinity(of: spec)
        exposure = try check.exposure(of: object)
    }
}

/// Checks fields on behalf of one object, so that each error names it.
struct FieldCheck {
    let object: ObjectID

    init(_ object: ObjectID) {
        self.object = object
    }

    /// Runs a check of `field`; what it throws becomes a refusal of the object.
    func field<Value>(
        _ field: @autoclosure () -> String,
        _ body: () throws(InvalidValue) -> Value
    ) throws(Rejection) -> Value {
        do throws(InvalidValue) {
            return try body()
        } catch {
            throw Rejection(object, field: field(), error)
        }
    }

    func serviceName(
        _ name: String,
        field: String,
        in metadata: KubernetesMetadata
    ) throws(Rejection) -> ServiceName {
        let namespace = metadata.namespace ?? "default"
        _ = try self.field("metadata.namespace") { () throws(InvalidValue) in
            try checkedLabel(namespace, as: "a namespace")
        }
        return try self.field(field) { () throws(InvalidValue) in try ServiceName(namespace: namespace, name: name) }
    }

    func timestamp(_ text: String?) throws(Rejection) -> Timestamp? {
        guard let text else { return nil }
        return try field("metadata.creationTimestamp") { () throws(InvalidValue) in try Timestamp(parsing: text) }
    }

    /// A name that joins ports of services and slices: empty or a DNS label.
    func portName(_ name: String?, field: @autoclosure () -> String) throws(Rejection) -> String {
        guard let name, !name.isEmpty else { return "" }
        return try self.field(field()) { () throws(InvalidValue) in try checkedLabel(name, as: "a port name") }
    }

    /// TCP unless told otherwise, as the API server's default has it.
    func transport(_ text: String?, field: @autoclosure () -> String) throws(Rejection) -> TransportProtocol {
        guard let text else { return .tcp }
        return try self.field(field()) { () throws(InvalidValue) in try TransportProtocol(parsing: text) }
    }
}

extension FieldCheck {
    fileprivate func kind(of spec: KubernetesService.Spec) throws(Rejection) -> Service.Kind {
        switch spec.type {
        case "ExternalName": return .externalName
        case nil, "ClusterIP", "NodePort", "LoadBalancer": break
        case .some(let other):
            throw Rejection(
                object,
                field: "spec.type",
                InvalidValue(shortened(other), isNot: "a type of service")
            )
        }
        // `clusterIP` repeats the first of `clusterIPs`; hand-written files often have the one without the other.
        let (texts, field) =
            spec.clusterIPs.map { ($0, "spec.clusterIPs") } ?? ([spec.clusterIP ?? ""], "spec.clusterIP")
        if texts.allSatisfy({ $0.isEmpty || $0 == "None" }) { return .headless }
        var addresses: [IPAddress] = []
        for text in texts {
            addresses.append(try self.field(field) { () throws(InvalidValue) in try virtualAddress(text) })
        }
        guard let clusterIPs = ClusterIPs(addresses) else {
            let text = texts.joined(separator: ", ")
            throw Rejection(object, field: field, value: text, reason: "'\(shortened(text))' holds two of one family")
        }
        return .virtual(clusterIPs)
    }

    func virtualAddress(_ text: String) throws(InvalidValue) -> IPAddress {
        let address = try IPAddress(ofObject: text)
        if let reason = address.reasonNotRoutable {
            throw InvalidValue(text, isNot: "a virtual address", reason: reason)
        }
        return address
    }

    fileprivate func ports(of spec: KubernetesService.Spec) throws(Rejection) -> [ServicePort] {
        var ports: [ServicePort] = []
        var taken = TakenPorts()
        for (index, given) in (spec.ports ?? []).enumerated() {
            let port = try self.port(given, index)
            try refuseDuplicate(of: port, &taken, index)
            ports.append(port)
        }
        return ports
    }

    private func port(_ given: KubernetesService.Port, _ index: Int) throws(Rejection) -> ServicePort {
        // Put together only for an error.
        func field(_ name: String) -> String { "spec.ports[\(index)].\(name)" }
        guard let number = given.port else {
            throw Rejection(object, field: field("port"), value: "", reason: "missing")
        }
        return ServicePort(
            name: try portName(given.name, field: field("name")),
            try transport(given.protocol, field: field("protocol")),
            try self.field(field("port")) { () throws(InvalidValue) in try Port(number) },
            nodePort: try optionalPort(given.nodePort, field: field("nodePort"))
        )
    }

    /// Kubernetes writes 0 for none.
    func optionalPort(_ number: Int?, field: @autoclosure () -> String) throws(Rejection) -> Port? {
        guard let number, number != 0 else { return nil }
        return try self.field(field()) { () throws(InvalidValue) in try Port(number) }
    }

    /// The API server refuses both too; which of the two would win is nothing that a user can know.
    private func refuseDuplicate(
        of port: ServicePort,
        _ taken: inout TakenPorts,
        _ index: Int
    ) throws(Rejection) {
        func field(_ name: String) -> String { "spec.ports[\(index)].\(name)" }
        guard taken.names.insert(port.name).inserted else {
            let reason =
                port.name.isEmpty ? "missing, and the service has several ports" : "a second port '\(port.name)'"
            throw Rejection(object, field: field("name"), value: port.name, reason: reason)
        }
        guard taken.ports.insert(TakenPorts.Key(port.transport, port.port)).inserted else {
            let text = "\(port.port)/\(port.transport.rawValue)"
            throw Rejection(object, field: field("port"), value: text, reason: "a second port \(text)")
        }
        guard let nodePort = port.nodePort else { return }
        guard taken.nodePorts.insert(TakenPorts.Key(port.transport, nodePort)).inserted else {
            let text = "\(nodePort)/\(port.transport.rawValue)"
            throw Rejection(object, field: field("nodePort"), value: text, reason: "a second node port \(text)")
        }
    }
}

/// What the ports before have: sets, since a service of 60,000 ports must not hold up the others.
private struct TakenPorts {
    struct Key: Hashable {
        let transport: TransportProtocol
        let port: Port

        init(_ transport: TransportProtocol, _ port: Port) {
            self.transport = transport
            self.port = port
        }
    }

    var names: Set<String> = []
    var ports: Set<Key> = []
    var nodePorts: Set<Key> = []
}

extension IPAddress {
    /// Why nothing can be forwarded to the address, or nil when something can.
    ///
    /// An endpoint at such an address would open the host's own services to whoever may write slices (CVE-2021-25737).
    var reasonNotRoutable: String? {
        if isUnspecified { return "unspecified" }
        if isLoopback { return "loopback" }
        if isLinkLocal { return "link-local" }
        if isMulticast { return "multicast" }
        return self == .v4(.max) ? "broadcast" : nil
    }
}
