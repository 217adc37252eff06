/// Takes a watch apart while it arrives: one event a line. The text may be cut anywhere.
package struct LineSplitter: Sendable {
    /// The longest line, in bytes.
    package static let lineLimit = ListScanner.itemLimit

    private var rest: [UInt8] = []

    /// Nothing has arrived.
    package init() {}

    /// Takes the next bytes and returns the lines that are complete now, without their ends; empty ones are left out.
    package mutating func take(_ bytes: [UInt8]) throws(MalformedAnswer) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest.isEmpty ? Array(bytes[start..<end]) : rest + bytes[start..<end]
            rest = []
            if !line.allSatisfy(\.isJSONSpace) { lines.append(line) }
            start = end + 1
        }
        rest.append(contentsOf: bytes[start...])
        guard rest.count <= Self.lineLimit, lines.allSatisfy({ $0.count <= Self.lineLimit }) else {
            throw MalformedAnswer("an event exceeds \(Self.lineLimit) bytes")
        }
        return lines
    }

    /// Whether the text ended in the middle of a line. A watch may end that way: the event comes again.
    package var isCut: Bool { !rest.allSatisfy(\.isJSONSpace) }
}
