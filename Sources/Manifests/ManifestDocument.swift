import ServiceProxy

extension ManifestContents {
    /// Files the object that is next, or those of the list that is next.
    ///
    /// `place` tells where an object stands: by a reader that is there, and by its index in the list, if there is one.
    mutating func add<Reader: FieldReader>(
        document reader: inout Reader,
        _ file: String,
        place: (Reader, Int?) -> ManifestPlace
    ) throws(FieldFault) {
        var start = reader
        let list = try ManifestList(&reader)
        guard var items = list.items else {
            let place = place(start, nil)
            add(try ManifestObject(&start, inheriting: nil), file, place)
            return
        }
        guard try items.enterItems() else { return }
        var index = 0
        while try items.nextItem() {
            let place = place(items, index)
            add(try ManifestObject(&items, inheriting: list.itemType), file, place)
            index += 1
        }
    }
}

/// What an object is; items of a typed list leave it to the list.
struct TypeMeta {
    var apiVersion: String?
    var kind: String?
}

/// A `v1/List`, or a list of one type as the API server answers (`ServiceList`).
private struct ManifestList<Reader: FieldReader> {
    /// Stands at the items; nil when this is no list.
    private(set) var items: Reader?
    private var type = TypeMeta()

    /// Goes over all that is next, so that the rest of a document that is broken counts for nothing.
    init(_ reader: inout Reader) throws(FieldFault) {
        guard reader.holdsFields, try reader.enterFields() else { return }
        while let field = try reader.nextField() {
            switch field {
            case "apiVersion": type.apiVersion = try reader.word()
            case "kind": type.kind = try reader.word()
            case "items": items = reader
            default: break
            }
        }
        if type.kind?.hasSuffix("List") != true { items = nil }
    }

    /// What its items are if they do not say it.
    var itemType: TypeMeta? {
        guard let kind = type.kind, kind != "List" else { return nil }
        return TypeMeta(apiVersion: type.apiVersion, kind: String(kind.dropLast(4)))
    }
}

extension ManifestObject {
    /// Reads the object that is next; what is wrong with it stays with it.
    init(_ reader: inout some FieldReader, inheriting inherited: TypeMeta?) throws(FieldFault) {
        var body = reader
        guard reader.holdsFields, let head: KubernetesHead = try reader.object() else {
            self = .ignored("left aside: it is no object")
            return
        }
        let (apiVersion, kind) = (head.apiVersion ?? inherited?.apiVersion, head.kind ?? inherited?.kind)
        guard let known = Self.kind(apiVersion: apiVersion, kind: kind) else {
            self = .unknown(apiVersion: apiVersion, kind: kind, name: head.metadata.name)
            return
        }
        do throws(FieldFault) {
            switch known {
            case .service: self = ManifestObject(try body.object() ?? KubernetesService())
            case .endpointSlice: self = ManifestObject(try body.object() ?? KubernetesEndpointSlice())
            }
        } catch {
            self = .refused(Rejection(head.id(known), error))
        }
    }
}

extension FieldFault {
    /// With the field where it is known.
    var sentence: String { path.isEmpty ? reason : "\(field): \(reason)" }
}
