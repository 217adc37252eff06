import Addressing

/// One rule being run: registers live as long as it does.
struct RuleRun {
    /// What the rule says of the packet.
    enum Outcome: Hashable {
        /// Nothing: on to the next rule.
        case next
        case verdict(Verdict)
        case end(Course.Fate)
    }

    private(set) var context: RuleContext
    private(set) var outcome = Outcome.next
    /// Comments of the elements that were found.
    private(set) var elements: [String] = []
    /// Whether it set NAT up.
    private(set) var isTranslated = false
    /// Elements that it wrote; without data, that it deleted.
    private(set) var writes: [(set: String, key: [UInt8], data: [UInt8]?)] = []
    private var hasSetMeta = false
    private var registers = RegisterFile()
    private let table: Table

    init(_ table: Table, _ context: RuleContext) {
        self.table = table
        self.context = context
    }

    /// Whether the rule did anything to the packet.
    var hasEffect: Bool { outcome != .next || hasSetMeta || !writes.isEmpty }

    /// Runs one expression; false when the rule does not match.
    mutating func evaluate(_ expression: Expression, _ choices: inout Choices) throws(TraceError) -> Bool {
        switch expression {
        case .payload(let base, let offset, let length, let into):
            return try load(context.header(base), Int(offset), Int(length), into)
        case .meta(let key, let into): return try load(try context.meta(key), into)
        case .conntrack(let key, let direction, let into): return try load(context.conntrack(key, direction), into)
        case .immediate(let bytes, let into): try registers.write(bytes, into)
        case .random(let modulus, let into):
            guard modulus > 0 else { throw TraceError("a random number below 0") }
            try registers.write(RegisterBytes.host(choices.draw(modulus)), into)
        case .fibAddressType(let field, let into):
            let address = field == .sourceAddress ? context.packet.source : context.packet.destination
            try registers.write(RegisterBytes.host(context.addressType(address).rawValue), into)
        case .setMeta(let key, let from): try setMeta(key, from)
        case .bitwise(let from, let mask, let xor, let into): try combine(from, mask, xor, into)
        case .compare(let register, let comparison, let bytes):
            return (try registers.read(register, bytes.count) == bytes) == (comparison == .equal)
        case .lookup, .lookupMissing, .verdictMap: return try lookUp(expression)
        case .writeElement(let operation, let set, let key, let data): return try write(operation, set, key, data)
        case .verdict(let verdict): outcome = .verdict(verdict)
        case .setAddress(let side, let family, let from): try write(side, family, from)
        case .dnat(let family, let address, let port): try translate(family, address, port)
        case .masquerade:
            context.isMasqueraded = true
            isTranslated = true
            outcome = .end(.accepted)
        case .reject(let rejection): outcome = .end(.rejected(rejection))
        case .counter: break
        case .unknown(let name): throw TraceError("expression \(name) is not known")
        }
        return true
    }

    private mutating func load(_ bytes: [UInt8]?, _ into: Register) throws(TraceError) -> Bool {
        guard let bytes else { return false }
        try registers.write(bytes, into)
        return true
    }

    private mutating func load(
        _ header: [UInt8]?,
        _ offset: Int,
        _ length: Int,
        _ into: Register
    ) throws(TraceError) -> Bool {
        guard let header, offset + length <= header.count else { return false }
        return try load(Array(header[offset..<(offset + length)]), into)
    }

    private mutating func setMeta(_ key: Expression.MetaKey, _ from: Register) throws(TraceError) {
        let value = RegisterBytes.number(host: try registers.read(from, 4)) ?? 0
        switch key {
        case .priority: context.priority = value
        case .mark: context.mark = value
        case .inputIndex, .outputIndex, .inputName, .outputName, .netfilterProtocol, .transportProtocol:
            throw TraceError("\(key.nftName) cannot be set")
        }
        hasSetMeta = true
    }

    private mutating func write(
        _ side: Expression.AddressSide,
        _ family: IPAddress.Family,
        _ from: Register
    ) throws(TraceError) {
        guard let address = IPAddress(bytes: try registers.read(from, family.bitWidth / 8)) else {
            throw TraceError("no address to write")
        }
        switch side {
        case .source: context.packet.source = address
        case .destination: context.packet.destination = address
        }
    }

