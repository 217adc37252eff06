/// Some whole documents of a YAML file.
struct YAMLPiece: Sendable {
    let bytes: ArraySlice<UInt8>
    /// How many lines of the file come before.
    let linesBefore: Int

    /// The file in pieces of at least `size` bytes, which can be read each by itself.
    ///
    /// A line that begins with `---` begins a document wherever it stands, even inside a block scalar (YAML 1.2.2,
    /// rule c-forbidden), and anchors end with their document. Directives (`%YAML`) come before such a line and would
    /// be torn off: a file with what may be one stays whole.
    static func pieces(of bytes: [UInt8], size: Int = 1 << 17) -> [YAMLPiece] {
        guard bytes.count >= 2 * size, !hasDirective(bytes) else {
            return [YAMLPiece(bytes: bytes[...], linesBefore: 0)]
        }
        var pieces: [YAMLPiece] = []
        var start = 0
        var lines = 0
        while start < bytes.count {
            let end = documentStart(in: bytes, from: start + size) ?? bytes.count
            pieces.append(YAMLPiece(bytes: bytes[start..<end], linesBefore: lines))
            lines += newlines(in: bytes[start..<end])
            start = end
        }
        return pieces
    }

    private static func hasDirective(_ bytes: [UInt8]) -> Bool {
        let percent = UInt8(ascii: "%")
        return bytes.first == percent
            || bytes.indices.dropFirst().contains { bytes[$0] == percent && bytes[$0 - 1] == UInt8(ascii: "\n") }
    }

    /// Where the first line that begins a document begins, at or after an index that is not 0.
    private static func documentStart(in bytes: [UInt8], from index: Int) -> Int? {
        guard index < bytes.count else { return nil }
        return (index..<bytes.count).first { index in
            guard bytes[index - 1] == UInt8(ascii: "\n"), bytes[index...].starts(with: "---".utf8) else { return false }
            return index + 3 == bytes.count || bytes[index + 3] <= UInt8(ascii: " ")
        }
    }
}

/// The number of line ends.
func newlines(in bytes: ArraySlice<UInt8>) -> Int { bytes.count { $0 == UInt8(ascii: "\n") } }
