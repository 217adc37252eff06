import Addressing

extension NftSyntax {
    /// A rule with its comment: `ip daddr . meta l4proto . th dport @vips counter comment "…"`.
    ///
    /// `table` tells how long the keys of its sets are and how to print their data.
    package static func text(of rule: Rule, in table: Table) -> String {
        var printer = RulePrinter(table)
        for expression in rule.expressions { printer.print(expression) }
        let comment = rule.comment.map { " comment \(quoted($0))" } ?? ""
        return printer.text + comment
    }
}

/// Follows the values through a rule's registers and turns the usual shapes back into nft's words.
private struct RulePrinter {
    /// What registers hold, in words.
    private struct Value {
        let text: String
        let format: ValueFormat
        /// In bytes.
        let length: Int
        /// Of an immediate.
        var bytes: [UInt8]?
        /// Of `field & mask`.
        var masked: (field: String, mask: [UInt8])?
        var isUsed = false

        var slots: UInt32 { UInt32(length + 3) / 4 }
    }

    private let table: Table
    private var registers: [UInt32: Value] = [:]
    private var words: [String] = []

    init(_ table: Table) { self.table = table }

    /// The words so far, and what was loaded for nothing.
    var text: String {
        let unread = registers.sorted { $0.key < $1.key }.filter { !$0.value.isUsed }
        return (words + unread.map { "[\($0.value.text) → r\($0.key + 8)]" }).joined(separator: " ")
    }

    mutating func print(_ expression: Expression) {
        switch expression {
        case .payload(let base, let offset, let length, let into): load(base, offset, length, into)
        case .meta(let key, let into): set(into, key.nftName, key.format, key.length)
        case .conntrack(let key, let direction, let into): set(into, key.nftName(direction), key.format, key.length)
        case .bitwise(let from, let mask, let xor, let into): combine(from, mask, xor, into)
        case .immediate(let bytes, let into):
            store(into, Value(text: NftSyntax.hexadecimal(bytes), format: .bytes, length: bytes.count, bytes: bytes))
        case .random(let modulus, let into): set(into, "numgen random mod \(modulus)", .number, 4)
        case .fibAddressType(let field, let into):
            set(into, field == .sourceAddress ? "fib saddr type" : "fib daddr type", .addressType, 4)
        case .setMeta(let key, let from): words.append("\(key.nftName) set \(use(from, as: key.format))")
        case .compare(let register, let comparison, let bytes): compare(register, comparison, bytes)
        case .lookup(let set, let key, let into): look(up: set, key, into)
        case .lookupMissing(let set, let key): words.append("\(useKey(of: set, key)) != @\(set)")
        case .verdictMap(let map, let key): words.append("\(useKey(of: map, key)) vmap @\(map)")
        case .writeElement(let operation, let set, let key, let data): write(operation, set, key, data)
        case .verdict(let verdict): words.append(NftSyntax.text(of: verdict))
        case .setAddress(let side, let family, let from):
            let field = "\(family.nftablesName) \(side == .source ? "saddr" : "daddr")"
            words.append("\(field) set \(use(from, as: .data(family == .v4 ? .ipv4Address : .ipv6Address)))")
        case .dnat(let family, let address, let port): translate(family, address, port)
        case .masquerade(let fullyRandom): words.append(fullyRandom ? "masquerade fully-random" : "masquerade")
        case .reject(let rejection): words.append(rejection == .tcpReset ? "reject with tcp reset" : "reject")
        case .counter: words.append("counter")
        case .unknown(let name): words.append("[\(name)]")
        }
    }

    private mutating func load(_ base: Expression.PayloadBase, _ offset: UInt32, _ length: UInt32, _ into: Register) {
        let field = PayloadField.all.first { $0.base == base && $0.offset == offset && $0.length == length }
        set(into, field?.name ?? "payload \(base)+\(offset) \(length)", field?.format ?? .bytes, Int(length))
    }

    private mutating func set(_ register: Register, _ text: String, _ format: ValueFormat, _ length: Int) {
        store(register, Value(text: text, format: format, length: length))
    }

    private mutating func store(_ register: Register, _ value: Value) {
        if let old = registers[register.slot], !old.isUsed { words.append("[\(old.text) → r\(register.number)]") }
        registers[register.slot] = value
    }

    /// The words for a register's value, which is thereby used; an immediate in the format of what it is for.
    private mutating func use(_ register: Register, as format: ValueFormat = .bytes) -> String {
        guard let value = registers[register.slot] else { return "[r\(register.number)]" }
        registers[register.slot]?.isUsed = true
        return value.bytes.map(format.text) ?? value.text
    }