    private mutating func combine(
        _ from: Register,
        _ mask: [UInt8],
        _ xor: [UInt8],
        _ into: Register
    ) throws(TraceError) {
        guard mask.count == xor.count else { throw TraceError("mask and xor of different lengths") }
        let bytes = try registers.read(from, mask.count)
        try registers.write(zip(zip(bytes, mask), xor).map { $0.0 & $0.1 ^ $1 }, into)
    }

    private mutating func lookUp(_ expression: Expression) throws(TraceError) -> Bool {
        switch expression {
        case .lookup(let set, let key, let into):
            guard let element = try element(of: set, key) else { return false }
            guard let into else { return true }
            guard case .data(let bytes) = element.value else { throw TraceError("\(set) maps to no data") }
            try registers.write(bytes, into)
            return true
        case .lookupMissing(let set, let key):
            return try element(of: set, key) == nil
        case .verdictMap(let map, let key):
            guard let element = try element(of: map, key) else { return false }
            guard case .verdict(let verdict) = element.value else { throw TraceError("\(map) is no verdict map") }
            outcome = .verdict(verdict)
            return true
        case .payload, .meta, .setMeta, .conntrack, .compare, .bitwise, .immediate, .verdict, .writeElement, .random,
            .fibAddressType, .setAddress, .dnat, .masquerade, .reject, .counter, .unknown:
            return true
        }
    }

    /// As nft_dynset_eval does it: one that was deleted takes its place until it is collected.
    private mutating func write(
        _ operation: Expression.ElementOperation,
        _ name: String,
        _ key: Register,
        _ data: Register?
    ) throws(TraceError) -> Bool {
        guard let set = table.sets[name], let dynamic = set.dynamic else {
            throw TraceError("no set \(name) to write to")
        }
        let bytes = try registers.read(key, RegisterBytes.length(of: set.key))
        var value: [UInt8] = []
        if case .data(let types) = set.value {
            guard let data else { throw TraceError("\(name) wants data") }
            value = try registers.read(data, RegisterBytes.length(of: types))
        }
        if operation == .delete {
            writes.append((name, bytes, nil))
            return true
        }
        let isGone = writes.contains { $0.set == name && $0.key == bytes && $0.data == nil }
        if set.elements[bytes] != nil && !isGone { return true }
        guard set.elements.count < dynamic.size else { return false }
        writes.append((name, bytes, value))
        return true
    }

    private mutating func element(of name: String, _ key: Register) throws(TraceError) -> Element? {
        guard let set = table.sets[name] else { throw TraceError("no set \(name)") }
        let element = set.elements[try registers.read(key, RegisterBytes.length(of: set.key))]
        if let comment = element?.comment { elements.append(comment) }
        return element
    }

    private mutating func translate(
        _ family: IPAddress.Family,
        _ address: Register,
        _ port: Register?
    ) throws(TraceError) {
        guard let target = IPAddress(bytes: try registers.read(address, family.bitWidth / 8)) else {
            throw TraceError("no address to translate to")
        }
        context.packet.destination = target
        if let port { context.packet.destinationPort = try registers.read(port, 2).reduce(0) { $0 << 8 | UInt16($1) } }
        context.isDestinationTranslated = true
        isTranslated = true
        outcome = .end(.accepted)
    }
}

/// Sixteen registers of 32 bits, of which only those that the rule has written can be read.
struct RegisterFile {
    private var bytes: [UInt8] = Array(repeating: 0, count: 64)
    private var written: Set<UInt32> = []

    /// Writes the bytes from the register on; the rest of the last one is NUL.
    mutating func write(_ value: [UInt8], _ register: Register) throws(TraceError) {
        for slot in try slots(register, value.count) {
            for position in 0..<4 {
                let source = Int(slot - register.slot) * 4 + position
                bytes[Int(slot) * 4 + position] = source < value.count ? value[source] : 0
            }
            written.insert(slot)
        }
    }

    func read(_ register: Register, _ length: Int) throws(TraceError) -> [UInt8] {
        guard written.isSuperset(of: try slots(register, length)) else {
            throw TraceError("register \(register.number) is read before it is written")
        }
        return Array(bytes[Int(register.slot) * 4..<Int(register.slot) * 4 + length])
    }

    private func slots(_ register: Register, _ length: Int) throws(TraceError) -> Range<UInt32> {
        let end = register.slot + UInt32(length + 3) / 4
        guard end <= 16 else { throw TraceError("\(length) bytes do not fit from register \(register.number) on") }
        return register.slot..<end
    }
}
