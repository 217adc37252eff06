extension JSON {
    /// The longest document that is read from a runtime or a plugin: 1 MiB.
    package static let sizeLimit = 1 << 20

    /// Parses a document of at most `limit` bytes, strictly as RFC 8259 has it.
    ///
    /// Refused beyond malformed JSON: a NUL anywhere (it would cut a text short that goes to the kernel), two equal
    /// keys in one object (of which some decoders take the first, others the last), more than 128 levels of arrays and
    /// objects, and numbers that no double holds. An error of syntax names line and column, both from 1; columns
    /// count bytes.
    package init(parsing bytes: [UInt8], limit: Int = JSON.sizeLimit) throws(JSONError) {
        guard bytes.count <= limit else { throw JSONError(path: "", message: "longer than \(limit) bytes") }
        guard !bytes.isEmpty else { throw JSONError(path: "", message: "not JSON: empty") }
        var parser = JSONParser(bytes)
        self = try parser.document()
    }

    /// Parses a document.
    package init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The document in one line: keys sorted, `/` not escaped; equal values give equal bytes.
    ///
    /// Numbers that JSON lacks become the strings `Infinity`, `-Infinity` and `NaN`.
    package var serialized: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }

    /// `serialized` as text.
    package var text: String { String(decoding: serialized, as: UTF8.self) }
}
