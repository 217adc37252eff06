import FoundationEssentials

/// Looks for two equal keys in one object, which the decoder does not report.
///
/// Takes a document that the decoder has accepted; with any other it stops early or finds nothing.
struct DuplicateKeyScan {
    private var keys: [Set<String>?] = []
    private var expectsKey = false

    /// The first key that an object has twice, or nil.
    static func firstDuplicate(in document: [UInt8]) -> String? {
        var scan = DuplicateKeyScan()
        var position = 0
        while position < document.count {
            if document[position] == UInt8(ascii: "\"") {
                let string = stringLiteral(in: document, at: position)
                if let duplicate = scan.noteKey(string) { return duplicate }
                position += string.count
            } else {
                scan.noteStructure(document[position])
                position += 1
            }
        }
        return nil
    }

    /// Arrays are nil on the stack, so that their strings are never taken for keys; objects the set of keys so far.
    private mutating func noteStructure(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"):
            keys.append([])
            expectsKey = true
        case UInt8(ascii: "["):
            keys.append(nil)
            expectsKey = false
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            _ = keys.popLast()
        case UInt8(ascii: ","):
            expectsKey = true
        case UInt8(ascii: ":"):
            expectsKey = false
        default:
            break
        }
    }

    private mutating func noteKey(_ literal: ArraySlice<UInt8>) -> String? {
        guard expectsKey, !keys.isEmpty else { return nil }
        expectsKey = false
        let key = Self.unescaped(literal)
        return keys[keys.count - 1]?.insert(key).inserted == false ? key : nil
    }

    /// The bytes from one quote to the next that is not escaped, both included.
    private static func stringLiteral(in document: [UInt8], at start: Int) -> ArraySlice<UInt8> {
        var end = start + 1
        while end < document.count, document[end] != UInt8(ascii: "\"") {
            end += document[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        return document[start..<min(end + 1, document.count)]
    }

    private static func unescaped(_ literal: ArraySlice<UInt8>) -> String {
        if literal.contains(UInt8(ascii: "\\")), let key = try? JSONDecoder().decode(String.self, from: Data(literal)) {
            return key
        }
        return String(decoding: literal.dropFirst().dropLast(), as: UTF8.self)
    }
}
