/// `v1/Node`, as far as we read it.
package struct KubernetesNode: FieldObject, Sendable {
    private(set) var metadata: Metadata?
    private(set) var spec: Spec?
    private(set) var status: Status?

    /// No field is given.
    package init() {}

    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "metadata": metadata = try reader.object()
        case "spec": spec = try reader.object()
        case "status": status = try reader.object()
        default: break
        }
    }

    struct Metadata: FieldObject, Sendable {
        private(set) var name: String?
        private(set) var labels: Labels?
        private(set) var deletionTimestamp: String?

        mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
            switch field {
            case "name": name = try reader.text()
            case "labels": labels = try reader.object()
            case "deletionTimestamp": deletionTimestamp = try reader.time()
            default: break
            }
        }
    }

    struct Labels: FieldObject, Sendable {
        private(set) var zone: String?

        mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
            if field == "topology.kubernetes.io/zone" { zone = try reader.text() }
        }
    }

    struct Spec: FieldObject, Sendable {
        private(set) var podCIDRs: [String]?
        private(set) var taints: [Taint]?
        private(set) var unschedulable: Bool?

        mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
            switch field {
            case "podCIDRs": podCIDRs = try reader.texts()
            case "taints": taints = try reader.objects()
            case "unschedulable": unschedulable = try reader.boolean()
            default: break
            }
        }
    }

    struct Taint: FieldObject, Sendable {
        private(set) var key: String?

        mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
            if field == "key" { key = try reader.text() }
        }
    }

    struct Status: FieldObject, Sendable {
        private(set) var addresses: [Address]?

        mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
            if field == "addresses" { addresses = try reader.objects() }
        }
    }

    struct Address: FieldObject, Sendable {
        private(set) var address: String?

        mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
            if field == "address" { address = try reader.text() }
        }
    }
}

/// `networking.k8s.io/v1/ServiceCIDR`, as far as we read it.
package struct KubernetesServiceCIDR: FieldObject, Sendable {
    private(set) var metadata: KubernetesMetadata?
    private(set) var spec: Spec?
    private(set) var status: Status?

    /// No field is given.
    package init() {}

    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "metadata": metadata = try reader.object()
        case "spec": spec = try reader.object()
        case "status": status = try reader.object()
        default: break
        }
    }

    struct Spec: FieldObject, Sendable {
        private(set) var cidrs: [String]?

        mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
            if field == "cidrs" { cidrs = try reader.texts() }
        }
    }

    struct Status: FieldObject, Sendable {
        private(set) var conditions: [Condition]?

        mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
            if field == "conditions" { conditions = try reader.objects() }
        }
    }

    struct Condition: FieldObject, Sendable {
        private(set) var type: String?
        private(set) var status: String?

        mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
            switch field {
            case "type": type = try reader.text()
            case "status": status = try reader.text()
            default: break
            }
        }
    }
}
