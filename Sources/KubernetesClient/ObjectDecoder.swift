import FoundationEssentials
import ServiceProxy

/// Turns the texts of one resource into values.
package struct ObjectDecoder: Sendable {
    private let resource: Resource
    private let decoder: JSONDecoder

    /// Reads objects of `resource`.
    package init(_ resource: Resource) {
        self.resource = resource
        decoder = JSONDecoder()
        if let key = CodingUserInfoKey.resource { decoder.userInfo[key] = resource }
    }

    /// One item of a list.
    package func item(_ bytes: [UInt8]) throws(MalformedAnswer) -> WatchedObject {
        try decode(ObjectInList.self, bytes).object
    }

    /// What is around the items of a list: its version, and how to get the rest.
    package func head(_ bytes: [UInt8]) throws(MalformedAnswer) -> ListHead {
        let list = try decode(ListEnvelope.self, bytes)
        guard list.kind == "\(resource.kind)List", list.apiVersion == resource.apiVersion else {
            throw MalformedAnswer(
                "it is \(list.apiVersion ?? "?")/\(list.kind ?? "?"), not \(resource.apiVersion)/\(resource.kind)List"
            )
        }
        guard let version = list.metadata?.resourceVersion.flatMap(ResourceVersion.init) else {
            throw MalformedAnswer("the list has no resourceVersion")
        }
        return ListHead(version: version, continuation: list.metadata?.continue.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// One line of a watch.
    package func event(_ line: [UInt8]) throws(MalformedAnswer) -> WatchEvent {
        var nesting = JSONNesting()
        for byte in line { try nesting.take(byte) }
        return try decode(EventLine.self, line).event
    }

    /// A refusal; nil when the server has not said it in the API's words.
    package static func status(_ bytes: [UInt8]) -> APIStatus? {
        try? JSONDecoder().decode(StatusDocument.self, from: Data(bytes)).status
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(MalformedAnswer) -> Value {
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch let error as MalformedAnswer {
            throw error
        } catch {
            throw MalformedAnswer(decoderSentence(error))
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

extension CodingUserInfoKey {
    /// Which resource the decoded objects are of.
    fileprivate static let resource = CodingUserInfoKey(rawValue: "resource")
}

/// `{"kind":"Status",…}`
private struct StatusDocument: Decodable {
    let status: APIStatus

    private enum Key: CodingKey {
        case kind
    }

    init(from decoder: any Decoder) throws {
        let kind = try decoder.container(keyedBy: Key.self).decodeIfPresent(String.self, forKey: .kind)
        guard kind == "Status" else { throw MalformedAnswer("no Status") }
        status = try APIStatus(from: decoder)
    }
}

/// What is around the items of a list.
private struct ListEnvelope: Decodable {
    let kind: String?
    let apiVersion: String?
    let metadata: Metadata?

    struct Metadata: Decodable {
        let resourceVersion: String?
        let `continue`: String?
    }
}

/// `{"type":"ADDED","object":{…}}`
private struct EventLine: Decodable {
    let event: WatchEvent

    private enum Key: CodingKey {
        case type, object
    }

    init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: Key.self)
        let type = try line.decode(String.self, forKey: .type)
        switch type {
        case "ADDED": event = .added(try line.decode(ObjectInStream.self, forKey: .object).object)
        case "MODIFIED": event = .modified(try line.decode(ObjectInStream.self, forKey: .object).object)
        case "DELETED": event = .deleted(try line.decode(ObjectInStream.self, forKey: .object).object)
        case "BOOKMARK": event = try line.decode(ObjectHead.self, forKey: .object).bookmark
        case "ERROR": event = .error(try line.decode(APIStatus.self, forKey: .object))
        default: throw MalformedAnswer("an event has the unknown type '\(type.prefix(40))'")
        }
    }
}

/// What every object has.
private struct ObjectHead: Decodable {
    let apiVersion: String?
    let kind: String?
    let metadata: Metadata?

    struct Metadata: Decodable {
        let name: String?
        let namespace: String?
        let resourceVersion: String?
        let annotations: Annotations?
    }

    struct Annotations: Decodable {
        let initialEventsEnd: String?

        private enum CodingKeys: String, CodingKey {
            case initialEventsEnd = "k8s.io/initial-events-end"
        }
    }

    var key: ObjectKey {
        get throws {
            guard let name = metadata?.name, !name.isEmpty else { throw MalformedAnswer("an object has no name") }
            return ObjectKey(namespace: metadata?.namespace ?? "", name: name)
        }
    }

    var version: ResourceVersion {
        get throws {
            guard let version = metadata?.resourceVersion.flatMap(ResourceVersion.init) else {
                throw MalformedAnswer("an object has no resourceVersion")
            }
            return version
        }
    }

    var bookmark: WatchEvent {
        get throws {
            .bookmark(try version, endsInitialEvents: metadata?.annotations?.initialEventsEnd == "true")
        }
    }

    /// The items of a list leave out what they are; if one says it, it must be right.
    func check(_ resource: Resource, isRequired: Bool) throws {
        if !isRequired, kind == nil, apiVersion == nil { return }
        guard kind == resource.kind, apiVersion == resource.apiVersion else {
            throw MalformedAnswer(
                "an object is \(apiVersion ?? "?")/\(kind ?? "?"), not \(resource.apiVersion)/\(resource.kind)"
            )
        }
    }
}

private struct ObjectInList: Decodable {
    let object: WatchedObject

    init(from decoder: any Decoder) throws {
        object = try WatchedObject(from: decoder, saysWhatItIs: false)
    }
}

private struct ObjectInStream: Decodable {
    let object: WatchedObject

    init(from decoder: any Decoder) throws {
        object = try WatchedObject(from: decoder, saysWhatItIs: true)
    }
}

extension WatchedObject {
    /// Throws for what is no object of the resource at all; what else is wrong with it stays with it.
    fileprivate init(from decoder: any Decoder, saysWhatItIs: Bool) throws {
        guard let key = CodingUserInfoKey.resource, let resource = decoder.userInfo[key] as? Resource else {
            throw MalformedAnswer("nobody said what resource it is of")
        }
        let head = try ObjectHead(from: decoder)
        try head.check(resource, isRequired: saysWhatItIs)
        self.init(try head.key, try head.version, Content(resource, from: decoder, try head.key))
    }
}

extension WatchedObject.Content {
    fileprivate init(_ resource: Resource, from decoder: any Decoder, _ key: ObjectKey) {
        do {
            switch resource {
            case .services: self = .service(try Service(checking: KubernetesService(from: decoder)))
            case .endpointSlices:
                let slice = try EndpointSlice(checking: KubernetesEndpointSlice(from: decoder))
                self = slice.map { .slice($0) } ?? .nothing
            case .node: self = .node(NodeFacts(try KubernetesNode(from: decoder)))
            case .serviceCIDRs: self = .serviceCIDR(ServiceCIDR(try KubernetesServiceCIDR(from: decoder)))
            }
        } catch let rejection as Rejection {
            self = .refused(rejection)
        } catch {
            self = .refused(Rejection(resource.id(of: key), error, below: decoder.codingPath.count))
        }
    }
}

extension Resource {
    /// Names an object for people. Of nodes and ranges nothing is ever reported that way.
    func id(of key: ObjectKey) -> ObjectID {
        ObjectID(self == .endpointSlices ? .endpointSlice : .service, namespace: key.namespace, name: key.name)
    }
}
