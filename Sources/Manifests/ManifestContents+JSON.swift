import FoundationEssentials
import ServiceProxy

extension ManifestContents {
    /// Reads one object, a `v1/List`, or a typed list as the API server answers (`ServiceList`).
    static func json(_ bytes: [UInt8], _ file: String) throws(ManifestError) -> ManifestContents {
        let document: JSONDocument
        do {
            document = try JSONDecoder().decode(JSONDocument.self, from: Data(bytes))
        } catch {
            throw ManifestError(decoderSentence(error))
        }
        var contents = ManifestContents()
        for (index, object) in document.objects.enumerated() {
            contents.add(object, file, document.isList ? .item(index) : .wholeFile)
        }
        return contents
    }
}

/// A JSON document, decoded in one pass.
private struct JSONDocument: Decodable {
    let objects: [ManifestObject]
    let isList: Bool

    init(from decoder: any Decoder) throws {
        let head = try decoder.container(keyedBy: ObjectKey.self)
        let kind = try head.decodeIfPresent(String.self, forKey: .kind)
        guard let kind, kind.hasSuffix("List"), head.contains(.items) else {
            isList = false
            objects = [ManifestObject(from: decoder, inheriting: nil)]
            return
        }
        isList = true
        let apiVersion = try head.decodeIfPresent(String.self, forKey: .apiVersion)
        let inherited = kind == "List" ? nil : TypeMeta(apiVersion: apiVersion, kind: String(kind.dropLast(4)))
        var items = try head.nestedUnkeyedContainer(forKey: .items)
        var objects: [ManifestObject] = []
        objects.reserveCapacity(items.count ?? 0)
        while !items.isAtEnd { objects.append(ManifestObject(from: try items.superDecoder(), inheriting: inherited)) }
        self.objects = objects
    }
}

/// What an object is; items of a typed list leave it to the list.
private struct TypeMeta {
    var apiVersion: String?
    var kind: String?
}

private enum ObjectKey: String, CodingKey {
    case apiVersion, kind, items, metadata
}

extension ManifestObject {
    /// Decodes one object; what is wrong with it stays with it.
    fileprivate init(from decoder: any Decoder, inheriting inherited: TypeMeta?) {
        guard let container = try? decoder.container(keyedBy: ObjectKey.self) else {
            self = .ignored("left aside: it is no object")
            return
        }
        let apiVersion = (try? container.decodeIfPresent(String.self, forKey: .apiVersion)) ?? inherited?.apiVersion
        let kind = (try? container.decodeIfPresent(String.self, forKey: .kind)) ?? inherited?.kind
        do {
            switch Self.kind(apiVersion: apiVersion, kind: kind) {
            case .service: self = ManifestObject(try KubernetesService(from: decoder))
            case .endpointSlice: self = ManifestObject(try KubernetesEndpointSlice(from: decoder))
            case nil: self = .unknown(apiVersion: apiVersion, kind: kind, name: container.metadata?.name)
            }
        } catch {
            let metadata = container.metadata ?? KubernetesMetadata()
            let known = Self.kind(apiVersion: apiVersion, kind: kind) ?? .service
            self = .refused(Rejection(metadata.id(known), error, below: decoder.codingPath.count))
        }
    }
}

extension KeyedDecodingContainer<ObjectKey> {
    fileprivate var metadata: KubernetesMetadata? { try? decodeIfPresent(KubernetesMetadata.self, forKey: .metadata) }
}
