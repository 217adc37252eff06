import ServiceProxy
import Yams

extension ManifestContents {
    /// Reads every document of a file; lists are taken apart. A large file is read on all cores.
    static func yaml(_ bytes: [UInt8], _ file: String) throws(ManifestError) -> ManifestContents {
        try refuseManyAliases(bytes)
        var contents = ManifestContents()
        let results = eachAtOnce(YAMLPiece.pieces(of: bytes)) { piece in
            Self.contents(of: piece, file, isLast: piece.bytes.endIndex == bytes.count)
        }
        for result in results { contents.add(try result.get()) }
        return contents
    }

    private static func contents(
        of piece: YAMLPiece,
        _ file: String,
        isLast: Bool
    ) -> Result<ManifestContents, ManifestError> {
        guard let text = String(validating: piece.bytes, as: UTF8.self) else {
            return .failure(ManifestError("it is not UTF-8"))
        }
        var contents = ManifestContents()
        var last: Node?
        do {
            // The basic resolver gives scalars no types, which we do ourselves: four times as fast as the default one.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            while let root = try parser.nextRoot() {
                contents.add(root, file, after: piece.linesBefore)
                last = root
            }
            if isLast, let last, last.looksCut(insideLine: piece.bytes.last != UInt8(ascii: "\n")) {
                let line = piece.linesBefore + (last.mark?.line ?? 1)
                return .failure(ManifestError("the file ends in the middle of an object", at: .line(line)))
            }
            return .success(contents)
        } catch let error as YamlError {
            return .failure(ManifestError(error, lines: 1 + newlines(in: piece.bytes), after: piece.linesBefore))
        } catch {
            return .failure(ManifestError(String(describing: error)))
        }
    }

    private mutating func add(_ root: Node, _ file: String, after lines: Int) {
        if root.isNull { return }
        for object in root.listItems ?? [root] {
            add(ManifestObject(object), file, .line(lines + (object.mark?.line ?? 1)))
        }
    }

    private mutating func add(_ other: ManifestContents) {
        services += other.services
        slices += other.slices
        problems += other.problems
    }
}

/// A few levels of aliases to aliases make a document of gigabytes out of a kilobyte (CVE-2019-11253). Sixteen aliases
/// cannot: at best they repeat one part 3⁵ times.
///
/// What only looks like an alias, in a comment or a text, counts too, but only in a file with something like an anchor.
private func refuseManyAliases(_ bytes: [UInt8], limit: Int = 16) throws(ManifestError) {
    let anchor = UInt8(ascii: "&")
    let alias = UInt8(ascii: "*")
    guard bytes.contains(anchor), bytes.contains(alias) else { return }
    var anchors = 0
    var aliases = 0
    for index in bytes.indices.dropLast() where bytes[index] == anchor || bytes[index] == alias {
        guard index == 0 || bytes[index - 1].endsToken, !bytes[index + 1].endsToken else { continue }
        if bytes[index] == anchor { anchors += 1 } else { aliases += 1 }
    }
    guard anchors > 0, aliases > limit else { return }
    throw ManifestError("it has \(aliases) aliases; more than \(limit) are not taken")
}

extension UInt8 {
    /// Whether an anchor or alias may begin after the byte: white space, or punctuation of collections.
    fileprivate var endsToken: Bool { self <= UInt8(ascii: " ") || "[]{},:?".utf8.contains(self) }
}

extension Node {
    /// The items of a `v1/List` (or a typed list); nil for any other object.
    fileprivate var listItems: [Node]? {
        guard case .mapping(let mapping) = self else { return nil }
        guard word("kind")?.hasSuffix("List") == true else { return nil }
        for (key, value) in mapping where key.scalar?.string == "items" {
            if case .sequence(let nodes) = value { return Array(nodes) }
        }
        return []
    }

    /// Whether a file that ends with it, in the middle of a line or not, was cut: no object is without a kind.
    fileprivate func looksCut(insideLine: Bool) -> Bool {
        guard !isNull else { return false }
        guard let kind = word("kind") else { return true }
        return insideLine && ["Service", "EndpointSlice"].contains { $0.hasPrefix(kind) && $0 != kind }
    }

    /// The mapping `metadata`, or the node itself where there is none.
    fileprivate var metadata: Node {
        guard case .mapping(let mapping) = self else { return self }
        return mapping.first { $0.key.scalar?.string == "metadata" }?.value ?? self
    }

    /// The scalar of a field as text, whatever its type; nil when it is no scalar or not there.
    fileprivate func word(_ field: String) -> String? {
        guard case .mapping(let mapping) = self else { return nil }
        return mapping.first { $0.key.scalar?.string == field }?.value.scalar?.string
    }
}

extension ManifestError {
    /// The parser's sentence and line. It takes the end of the file for one line too many.
    fileprivate init(_ error: YamlError, lines: Int, after linesBefore: Int) {
        func place(_ line: Int) -> ManifestPlace { .line(linesBefore + line) }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init("not YAML: \(problem)", at: place(min(mark.line, max(1, lines))))
        case .reader(let problem, _, _, _):
            self.init("not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            self.init("a second field '\(duplicates.joined(separator: "', '"))'", at: place(context.mark.line))
        default:
            self.init(String(describing: error))
        }
    }
}

extension ManifestObject {
    /// Reads one object; what is wrong with it stays with it.
    fileprivate init(_ node: Node) {
        let apiVersion = node.word("apiVersion")
        let kind = node.word("kind")
        do throws(YAMLFieldError) {
            switch Self.kind(apiVersion: apiVersion, kind: kind) {
            case .service: self = ManifestObject(try KubernetesService(node))
            case .endpointSlice: self = ManifestObject(try KubernetesEndpointSlice(node))
            case nil: self = .unknown(apiVersion: apiVersion, kind: kind, name: node.metadata.word("name"))
            }
        } catch {
            let known = Self.kind(apiVersion: apiVersion, kind: kind) ?? .service
            let name = ObjectID(
                known,
                namespace: node.metadata.word("namespace") ?? "default",
                name: node.metadata.word("name") ?? ""
            )
            self = .refused(Rejection(name, field: error.field, value: error.value, reason: error.reason))
        }
    }
}
