import FoundationEssentials

extension JSON {
    /// The longest document that is read from a runtime or a plugin: 1 MiB.
    package static let sizeLimit = 1 << 20

    /// Parses a document of at most `limit` bytes.
    ///
    /// Refused beyond malformed JSON: a NUL anywhere (it would cut a text short that goes to the kernel) and two equal
    /// keys in one object (of which the decoder takes the first, Go the last).
    package init(parsing bytes: [UInt8], limit: Int = JSON.sizeLimit) throws(JSONError) {
        guard bytes.count <= limit else { throw JSONError(path: "", message: "longer than \(limit) bytes") }
        guard !bytes.isEmpty else { throw JSONError(path: "", message: "not JSON: empty") }
        guard !bytes.contains(0) else { throw JSONError(path: "", message: "not JSON: holds a NUL byte") }
        do {
            self = try JSONDecoder().decode(JSON.self, from: Data(bytes))
        } catch let error as JSONError {
            throw error
        } catch {
            throw JSONError(path: "", message: "not JSON: malformed")
        }
        if let key = DuplicateKeyScan.firstDuplicate(in: bytes) {
            throw JSONError(path: "", message: "an object has the key \"\(key)\" twice")
        }
    }

    /// Parses a document.
    package init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The document in one line: keys sorted, `/` not escaped; equal values give equal bytes.
    package var serialized: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity",
            negativeInfinity: "-Infinity",
            nan: "NaN"
        )
        do {
            return Array(try encoder.encode(self))
        } catch {
            // Every case encodes itself, and numbers that JSON lacks become strings.
            preconditionFailure("encode a JSON value: \(error)")
        }
    }

    /// `serialized` as text.
    package var text: String { String(decoding: serialized, as: UTF8.self) }
}

extension JSON: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Reads whatever value is there.
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self = .string(try Self.withoutNUL(text, decoder.codingPath))
        } else if let object = try? decoder.container(keyedBy: Key.self) {
            self = .object(try Self.members(of: object))
        } else if let number = try? value.decode(Int.self) {
            self = .int(number)
        } else if let flag = try? value.decode(Bool.self) {
            self = .bool(flag)
        } else if var array = try? decoder.unkeyedContainer() {
            var elements: [JSON] = []
            while !array.isAtEnd { elements.append(try array.decode(JSON.self)) }
            self = .array(elements)
        } else if value.decodeNil() {
            self = .null
        } else {
            self = .double(try value.decode(Double.self))
        }
    }

    /// Writes the value.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    private static func members(of object: KeyedDecodingContainer<Key>) throws -> [String: JSON] {
        var members: [String: JSON] = [:]
        for key in object.allKeys {
            members[try withoutNUL(key.stringValue, object.codingPath)] = try object.decode(JSON.self, forKey: key)
        }
        return members
    }

    private static func withoutNUL(_ text: String, _ place: [any CodingKey]) throws(JSONError) -> String {
        guard !text.utf8.contains(0) else {
            let path = place.reduce("") { path, key in
                key.intValue.map { JSONPath.element($0, of: path) } ?? JSONPath.member(key.stringValue, of: path)
            }
            throw JSONError(path: path, message: "holds a NUL character")
        }
        return text
    }
}
