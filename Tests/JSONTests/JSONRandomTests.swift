import FoundationEssentials
import JSON
import Testing

/// What is said of every document is tried with many: each seed gives the same ones on every run.
@Suite struct JSONRandomTests {
    @Test("every value is read back as it was written", arguments: 1...20 as ClosedRange<UInt64>)
    func roundTrips(seed: UInt64) throws {
        var documents = RandomDocuments(seed: seed)
        for _ in 0..<100 {
            let value = documents.value()
            let written = value.serialized
            #expect(try JSON(parsing: written) == value)
            #expect(try JSON(parsing: written).serialized == written)
        }
    }

    @Test("every spelling is read as another decoder reads it", arguments: 1...20 as ClosedRange<UInt64>)
    func readsAlike(seed: UInt64) throws {
        var documents = RandomDocuments(seed: seed)
        for _ in 0..<100 {
            let value = documents.value()
            let text = documents.spelling(of: value)
            #expect(try JSON(parsing: text) == value, "\(text.debugDescription)")
            #expect(
                try DecodedJSON(text.utf8).value.comparable == value.comparable,
                "\(text.debugDescription)"
            )
        }
    }

    @Test("every value is written, byte for byte, as by another encoder", arguments: 1...20 as ClosedRange<UInt64>)
    func writesAlike(seed: UInt64) throws {
        // The other encoder sorts other keys than these by rules of its own.
        var documents = RandomDocuments(seed: seed, hasPlainKeys: true)
        for _ in 0..<100 {
            let value = documents.value()
            #expect(try value.serialized == DecodedJSON(value).bytes, "\(value.text.debugDescription)")
        }
    }

    @Test("documents with a few bytes changed are refused and read alike", arguments: 1...20 as ClosedRange<UInt64>)
    func judgesAlike(seed: UInt64) {
        var documents = RandomDocuments(seed: seed)
        for _ in 0..<200 {
            var bytes = Array(documents.spelling(of: documents.value()).utf8)
            documents.damage(&bytes)
            let text = String(decoding: bytes, as: UTF8.self).debugDescription
            let theirs = try? DecodedJSON(bytes).value.comparable
            do {
                #expect(try JSON(parsing: bytes).comparable == theirs, "\(text)")
            } catch {
                #expect(theirs == nil || Self.isStricter(error), "\(error): \(text)")
            }
        }
    }

    /// Whether an error is for something that the other decoder lets pass, as it does a comma after the last element.
    private static func isStricter(_ error: any Error) -> Bool {
        let ours = ["twice", "holds a NUL character", "expected a value, found ']'", "expected a key, found '}'"]
        let message = (error as? JSONError)?.message ?? ""
        return ours.contains { message.hasSuffix($0) }
    }

    @Test("no bytes do more than be refused", arguments: 1...20 as ClosedRange<UInt64>)
    func neverTraps(seed: UInt64) {
        var documents = RandomDocuments(seed: seed)
        for _ in 0..<500 {
            let bytes = documents.noise()
            guard let value = try? JSON(parsing: bytes) else { continue }
            #expect((try? JSON(parsing: value.serialized)) == value)
        }
    }

    @Test("every beginning of a document is refused or a document itself", arguments: 1...10 as ClosedRange<UInt64>)
    func cutShort(seed: UInt64) {
        var documents = RandomDocuments(seed: seed)
        let bytes = Array(documents.spelling(of: ["a": documents.value(), "b": [documents.value()]]).utf8)
        for length in 0..<bytes.count where bytes[length...].contains(where: { $0 > 0x20 }) {
            #expect(throws: JSONError.self) { try JSON(parsing: Array(bytes[..<length])) }
        }
    }
}

extension JSON {
    /// The value with numbers from 2^53 to 2^63 made one: there the other decoder takes whole numbers for doubles, or
    /// cuts a fraction off, when they have a fraction or an exponent.
    fileprivate var comparable: JSON {
        switch self {
        case .int(let number) where number.magnitude >= 1 << 53: "beyond 2^53"
        case .double(let number) where (0x1p53...0x1p63).contains(number.magnitude): "beyond 2^53"
        case .array(let elements): .array(elements.map(\.comparable))
        case .object(let members): .object(members.mapValues(\.comparable))
        case .null, .bool, .int, .double, .string: self
        }
    }
}

/// A value as the toolchain's coder sees it, which is the second opinion.
private struct DecodedJSON: Codable {
    let value: JSON

    init(_ value: JSON) {
        self.value = value
    }

    init(_ bytes: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(DecodedJSON.self, from: Data(bytes))
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            value = .null
        } else if let flag = try? container.decode(Bool.self) {
            value = .bool(flag)
        } else if let number = try? container.decode(Int.self) {
            value = .int(number)
        } else if let number = try? container.decode(Double.self) {
            value = .double(number)
        } else if let text = try? container.decode(String.self) {
            value = .string(text)
        } else if let elements = try? container.decode([DecodedJSON].self) {
            value = .array(elements.map(\.value))
        } else {
            value = .object(try container.decode([String: DecodedJSON].self).mapValues(\.value))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch value {
        case .null: try container.encodeNil()
        case .bool(let flag): try container.encode(flag)
        case .int(let number): try container.encode(number)
        case .double(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .array(let elements): try container.encode(elements.map(DecodedJSON.init))
        case .object(let members): try container.encode(members.mapValues(DecodedJSON.init))
        }
    }

    var bytes: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(self))
        }
    }
}
