import Addressing
import NetworkModel

/// Checks a rule as the kernel does when it is added: what it refers to exists, and it reads no register that it has
/// not written (net/netfilter/nf_tables_api.c, nft_parse_register_load).
struct RegisterCheck {
    private let table: Table
    private let chain: String
    private var written: Set<UInt32> = []

    init(_ table: Table, _ chain: String) {
        self.table = table
        self.chain = chain
    }

    mutating func check(_ expression: Expression) throws(KernelError) {
        switch expression {
        case .payload(_, _, let length, let into): try write(into, Int(length))
        case .meta(let key, let into): try write(into, key.length)
        case .conntrack(let key, _, let into): try write(into, key.length)
        case .random(let modulus, let into):
            guard modulus > 0 else { throw .invalid("add rule to chain", chain) }
            try write(into, 4)
        case .fibAddressType(_, let into): try write(into, 4)
        case .immediate(let bytes, let into): try write(into, bytes.count)
        case .setMeta(let key, let from): try read(from, key.length)
        case .compare(let register, _, let bytes): try read(register, bytes.count)
        case .bitwise(let from, let mask, let xor, let into):
            guard mask.count == xor.count else { throw .invalid("add rule to chain", chain) }
            try read(from, mask.count)
            try write(into, mask.count)
        case .lookup(let set, let key, let into): try look(up: set, key, into)
        case .lookupMissing(let set, let key): try look(up: set, key, nil)
        case .verdictMap(let map, let key): try look(upVerdict: map, key)
        case .writeElement(_, let set, let key, let data): try write(to: set, key, data)
        case .setAddress(_, let family, let from): try read(from, family.bitWidth / 8)
        case .dnat(let family, let address, let port):
            try read(address, family.bitWidth / 8)
            if let port { try read(port, 2) }
        case .verdict(let verdict): try call(verdict)
        case .masquerade, .reject, .counter: break
        case .unknown: throw .noEntry("add rule to chain", chain)
        }
    }

    private mutating func look(up name: String, _ key: Register, _ into: Register?) throws(KernelError) {
        guard let set = table.sets[name] else { throw .noEntry("find set", name) }
        try read(key, RegisterBytes.length(of: set.key))
        guard let into else { return }
        guard case .data(let types) = set.value else { throw .invalid("look up set", name) }
        try write(into, RegisterBytes.length(of: types))
    }

    private mutating func look(upVerdict name: String, _ key: Register) throws(KernelError) {
        guard let set = table.sets[name] else { throw .noEntry("find set", name) }
        guard set.value == .verdict else { throw .invalid("look up set", name) }
        try read(key, RegisterBytes.length(of: set.key))
    }

    /// nft_dynset_init: a map wants data, whatever is done to it, and a set wants none.
    private func write(to name: String, _ key: Register, _ data: Register?) throws(KernelError) {
        guard let set = table.sets[name] else { throw .noEntry("find set", name) }
        guard set.dynamic != nil, set.value != .verdict else { throw .unsupported("write to set", name) }
        try read(key, RegisterBytes.length(of: set.key))
        switch (set.value, data) {
        case (nil, nil): break
        case (.data(let types), let data?): try read(data, RegisterBytes.length(of: types))
        case (nil, .some): throw .unsupported("write to set", name)
        default: throw .invalid("write to set", name)
        }
    }

    private func call(_ verdict: Verdict) throws(KernelError) {
        guard let target = verdict.target else { return }
        guard let called = table.chains[target] else { throw .noEntry("find chain", target) }
        guard called.base == nil else { throw .unsupported("call chain", target) }
        // A chain that calls itself; longer loops are found at the end of the transaction.
        guard target != chain else {
            throw KernelError("add rule to", chain, reason: .other, errno: 40, "Too many levels of symbolic links")
        }
    }

    private func slots(_ register: Register, _ length: Int) throws(KernelError) -> Range<UInt32> {
        let end = register.slot + UInt32(length + 3) / 4
        guard length > 0, end <= 16 else {
            throw KernelError("add rule to chain", chain, reason: .invalid, errno: 34, "Numerical result out of range")
        }
        return register.slot..<end
    }

    private mutating func write(_ register: Register, _ length: Int) throws(KernelError) {
        written.formUnion(try slots(register, length))
    }

    private func read(_ register: Register, _ length: Int) throws(KernelError) {
        guard written.isSuperset(of: try slots(register, length)) else {
            throw KernelError("add rule to chain", chain, reason: .other, errno: 61, "No data available")
        }
    }
}
