import NetworkModel

extension RulesetChange {
    /// What is asked for, as errors call it.
    var operation: String {
        switch self {
        case .addTable: "add table"
        case .deleteTable: "delete table"
        case .addChain: "add chain"
        case .deleteChain: "delete chain"
        case .flushChain: "flush chain"
        case .appendRule: "add rule"
        case .deleteRule: "delete rule"
        case .addSet: "add set"
        case .deleteSet: "delete set"
        case .addElements: "add element"
        case .deleteElements: "delete element"
        }
    }

    /// The object's name, for example `ip podnet services`.
    var subject: String {
        switch self {
        case .addTable(let table, _, _), .deleteTable(let table): "\(table)"
        case .addChain(let table, let name, _, _), .deleteChain(let table, let name), .flushChain(let table, let name),
            .addSet(let table, let name, _, _, _, _), .deleteSet(let table, let name),
            .addElements(let table, let name, _),
            .deleteElements(let table, let name, _):
            "\(table) \(name)"
        case .deleteRule(let table, let chain, let handle): "\(table) \(chain) handle \(handle)"
        case .appendRule(let table, let chain, let rule):
            "\(table) \(chain)" + (rule.comment.map { ": \($0)" } ?? "")
        }
    }

    /// The subject with one element, for example `ip podnet frontends { 0a600e14 06000000 00500000 "default/web:http" }`.
    func subject(element index: Int) -> String {
        if case .addElements(_, _, let elements) = self, elements.indices.contains(index) {
            let comment = elements[index].element.comment.map { " \"\($0)\"" } ?? ""
            return "\(subject) { \(Self.hexadecimal(elements[index].key))\(comment) }"
        }
        if case .deleteElements(_, _, let keys) = self, keys.indices.contains(index) {
            return "\(subject) { \(Self.hexadecimal(keys[index])) }"
        }
        return subject
    }

    /// How many elements it adds or deletes.
    var elementCount: Int {
        switch self {
        case .addElements(_, _, let elements): elements.count
        case .deleteElements(_, _, let keys): keys.count
        case .addTable, .deleteTable, .addChain, .deleteChain, .flushChain, .appendRule, .deleteRule, .addSet,
            .deleteSet:
            0
        }
    }

    /// In groups of four bytes, which is what the parts of a key are padded to.
    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 4).map { start in
            bytes[start..<min(start + 4, bytes.count)].map { byte in
                let text = String(byte, radix: 16)
                return byte < 16 ? "0" + text : text
            }.joined()
        }.joined(separator: " ")
    }
}
