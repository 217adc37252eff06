import Yams

/// Reads all of YAML, by the library.
package enum LibraryYAML {
    /// The tokens of every document of a text, which `linesBefore` lines of its file come before.
    package static func documents(
        of bytes: ArraySlice<UInt8>,
        linesBefore: Int
    ) throws(ManifestError) -> [[YAMLToken]] {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ManifestError("it is not UTF-8") }
        var documents: [[YAMLToken]] = []
        do {
            // The basic resolver gives scalars no types, which we do ourselves: four times as fast as the default one.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            while let root = try parser.nextRoot() {
                // Every token has a character of its own, or an empty value a colon, unless aliases repeat it.
                var flattening = Flattening(linesBefore: linesBefore, limit: 4 * bytes.count + 16)
                try flattening.append(root)
                documents.append(flattening.tokens)
            }
        } catch let error as YamlError {
            throw ManifestError(error, lines: 1 + newlines(in: bytes), after: linesBefore)
        } catch let error as ManifestError {
            throw error
        } catch {
            throw ManifestError(String(describing: error))
        }
        return documents
    }
}

/// Makes tokens of a tree.
private struct Flattening {
    private(set) var tokens: [YAMLToken] = []
    private let linesBefore: Int
    private let limit: Int

    init(linesBefore: Int, limit: Int) {
        self.linesBefore = linesBefore
        self.limit = limit
    }

    mutating func append(_ node: Node) throws(ManifestError) {
        guard tokens.count < limit else { throw ManifestError("its aliases repeat too much") }
        switch node {
        case .scalar(let scalar): append(.scalar(scalar.string, isPlain: scalar.style == .plain), node)
        case .mapping(let mapping):
            append(.mapping, node)
            for (key, value) in mapping {
                try append(key)
                try append(value)
            }
            append(.end, node)
        case .sequence(let sequence):
            append(.list, node)
            for item in sequence { try append(item) }
            append(.end, node)
        case .alias: throw ManifestError("an alias leads nowhere")
        }
    }

    private mutating func append(_ kind: YAMLToken.Kind, _ node: Node) {
        tokens.append(YAMLToken(kind: kind, line: linesBefore + (node.mark?.line ?? 1)))
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
