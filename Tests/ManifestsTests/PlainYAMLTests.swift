import Manifests
import Testing

@Suite("The part of YAML that is read without the library")
struct PlainYAMLTests {
    /// What both readers say of a text: the library's documents, and the tokens if they were read without it.
    private func read(_ bytes: [UInt8]) -> (plain: [YAMLToken]?, library: [[YAMLToken]]?) {
        (
            PlainYAML.tokens(of: bytes[...], linesBefore: 7),
            try? LibraryYAML.documents(of: bytes[...], linesBefore: 7)
        )
    }

    /// Lines are told of objects alone.
    private func comparable(_ tokens: [YAMLToken]) -> [YAMLToken] {
        tokens.map { token in
            switch token.kind {
            case .mapping, .list: token
            case .scalar, .end: YAMLToken(kind: token.kind, line: 0)
            }
        }
    }

    private func expectAlike(_ bytes: [UInt8]) -> Bool {
        let (plain, library) = read(bytes)
        guard let plain else { return false }
        let documents = plain.isEmpty ? [] : [comparable(plain)]
        #expect(library?.map(comparable) == documents, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
        return true
    }

    @Test("what people write is read, and as the library reads it", arguments: 1...20 as ClosedRange<UInt64>)
    func readsAlike(seed: UInt64) {
        var documents = RandomYAML(seed: seed)
        for _ in 0..<100 {
            let text = documents.document()
            #expect(expectAlike(Array(text.utf8)), "left to the library: \(text.debugDescription)")
        }
    }

    @Test("what is read of damaged documents the library reads alike", arguments: 1...40 as ClosedRange<UInt64>)
    func judgesAlike(seed: UInt64) {
        var documents = RandomYAML(seed: seed)
        var read = 0
        for _ in 0..<300 {
            var bytes = Array(documents.document().utf8)
            documents.damage(&bytes)
            if expectAlike(bytes) { read += 1 }
        }
        #expect(read > 30)
    }

    @Test(
        "what is more than that is left to the library",
        arguments: [
            "a: &x 1", "a: *x", "a: !!str 1", "a: |\n  text", "a: >\n  text", "a: {b: 1}", "a: [1]", "? a", "a: b: c",
            "a: 'it''s'",
            "a: \"\\n\"", "a: b # comment", "a: b\n  c", "a:\n  b", "- a\n  b", "a: 1\na: 2", "<<: 1", "\"a\": 1",
            "a:\tb", "a: b\r\n",
            "\u{fe}: 1", "a: ä", "%YAML 1.2\n---\na: 1", "a: 1\n---\nb: 2", "--- a", "...", "a: 1\n...", "-", "- ", "a",
            "a: @b", "a: `b",
            "a: - b", "a: %b", "  a: 1\n b: 2", "a: 1\n  b: 2", "- a\nb: 1", "a: 1\n- b", "a:\n    b: 1\n  c: 2",
        ]
    )
    func leftToTheLibrary(_ text: String) {
        #expect(PlainYAML.tokens(of: Array(text.utf8)[...], linesBefore: 0) == nil)
    }

    @Test("a marker alone is a document without anything, no marker is none")
    func noDocument() {
        #expect(PlainYAML.tokens(of: Array("# nothing\n\n".utf8)[...], linesBefore: 0) == [])
        #expect(PlainYAML.tokens(of: Array("---\n# nothing\n".utf8)[...], linesBefore: 0)?.count == 1)
    }
}
