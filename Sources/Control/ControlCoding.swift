package import FoundationEssentials

/// How the values of this module become bytes, the same on both ends of the socket.
package enum ControlCoding {
    /// The layout of a document.
    package enum Layout: Hashable, Sendable {
        /// One line.
        case compact
        /// For people: indented, ends with a newline.
        case indented
    }

    /// The value as UTF-8 JSON; keys are sorted, so equal values are equal bytes.
    package static func encode(_ value: some Encodable, _ layout: Layout = .compact) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if layout == .indented { encoder.outputFormatting.insert(.prettyPrinted) }
        var data = try encoder.encode(value)
        if layout == .indented { data.append(UInt8(ascii: "\n")) }
        return data
    }

    /// The value that `data` holds.
    package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try JSONDecoder().decode(type, from: data)
    }
}
