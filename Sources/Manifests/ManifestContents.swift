package import ServiceProxy

/// The objects of one manifest file, and what is wrong with it.
package struct ManifestContents: Hashable, Sendable {
    /// A value and where in its file it stands.
    package struct Located<Value: Hashable & Sendable>: Hashable, Sendable {
        /// The value.
        package let value: Value
        /// Where it stands.
        package let place: ManifestPlace

        /// Pairs the two.
        package init(_ value: Value, _ place: ManifestPlace) {
            self.value = value
            self.place = place
        }
    }

    /// The services, in the order of the file.
    package var services: [Located<Service>] = []
    /// The slices, in the order of the file.
    package var slices: [Located<EndpointSlice>] = []
    /// Objects that were refused or ignored.
    package var problems: [ManifestProblem] = []

    /// No objects.
    package init() {}
}

/// Where in a manifest file something stands.
package enum ManifestPlace: Hashable, Sendable, CustomStringConvertible {
    /// The line that it begins at, from 1.
    case line(Int)
    /// The position in a JSON list, from 0; a JSON decoder tells no lines.
    case item(Int)
    case wholeFile

    /// `:12`, ` items[3]` or nothing: what follows the file's name.
    package var description: String {
        switch self {
        case .line(let number): ":\(number)"
        case .item(let index): " items[\(index)]"
        case .wholeFile: ""
        }
    }
}

/// The file and place that an object came from.
package struct ManifestOrigin: Hashable, Sendable, CustomStringConvertible {
    /// The file's name in the directory.
    package let file: String
    /// Where in the file.
    package let place: ManifestPlace

    /// Names a place.
    package init(_ file: String, _ place: ManifestPlace) {
        self.file = file
        self.place = place
    }

    /// `web.yaml:12`
    package var description: String { "\(file)\(place)" }
}

/// Something in a directory of manifests that is not as it should be, or not ours to act on.
package struct ManifestProblem: Hashable, Sendable, CustomStringConvertible {
    /// How much it matters.
    package enum Severity: String, Hashable, Sendable {
        /// Something that was asked for is not done.
        case error
        /// Something was left aside.
        case warning
    }

    /// The file and place; nil when it is about the whole directory.
    package var origin: ManifestOrigin?
    /// The object, when it is about one.
    package var object: ObjectID?
    /// How much it matters.
    package var severity: Severity
    /// What is wrong, without the origin.
    package var text: String
    /// Whether a former good version of the file or object stays in force.
    package var keepsFormer: Bool

    /// Describes a problem.
    package init(
        _ text: String,
        at origin: ManifestOrigin?,
        object: ObjectID? = nil,
        _ severity: Severity = .error,
        keepsFormer: Bool = false
    ) {
        self.origin = origin
        self.object = object
        self.severity = severity
        self.text = text
        self.keepsFormer = keepsFormer
    }

    /// `web.yaml:12: Service default/web: spec.ports[0].port: … (its last good version stays in force)`
    package var description: String {
        let place = origin.map { "\($0): " } ?? ""
        return "\(place)\(text)\(keepsFormer ? " (the last good version stays in force)" : "")"
    }
}

/// A file that cannot be read as a whole.
package struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where it broke.
    package let place: ManifestPlace
    /// What is wrong.
    package let text: String

    /// Describes it.
    package init(_ text: String, at place: ManifestPlace = .wholeFile) {
        self.text = text
        self.place = place
    }

    /// `line 12: …`
    package var description: String {
        guard case .line(let number) = place else { return text }
        return "line \(number): \(text)"
    }
}

extension ManifestContents {
    /// Reads a file by its name's ending: `.json` as one JSON object or list, everything else as YAML documents.
    ///
    /// One bad object becomes a problem of the contents; only a file that is no YAML or JSON throws.
    package init(parsing bytes: [UInt8], file: String) throws(ManifestError) {
        // What a writer that truncates shows for a moment, and a power cut for ever.
        guard !bytes.isEmpty else { throw ManifestError("the file is empty; to have no objects, put a comment in it") }
        self = file.hasSuffix(".json") ? try Self.json(bytes, file) : try Self.yaml(bytes, file)
    }

    /// Files their service, slice, refusal or disregard.
    mutating func add(_ object: ManifestObject, _ file: String, _ place: ManifestPlace) {
        switch object {
        case .service(let service): services.append(Located(service, place))
        case .slice(let slice): slices.append(Located(slice, place))
        case .refused(let rejection):
            let origin = ManifestOrigin(file, place)
            problems.append(ManifestProblem(rejection.description, at: origin, object: rejection.object))
        case .ignored(let reason):
            problems.append(ManifestProblem(reason, at: ManifestOrigin(file, place), .warning))
        }
    }
}

/// What one object of a manifest turned out to be.
enum ManifestObject {
    case service(Service)
    case slice(EndpointSlice)
    case refused(Rejection)
    case ignored(String)

    /// A kind that a service proxy reads, by `apiVersion` and `kind`.
    static func kind(apiVersion: String?, kind: String?) -> ObjectID.Kind? {
        switch (apiVersion, kind) {
        case ("v1", "Service"): .service
        case ("discovery.k8s.io/v1", "EndpointSlice"): .endpointSlice
        default: nil
        }
    }

    static func unknown(apiVersion: String?, kind: String?, name: String?) -> ManifestObject {
        let version = apiVersion.map { "\($0)/" } ?? ""
        guard let kind else { return .ignored("an object without a kind is left aside") }
        return .ignored(
            "\(version)\(kind)\(name.map { " \($0)" } ?? "") is left aside: no service proxy reads that kind"
        )
    }

    init(_ object: KubernetesService) {
        do throws(Rejection) {
            self = .service(try Service(checking: object))
        } catch {
            self = .refused(error)
        }
    }

    init(_ object: KubernetesEndpointSlice) {
        do throws(Rejection) {
            guard let slice = try EndpointSlice(checking: object) else {
                let id = (object.metadata ?? KubernetesMetadata()).id(.endpointSlice)
                self = .ignored("\(id) is left aside: it has no addresses, or belongs to no service")
                return
            }
            self = .slice(slice)
        } catch {
            self = .refused(error)
        }
    }
}
