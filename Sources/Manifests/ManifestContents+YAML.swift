import ServiceProxy

extension ManifestContents {
    /// Reads every document of a file; lists are taken apart. A large file is read on all cores.
    static func yaml(_ bytes: [UInt8], _ file: String) throws(ManifestError) -> ManifestContents {
        try refuseManyAliases(bytes)
        var contents = ManifestContents()
        let results = eachAtOnce(YAMLPiece(bytes).pieces()) { piece in
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
        do throws(ManifestError) {
            var contents = ManifestContents()
            var last: YAMLReader?
            for document in piece.pieces(size: 1) {
                for reader in try document.readers {
                    try contents.add(reader, file)
                    last = reader
                }
            }
            if isLast, let last, last.looksCut(insideLine: piece.bytes.last != UInt8(ascii: "\n")) {
                throw ManifestError("the file ends in the middle of an object", at: .line(last.line))
            }
            return .success(contents)
        } catch {
            return .failure(error)
        }
    }

    private mutating func add(_ document: YAMLReader, _ file: String) throws(ManifestError) {
        if document.holdsNull { return }
        var reader = document
        do throws(FieldFault) {
            try add(document: &reader, file) { reader, _ in .line(reader.line) }
        } catch {
            throw ManifestError(error.sentence, at: .line(document.line))
        }
    }

    private mutating func add(_ other: ManifestContents) {
        services += other.services
        slices += other.slices
        problems += other.problems
    }
}

extension YAMLPiece {
    /// A reader for each of its documents.
    fileprivate var readers: [YAMLReader] {
        get throws(ManifestError) {
            if let tokens = PlainYAML.tokens(of: bytes, linesBefore: linesBefore) {
                return tokens.isEmpty ? [] : [YAMLReader(tokens)]
            }
            return try LibraryYAML.documents(of: bytes, linesBefore: linesBefore).map(YAMLReader.init)
        }
    }
}

extension YAMLReader {
    /// Whether a file that ends with it, in the middle of a line or not, was cut: no object is without a kind.
    fileprivate func looksCut(insideLine: Bool) -> Bool {
        guard !holdsNull else { return false }
        var reader = self
        let head: KubernetesHead? = holdsFields ? try? reader.object() : nil
        guard let kind = head?.kind else { return true }
        return insideLine && ["Service", "EndpointSlice"].contains { $0.hasPrefix(kind) && $0 != kind }
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
