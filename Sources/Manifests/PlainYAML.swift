/// Reads the YAML that `kubectl` and most people write: mappings and lists by indentation, one scalar a line, plain or in
/// simple quotes, whole-line comments.
///
/// It is a small part of YAML, read many times faster than the library reads all of it. Whatever is not certainly in that
/// part, right or wrong, is left to the library: what this reads, the library reads alike (tested with random documents).
package struct PlainYAML {
    /// A mapping or list that is open.
    private struct Level {
        let isList: Bool
        let column: Int
        /// A mapping's keys so far.
        var keys: [String] = []
    }

    /// Deeper ones are left to the library, which knows its own limit.
    private static let depthLimit = 64
    /// Longer ones, too (a simple key has at most 1024 characters, YAML 1.2.2, 7.4).
    private static let keyLimit = 256

    private let bytes: ArraySlice<UInt8>
    private var tokens: [YAMLToken] = []
    private var levels: [Level] = []
    /// Whether the innermost level has a key or a dash that nothing has followed yet.
    private var awaitsValue = false
    private var line: Int

    /// The tokens of a document, none for no document, or nil for one that is left to the library.
    ///
    /// The document's marker may be its first line; nothing before that line belongs to it.
    package static func tokens(of bytes: ArraySlice<UInt8>, linesBefore: Int) -> [YAMLToken]? {
        var document = PlainYAML(bytes, line: linesBefore)
        return document.read() ? document.tokens : nil
    }

    private init(_ bytes: ArraySlice<UInt8>, line: Int) {
        self.bytes = bytes
        self.line = line
    }

    private mutating func read() -> Bool {
        let hasMarker = bytes.starts(with: "---".utf8)
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            line += 1
            if hasMarker, start == bytes.startIndex {
                guard bytes[start..<end].dropFirst(3).allSatisfy({ $0 == UInt8(ascii: " ") }) else { return false }
            } else {
                guard takeLine(start, end) else { return false }
            }
            start = end + 1
        }
        while !levels.isEmpty { close() }
        if hasMarker, tokens.isEmpty { append(.scalar("", isPlain: true)) }
        return true
    }

    private mutating func takeLine(_ start: Int, _ lineEnd: Int) -> Bool {
        var index = start
        var end = lineEnd
        while end > index, bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
        while index < end, bytes[index] == UInt8(ascii: " ") { index += 1 }
        guard index < end else { return true }
        if bytes[index] == UInt8(ascii: "#") { return bytes[index..<end].allSatisfy(\.isPrintable) }
        var isInItem = false
        while bytes[index] == UInt8(ascii: "-"), index + 1 < end, bytes[index + 1] == UInt8(ascii: " ") {
            guard openItem(at: index - start, isInItem) else { return false }
            isInItem = true
            index += 1
            while bytes[index] == UInt8(ascii: " ") { index += 1 }
        }
        guard let colon = endOfKey(index, end) else { return isInItem && takeScalar(index, end) }
        guard openKey(index, colon, at: index - start, isInItem) else { return false }
        index = colon + 1
        while index < end, bytes[index] == UInt8(ascii: " ") { index += 1 }
        return index == end || takeScalar(index, end)
    }

    /// Where a key ends, if one begins at an index.
    private func endOfKey(_ start: Int, _ end: Int) -> Int? {
        guard bytes[start].isAlphanumeric else { return nil }
        var index = start + 1
        while index < end, bytes[index].isInKeys { index += 1 }
        guard index < end, bytes[index] == UInt8(ascii: ":"), index - start <= Self.keyLimit else { return nil }
        return index + 1 == end || bytes[index + 1] == UInt8(ascii: " ") ? index : nil
    }
}

// Structure.
extension PlainYAML {
    private mutating func append(_ kind: YAMLToken.Kind) {
        tokens.append(YAMLToken(kind: kind, line: line))
    }

    private func text(_ start: Int, _ end: Int) -> String { String(decoding: bytes[start..<end], as: UTF8.self) }

    private mutating func open(isList: Bool, at column: Int) -> Bool {
        append(isList ? .list : .mapping)
        levels.append(Level(isList: isList, column: column))
        awaitsValue = false
        return levels.count <= Self.depthLimit
    }

    private mutating func close() {
        endValue()
        append(.end)
        levels.removeLast()
    }

