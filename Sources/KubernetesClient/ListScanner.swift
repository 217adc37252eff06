/// Takes a list apart while it arrives: the items one by one, and the document around them.
///
/// So the memory for a list is that of its largest item, however many there are and whatever the server does about
/// `limit`. The text may be cut anywhere. Only the nesting is judged here; the decoder judges the rest.
package struct ListScanner: Sendable {
    /// The longest item, in bytes; etcd itself takes no object above 1.5 MiB.
    package static let itemLimit = 4 << 20
    /// The longest document around the items, in bytes.
    package static let envelopeLimit = 64 << 10

    private enum Place {
        case envelope, betweenItems, item
    }

    private var place = Place.envelope
    private var nesting = JSONNesting()
    /// Nesting of the current item by itself.
    private var itemNesting = JSONNesting()
    private var envelope: [UInt8] = []
    private var item: [UInt8] = []
    /// The last text at the first level: the key of whatever comes.
    private var word: [UInt8] = []

    /// Nothing has arrived.
    package init() {}

    /// Takes the next bytes and calls `body` with each item that is complete now.
    package mutating func take<Failure: Error>(
        _ bytes: [UInt8],
        _ body: ([UInt8]) throws(Failure) -> Void
    ) throws(MalformedAnswer) -> Result<Void, Failure> {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch place {
            case .envelope:
                try takeEnvelope(bytes[index])
                index += 1
            case .betweenItems:
                try takeBetween(bytes[index])
                if place != .item { index += 1 }
            case .item:
                index = try takeItem(bytes, from: index)
                guard place == .betweenItems else { continue }
                let complete = item
                item = []
                do throws(Failure) { try body(complete) } catch { return .failure(error) }
            }
        }
        return .success(())
    }

    /// The document without its items, now that everything has arrived.
    package func finish() throws(MalformedAnswer) -> [UInt8] {
        guard place == .envelope, nesting.isAtEnd else { throw MalformedAnswer("the list is cut off") }
        return envelope
    }

    private mutating func takeEnvelope(_ byte: UInt8) throws(MalformedAnswer) {
        if nesting.isAtEnd {
            guard byte.isJSONSpace else { throw MalformedAnswer("something follows the list") }
            return
        }
        guard !envelope.isEmpty || byte == UInt8(ascii: "{") else {
            if byte.isJSONSpace { return }
            throw MalformedAnswer("it is no JSON object: it begins with '\(Character(UnicodeScalar(byte)))'")
        }
        guard envelope.count < Self.envelopeLimit else {
            throw MalformedAnswer("longer than \(Self.envelopeLimit) bytes without its items")
        }
        let wasInText = nesting.isInText
        try nesting.take(byte)
        envelope.append(byte)
        if nesting.depth == 1, nesting.isInText { if wasInText { word.append(byte) } else { word = [] } }
        let opensList = byte == UInt8(ascii: "[") && !wasInText && nesting.depth == 2
        if opensList, word.elementsEqual("items".utf8) { place = .betweenItems }
    }

    private mutating func takeBetween(_ byte: UInt8) throws(MalformedAnswer) {
        switch byte {
        case UInt8(ascii: "{"):
            place = .item
            itemNesting = JSONNesting()
        case UInt8(ascii: "]"):
            try nesting.take(byte)
            envelope.append(byte)
            place = .envelope
        case UInt8(ascii: ","): break
        case _ where byte.isJSONSpace: break
        default: throw MalformedAnswer("an item of the list is no object")
        }
    }

    /// Takes what belongs to the item and returns where the rest begins.
    private mutating func takeItem(_ bytes: [UInt8], from start: Int) throws(MalformedAnswer) -> Int {
        let end = try itemNesting.take(bytes, from: start)
        item.append(contentsOf: bytes[start..<end])
        guard item.count <= Self.itemLimit else { throw MalformedAnswer("an item exceeds \(Self.itemLimit) bytes") }
        if itemNesting.isAtEnd { place = .betweenItems }
        return end
    }
}

/// How deep in arrays and objects a JSON text is, and whether in a text.
struct JSONNesting: Sendable {
    /// More levels are refused: decoders use the stack for them.
    static let limit = 128

    private(set) var depth = 0
    private(set) var isInText = false
    private(set) var isAtEnd = false
    private var isEscaped = false

    /// Takes bytes until the outermost bracket is closed, or all of them; returns where the rest begins.
    mutating func take(_ bytes: [UInt8], from start: Int) throws(MalformedAnswer) -> Int {
        var nesting = self
        var index = start
        while index < bytes.endIndex, !nesting.isAtEnd {
            // Half of the bytes are inside of texts.
            if nesting.isInText, !nesting.isEscaped { index = Self.endOfPlainText(bytes, from: index) }
            guard index < bytes.endIndex else { break }
            try nesting.take(bytes[index])
            index += 1
        }
        self = nesting
        return index
    }

    private static func endOfPlainText(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\") {
            index += 1
        }
        return index
    }

    /// Takes the next byte.
    mutating func take(_ byte: UInt8) throws(MalformedAnswer) {
        if isInText {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInText = false
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): isInText = true
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth += 1
            guard depth <= Self.limit else { throw MalformedAnswer("more than \(Self.limit) levels") }
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            isAtEnd = depth <= 0
        default: break
        }
    }
}

/// An answer with status 200 that is not what an API server answers.
package struct MalformedAnswer: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with it.
    package let description: String

    /// Says what is wrong.
    package init(_ description: String) {
        self.description = description
    }
}

extension UInt8 {
    /// White space of JSON.
    var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}
