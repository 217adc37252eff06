import JSON
import ServiceProxy

/// Turns the texts of one resource into values.
///
/// Every text is gone through twice: for what it is, which also judges all of its syntax, and for its fields.
package struct ObjectDecoder: Sendable {
    private let resource: Resource

    /// Reads objects of `resource`.
    package init(_ resource: Resource) {
        self.resource = resource
    }

    /// One item of a list.
    package func item(_ bytes: [UInt8]) throws(MalformedAnswer) -> WatchedObject {
        try object(try Document(bytes), saysWhatItIs: false)
    }

    /// What is around the items of a list: its version, and how to get the rest.
    package func head(_ bytes: [UInt8]) throws(MalformedAnswer) -> ListHead {
        let list = try Document(bytes).head
        guard list.kind == "\(resource.kind)List", list.apiVersion == resource.apiVersion else {
            throw MalformedAnswer("it is \(list.whatItIs), not \(resource.apiVersion)/\(resource.kind)List")
        }
        guard let version = list.metadata.resourceVersion.flatMap(ResourceVersion.init) else {
            throw MalformedAnswer("the list has no resourceVersion")
        }
        return ListHead(version: version, continuation: list.metadata.continuation.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// One line of a watch.
    package func event(_ line: [UInt8]) throws(MalformedAnswer) -> WatchEvent {
        let (type, document) = try Document.event(line)
        switch type {
        case "ADDED": return .added(try object(document, saysWhatItIs: true))
        case "MODIFIED": return .modified(try object(document, saysWhatItIs: true))
        case "DELETED": return .deleted(try object(document, saysWhatItIs: true))
        case "BOOKMARK":
            return .bookmark(
                try document.version,
                endsInitialEvents: document.head.metadata.annotations.endsInitialEvents
            )
        case "ERROR": return .error(try document.status)
        default: throw MalformedAnswer("an event has the unknown type '\(type.prefix(40))'")
        }
    }

    /// A refusal; nil when the server has not said it in the API's words.
    package static func status(_ bytes: [UInt8]) -> APIStatus? {
        guard let document = try? Document(bytes), document.head.kind == "Status" else { return nil }
        return try? document.status
    }

    /// Throws for what is no object of the resource at all; what else is wrong with it stays with it.
    private func object(_ document: Document, saysWhatItIs: Bool) throws(MalformedAnswer) -> WatchedObject {
        try check(document.head, isRequired: saysWhatItIs)
        let key = try document.key
        return WatchedObject(key, try document.version, content(of: document, key))
    }

    /// The items of a list leave out what they are; if one says it, it must be right.
    private func check(_ head: KubernetesHead, isRequired: Bool) throws(MalformedAnswer) {
        if !isRequired, head.kind == nil, head.apiVersion == nil { return }
        guard head.kind == resource.kind, head.apiVersion == resource.apiVersion else {
            throw MalformedAnswer("an object is \(head.whatItIs), not \(resource.apiVersion)/\(resource.kind)")
        }
    }

    private func content(of document: Document, _ key: ObjectKey) -> WatchedObject.Content {
        do throws(Rejection) {
            switch resource {
            case .services: return .service(try Service(checking: try document.fields(resource.id(of: key))))
            case .endpointSlices:
                let slice = try EndpointSlice(checking: try document.fields(resource.id(of: key)))
                return slice.map { .slice($0) } ?? .nothing
            case .node: return .node(NodeFacts(try document.fields(resource.id(of: key))))
            case .serviceCIDRs: return .serviceCIDR(ServiceCIDR(try document.fields(resource.id(of: key))))
            }
        } catch {
            return .refused(error)
        }
    }
}

/// What a list says of itself.
package struct ListHead: Hashable, Sendable {
    /// The version that it is of.
    package let version: ResourceVersion
    /// What to ask for the next page; nil on the last one.
    package let continuation: String?
}

/// A well-formed object, and what it says of itself.
private struct Document {
    let head: KubernetesHead
    private let body: JSONReader

    init(_ bytes: [UInt8]) throws(MalformedAnswer) {
        var reader = JSONReader(bytes)
        try self.init(&reader)
        try Self.wellFormed(&reader) { reader throws(JSONError) in try reader.finish() }
    }

    private init(_ reader: inout JSONReader) throws(MalformedAnswer) {
        body = reader
        do throws(FieldFault) {
            head = try reader.object() ?? KubernetesHead()
        } catch {
            throw MalformedAnswer(error.reason)
        }
    }

    /// The type and the object of `{"type":"ADDED","object":{…}}`.
    static func event(_ line: [UInt8]) throws(MalformedAnswer) -> (type: String, Document) {
        var reader = JSONReader(line)
        var type: String?
        var document: Document?
        _ = try wellFormed(&reader) { reader throws(JSONError) in try reader.enterObject() }
        while let key = try wellFormed(&reader, { reader throws(JSONError) in try reader.nextKey() }) {
            switch key {
            case "type": type = try wellFormed(&reader) { reader throws(JSONError) in try reader.string() }
            case "object": document = try Document(&reader)
            default: break
            }
        }
        try wellFormed(&reader) { reader throws(JSONError) in try reader.finish() }
        guard let type, let document else { throw MalformedAnswer("an event has no type or no object") }
        return (type, document)
    }

    private static func wellFormed<Value>(
        _ reader: inout JSONReader,
        _ body: (inout JSONReader) throws(JSONError) -> Value
    ) throws(MalformedAnswer) -> Value {
        do throws(JSONError) {
            return try body(&reader)
        } catch {
            throw MalformedAnswer(error.description)
        }
    }

    var key: ObjectKey {
        get throws(MalformedAnswer) {
            guard let name = head.metadata.name, !name.isEmpty else { throw MalformedAnswer("an object has no name") }
            return ObjectKey(namespace: head.metadata.namespace ?? "", name: name)
        }
    }

    var version: ResourceVersion {
        get throws(MalformedAnswer) {
            guard let version = head.metadata.resourceVersion.flatMap(ResourceVersion.init) else {
                throw MalformedAnswer("an object has no resourceVersion")
            }
            return version
        }
    }

    var status: APIStatus {
        get throws(MalformedAnswer) {
            var reader = body
            do throws(FieldFault) {
                return try reader.object() ?? APIStatus()
            } catch {
                throw MalformedAnswer("\(error.field): \(error.reason)")
            }
        }
    }

    /// The fields of the object that is known as `id`.
    func fields<Object: FieldObject>(_ id: @autoclosure () -> ObjectID) throws(Rejection) -> Object {
        var reader = body
        do throws(FieldFault) {
            return try reader.object() ?? Object()
        } catch {
            throw Rejection(id(), error)
        }
    }
}

extension KubernetesHead {
    fileprivate var whatItIs: String { "\(apiVersion ?? "?")/\(kind ?? "?")" }
}

extension Resource {
    /// Names an object for people. Of nodes and ranges nothing is ever reported that way.
    func id(of key: ObjectKey) -> ObjectID {
        ObjectID(self == .endpointSlices ? .endpointSlice : .service, namespace: key.namespace, name: key.name)
    }
}