    /// What has not got a value gets none.
    private mutating func endValue() {
        if awaitsValue { append(.scalar("", isPlain: true)) }
        awaitsValue = false
    }

    private mutating func closeLevels(beyond column: Int) {
        while let level = levels.last, level.column > column { close() }
    }

    /// Whether a mapping or list may begin at a column: as the document, or as a value further to the right.
    private func mayOpen(at column: Int) -> Bool {
        guard let level = levels.last else { return tokens.isEmpty }
        return awaitsValue && level.column < column
    }

    /// Begins an item whose dash is at a column, after another dash of the same line or not.
    private mutating func openItem(at column: Int, _ isInItem: Bool) -> Bool {
        if !isInItem { closeLevels(beyond: column) }
        if let level = levels.last, level.column == column, !isInItem {
            // A mapping's list may stand as far to the left as its key (YAML 1.2.2, 8.2.3).
            guard level.isList || awaitsValue && open(isList: true, at: column) else { return false }
        } else {
            guard mayOpen(at: column), open(isList: true, at: column) else { return false }
        }
        awaitsValue = true
        return true
    }

    /// Begins a value whose key is at a column, after a dash of the same line or not.
    private mutating func openKey(_ start: Int, _ end: Int, at column: Int, _ isInItem: Bool) -> Bool {
        if !isInItem {
            closeLevels(beyond: column)
            if let level = levels.last, level.isList, level.column == column { close() }
        }
        if let level = levels.last, !level.isList, level.column == column, !isInItem {
            endValue()
        } else {
            guard mayOpen(at: column), open(isList: false, at: column) else { return false }
        }
        let key = text(start, end)
        guard !levels[levels.count - 1].keys.contains(key) else { return false }
        levels[levels.count - 1].keys.append(key)
        append(.scalar(key, isPlain: true))
        awaitsValue = true
        return true
    }
}

// Scalars.
extension PlainYAML {
    private mutating func takeScalar(_ start: Int, _ end: Int) -> Bool {
        guard awaitsValue else { return false }
        awaitsValue = false
        switch bytes[start] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return takeQuoted(start, end)
        case UInt8(ascii: "{"): return takeEmpty("{}", .mapping, start, end)
        case UInt8(ascii: "["): return takeEmpty("[]", .list, start, end)
        default: return takePlain(start, end)
        }
    }

    private mutating func takeQuoted(_ start: Int, _ end: Int) -> Bool {
        let quote = bytes[start]
        guard end - start >= 2, bytes[end - 1] == quote else { return false }
        let isSimple = bytes[(start + 1)..<(end - 1)].allSatisfy { byte in
            byte.isPrintable && byte != quote && byte != UInt8(ascii: "\\")
        }
        guard isSimple else { return false }
        append(.scalar(text(start + 1, end - 1), isPlain: false))
        return true
    }

    private mutating func takeEmpty(_ brackets: String, _ kind: YAMLToken.Kind, _ start: Int, _ end: Int) -> Bool {
        guard bytes[start..<end].elementsEqual(brackets.utf8) else { return false }
        append(kind)
        append(.end)
        return true
    }

    /// A colon before a space or at the end would make a key of it, and a dash before a space an item.
    private mutating func takePlain(_ start: Int, _ end: Int) -> Bool {
        let isNegative = bytes[start] == UInt8(ascii: "-") && start + 1 < end && bytes[start + 1].isAlphanumeric
        guard isNegative || bytes[start].beginsPlain else { return false }
        for index in start..<end {
            guard bytes[index].isInPlain else { return false }
            let isKey = bytes[index] == UInt8(ascii: ":") && (index + 1 == end || bytes[index + 1] == UInt8(ascii: " "))
            if isKey { return false }
        }
        append(.scalar(text(start, end), isPlain: true))
        return true
    }
}

extension UInt8 {
    fileprivate var isPrintable: Bool { (0x20...0x7e).contains(self) }

    fileprivate var isAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    fileprivate var isInKeys: Bool {
        switch self {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"): true
        default: isAlphanumeric
        }
    }

    fileprivate var beginsPlain: Bool {
        switch self {
        case UInt8(ascii: "("), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: isAlphanumeric
        }
    }

    fileprivate var isInPlain: Bool {
        switch self {
        case UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "+"), UInt8(ascii: ","),
            UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "~"):
            true
        default: isInKeys
        }
    }
}
