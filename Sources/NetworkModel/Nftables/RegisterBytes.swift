package import Addressing

/// Bytes as registers, keys and elements hold them.
package enum RegisterBytes {
    /// A number of `meta`, `ct`, `fib` or `numgen`: in host order.
    package static func host(_ number: UInt32) -> [UInt8] {
        #if _endian(little)
            (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        #else
            (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        #endif
    }

    /// The number that `host(_:)` wrote, or nil unless there are four bytes.
    package static func number(host bytes: some BidirectionalCollection<UInt8>) -> UInt32? {
        guard bytes.count == 4 else { return nil }
        #if _endian(little)
            return bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        #else
            return bytes.reduce(0) { $0 << 8 | UInt32($1) }
        #endif
    }

    /// A port as it is in a packet: two bytes in network order.
    package static func port(_ number: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
    }

    /// A link's name as `meta iifname` loads it: 16 bytes, the rest NUL.
    package static func interfaceName(_ name: InterfaceName) -> [UInt8] {
        let text = Array(name.text.utf8)
        return text + Array(repeating: 0, count: 16 - text.count)
    }

    /// The parts one after the other, each padded to a multiple of 4 with NULs, as the kernel lays out a concatenation.
    ///
    /// A single part stays as it is.
    package static func concatenation(_ parts: [[UInt8]]) -> [UInt8] {
        guard parts.count > 1 else { return parts.first ?? [] }
        return parts.flatMap { $0 + Array(repeating: 0, count: padding(of: $0.count)) }
    }

    /// The parts of a concatenation of `types`, without their padding; nil when the length is another.
    package static func parts(of bytes: [UInt8], as types: [ElementSet.DataType]) -> [[UInt8]]? {
        guard bytes.count == length(of: types) else { return nil }
        guard types.count > 1 else { return [bytes] }
        var start = 0
        return types.map { type in
            defer { start += type.length + padding(of: type.length) }
            return Array(bytes[start..<(start + type.length)])
        }
    }

    /// The length in bytes of a key or value of these types.
    package static func length(of types: [ElementSet.DataType]) -> Int {
        guard types.count > 1 else { return types.first?.length ?? 0 }
        return types.reduce(0) { $0 + $1.length + padding(of: $1.length) }
    }

    private static func padding(of length: Int) -> Int { (4 - length % 4) % 4 }
}
