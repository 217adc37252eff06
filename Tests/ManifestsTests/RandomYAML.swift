import TestKit

/// A stream of YAML documents that a seed determines, as people and `kubectl` write them.
struct RandomYAML {
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// A mapping or list with something in it.
    mutating func document() -> String {
        let lines = one(of: 0...9) == 0 ? list(at: 0, depth: 0) : mapping(at: 0, depth: 0)
        let marker = one(of: 0...3) == 0 ? ["---"] : []
        return (marker + lines).flatMap { [$0] + noise() }.joined(separator: "\n") + (one(of: 0...4) == 0 ? "" : "\n")
    }

    /// Changes, removes or inserts up to three bytes, most of them such as have a meaning in YAML.
    mutating func damage(_ bytes: inout [UInt8]) {
        let meaningful = Array("  \n\n--::#'\"{}[],&*!|>%?@~`.\\\tab1\r".utf8)
        for _ in 0..<one(of: 1...3) {
            let place = one(of: 0...bytes.count)
            let byte = one(of: 0...9) == 0 ? UInt8(one(of: 0...255)) : meaningful[one(of: 0...(meaningful.count - 1))]
            switch one(of: 0...2) {
            case 0: bytes.insert(byte, at: place)
            case 1 where place < bytes.count: bytes[place] = byte
            default: if place < bytes.count { bytes.remove(at: place) }
            }
        }
    }

    private mutating func one(of range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }

    private mutating func mapping(at column: Int, depth: Int) -> [String] {
        let keys = ["a", "kind", "metadata", "app.kubernetes.io/name", "x_1", "0", "k-9"].shuffled(using: &random)
        return keys.prefix(one(of: 1...4)).flatMap { key -> [String] in
            let start = spaces(column) + key + ":"
            switch one(of: 0...(depth < 4 ? 7 : 4)) {
            case 0...3: return [start + spaces(one(of: 1...2)) + scalar()]
            case 4: return [start]
            case 5, 6: return [start] + mapping(at: column + one(of: 1...4), depth: depth + 1)
            default: return [start] + list(at: column + one(of: 0...3), depth: depth + 1)
            }
        }
    }

    private mutating func list(at column: Int, depth: Int) -> [String] {
        (0..<one(of: 1...3)).flatMap { _ -> [String] in
            let dash = spaces(column) + "-" + spaces(one(of: 1...3))
            let inner = dash.utf8.count
            switch one(of: 0...(depth < 4 ? 3 : 1)) {
            case 0, 1: return [dash + scalar()]
            case 2: return Self.hanging(dash, mapping(at: inner, depth: depth + 1))
            default: return Self.hanging(dash, list(at: inner, depth: depth + 1))
            }
        }
    }

    /// The first of the lines follows the dash.
    private static func hanging(_ dash: String, _ lines: [String]) -> [String] {
        [dash + lines[0].dropFirst(dash.utf8.count)] + lines.dropFirst()
    }

    private mutating func scalar() -> String {
        let texts = [
            "web", "10.96.0.1", "80", "true", "null", "~", "http://a:80/b", "a b  c", "\"quoted: #\"", "'single'",
            "\"\"", "{}",
            "[]", "-1", "a-b", "2026-11-23T06:04:12Z", "x,y", "(a)", "a=b", "1e3", ".5", "/etc/x",
        ]
        return texts[one(of: 0...(texts.count - 1))] + spaces(one(of: 0...8) == 0 ? 2 : 0)
    }

    /// A blank line or a comment now and then.
    private mutating func noise() -> [String] {
        switch one(of: 0...19) {
        case 0: [spaces(one(of: 0...4))]
        case 1: [spaces(one(of: 0...4)) + "# a: comment"]
        default: []
        }
    }

    private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}
