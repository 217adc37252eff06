/// What an object says of itself, before anyone knows whether the rest of it can be read: nothing in it is refused.
package struct KubernetesHead: FieldObject, Hashable, Sendable {
    /// `apiVersion`
    package var apiVersion: String?
    /// `kind`
    package var kind: String?
    /// `metadata`
    package var metadata = Metadata()

    /// No field is given.
    package init() {}

    /// What `metadata` says for whoever keeps objects.
    package struct Metadata: FieldObject, Hashable, Sendable {
        /// `metadata.name`
        package var name: String?
        /// `metadata.namespace`
        package var namespace: String?
        /// `metadata.resourceVersion`
        package var resourceVersion: String?
        /// `metadata.continue`, of lists.
        package var continuation: String?
        /// `metadata.annotations`
        package var annotations = Annotations()

        /// No field is given.
        package init() {}
    }

    /// The annotation that a watch's bookmark may have.
    package struct Annotations: FieldObject, Hashable, Sendable {
        /// Whether everything that was there at first has been told.
        package var endsInitialEvents = false

        /// No field is given.
        package init() {}
    }

    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "apiVersion": apiVersion = try reader.word()
        case "kind": kind = try reader.word()
        case "metadata" where reader.holdsFields: metadata = try reader.object() ?? Metadata()
        default: break
        }
    }
}

extension KubernetesHead.Metadata {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        switch field {
        case "name": name = try reader.word()
        case "namespace": namespace = try reader.word()
        case "resourceVersion": resourceVersion = try reader.word()
        case "continue": continuation = try reader.word()
        case "annotations" where reader.holdsFields:
            annotations = try reader.object() ?? KubernetesHead.Annotations()
        default: break
        }
    }
}

extension KubernetesHead.Annotations {
    @inlinable
    package mutating func take(_ field: String, from reader: inout some FieldReader) throws(FieldFault) {
        if field == "k8s.io/initial-events-end" { endsInitialEvents = try reader.word() == "true" }
    }
}

extension KubernetesHead {
    /// Names the object, for errors: without a namespace it is in `default`, as for `kubectl`.
    package func id(_ kind: ObjectID.Kind) -> ObjectID {
        ObjectID(
            kind,
            namespace: shortened(metadata.namespace ?? "default"),
            name: shortened(metadata.name ?? "")
        )
    }
}
