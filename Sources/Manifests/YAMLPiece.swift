/// Some whole documents of a YAML file.
struct YAMLPiece: Sendable {
    let bytes: ArraySlice<UInt8>
    /// How many lines of the file come before.
    let linesBefore: Int

    /// A whole file.
    init(_ bytes: [UInt8]) {
        self.init(bytes[...], linesBefore: 0)
    }

    private init(_ bytes: ArraySlice<UInt8>, linesBefore: Int) {
        self.bytes = bytes
        self.linesBefore = linesBefore
    }

    /// The same in pieces of at least `size` bytes, each of which can be read by itself.
    ///
    /// A line that begins with `---` begins a document wherever it stands, even inside a block scalar (YAML 1.2.2,
    /// rule c-forbidden), and anchors end with their document. Directives (`%YAML`) come before such a line and would
    /// be torn off: what may have one stays whole.
    func pieces(size: Int = 1 << 17) -> [YAMLPiece] {
        guard bytes.count >= 2 * size, !hasDirective else { return [self] }
        var pieces: [YAMLPiece] = []
        var start = bytes.startIndex
        var lines = linesBefore
        while start < bytes.endIndex {
            let end = documentStart(from: start + size) ?? bytes.endIndex
            pieces.append(YAMLPiece(bytes[start..<end], linesBefore: lines))
            lines += newlines(in: bytes[start..<end])
            start = end
        }
        return pieces
    }

    private var hasDirective: Bool {
        let percent = UInt8(ascii: "%")
        return bytes.first == percent
            || bytes.indices.dropFirst().contains { bytes[$0] == percent && bytes[$0 - 1] == UInt8(ascii: "\n") }
    }

    /// Where the first line that begins a document begins, at or after an index that is not the first.
    private func documentStart(from index: Int) -> Int? {
        guard index < bytes.endIndex else { return nil }
        return (index..<bytes.endIndex).first { index in
            guard bytes[index] == UInt8(ascii: "-"), bytes[index - 1] == UInt8(ascii: "\n"),
                bytes[index...].starts(with: "---".utf8)
            else { return false }
            return index + 3 == bytes.endIndex || bytes[index + 3] <= UInt8(ascii: " ")
        }
    }
}

/// The number of line ends.
func newlines(in bytes: ArraySlice<UInt8>) -> Int { bytes.count { $0 == UInt8(ascii: "\n") } }