    /// The values that a key of the set is made of.
    private mutating func useKey(of set: String, _ key: Register) -> String {
        guard let types = table.sets[set]?.key, !types.isEmpty else { return use(key) }
        var slot = key.slot
        return types.map { type in
            defer { slot += UInt32(type.length + 3) / 4 }
            return slot < 16 ? use(Register(slot), as: .data(type)) : "[beyond the registers]"
        }.joined(separator: " . ")
    }

    private mutating func look(up name: String, _ key: Register, _ into: Register?) {
        let keyText = useKey(of: name, key)
        guard let into else { return words.append("\(keyText) @\(name)") }
        var types: [ElementSet.DataType] = []
        if case .data(let known) = table.sets[name]?.value { types = known }
        let format = types.count == 1 ? ValueFormat.data(types[0]) : .bytes
        set(into, "\(keyText) map @\(name)", format, max(RegisterBytes.length(of: types), 4))
    }

    private mutating func write(
        _ operation: Expression.ElementOperation,
        _ set: String,
        _ key: Register,
        _ data: Register?
    ) {
        let dataText = data.map { " : \(use($0))" } ?? ""
        words.append("\(operation) @\(set) { \(useKey(of: set, key))\(dataText) }")
    }

    private mutating func combine(_ from: Register, _ mask: [UInt8], _ xor: [UInt8], _ into: Register) {
        let format = registers[from.slot]?.format ?? .bytes
        let field = use(from)
        let isMaskOnly = xor.allSatisfy { $0 == 0 }
        let text = "\(field) & \(format.maskText(mask))" + (isMaskOnly ? "" : " ^ \(NftSyntax.hexadecimal(xor))")
        let masked = isMaskOnly ? (field, mask) : nil
        store(into, Value(text: text, format: format, length: mask.count, masked: masked))
    }

    private mutating func compare(_ register: Register, _ comparison: Expression.Comparison, _ bytes: [UInt8]) {
        let value = registers[register.slot]
        let format = value?.format ?? .bytes
        let text = use(register)
        let sign = comparison == .equal ? "" : "!= "
        if let masked = value?.masked {
            let match = matchText(masked.field, masked.mask, comparison, bytes, format)
            words.append(match ?? "(\(text)) \(sign)\(format.text(of: bytes))")
        } else {
            words.append("\(text) \(sign)\(format.text(of: bytes))")
        }
    }

    /// `ip saddr 10.0.0.0/24`, or `ct state new`; nil for other masks.
    private func matchText(
        _ field: String,
        _ mask: [UInt8],
        _ comparison: Expression.Comparison,
        _ bytes: [UInt8],
        _ format: ValueFormat
    ) -> String? {
        if let names = format.bits(RegisterBytes.number(host: mask)), bytes.allSatisfy({ $0 == 0 }) {
            return comparison == .notEqual ? "\(field) \(names)" : "\(field) & (\(names)) == 0"
        }
        guard let length = prefixLength(mask), let address = IPAddress(bytes: bytes) else { return nil }
        guard format == .data(.ipv4Address) || format == .data(.ipv6Address) else { return nil }
        return "\(field) \(comparison == .equal ? "" : "!= ")\(address)/\(length)"
    }

    private func prefixLength(_ mask: [UInt8]) -> Int? {
        let length = mask.reduce(0) { $0 + $1.nonzeroBitCount }
        guard let ones = IPAddress(bytes: mask.map { _ in 0 }) else { return nil }
        return ones.filled(after: 0).masked(to: length).bytes == mask ? length : nil
    }

    private mutating func translate(_ family: IPAddress.Family, _ address: Register, _ port: Register?) {
        let value = registers[address.slot]
        let addressText = use(address, as: .data(family == .v4 ? .ipv4Address : .ipv6Address))
        guard let port else { return words.append("dnat to \(addressText)") }
        let next = address.slot + UInt32(family.bitWidth / 32)
        let isOneValue = value.map { port.slot == next && address.slot + $0.slots > next } ?? false
        if isOneValue { return words.append("dnat \(family.nftablesName) addr . port to \(addressText)") }
        words.append("dnat to \(addressText):\(use(port, as: .data(.inetService)))")
    }
}

extension ValueFormat {
    /// A mask of a value of this format.
    fileprivate func maskText(_ mask: [UInt8]) -> String {
        switch self {
        case .data(.ipv4Address), .data(.ipv6Address), .data(.mark): text(of: mask)
        case .conntrackState, .conntrackStatus, .data, .addressType, .netfilterProtocol, .number, .bytes:
            NftSyntax.hexadecimal(mask)
        }
    }
}
