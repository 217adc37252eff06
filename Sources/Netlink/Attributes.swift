package import Addressing

/// Bytes from the kernel that break the format they should have: too short, or cut in the middle.
package struct MalformedMessage: Error, Hashable, Sendable {
    /// What is wrong: `"attribute longer than its message"`.
    package let what: String

    /// Describes the fault.
    package init(_ what: String) { self.what = what }
}

/// Calls `body` with type and payload of every attribute in `span`, in order.
///
/// The type comes without the flags for "nested" and "network order". Callers ignore types that they do not know.
/// A length that cannot be throws; nothing here traps, whatever the bytes are. Layout: `struct nlattr`, linux/netlink.h.
package func forEachAttribute(
    in span: RawSpan,
    from start: Int = 0,
    _ body: (_ type: Int, _ payload: RawSpan) throws(MalformedMessage) -> Void
) throws(MalformedMessage) {
    var offset = start
    while offset < span.byteCount {
        let length = Int(try span.load(at: offset, as: UInt16.self))
        let type = Int(try span.load(at: offset + 2, as: UInt16.self) & 0x3fff)
        guard length >= 4 else { throw MalformedMessage("attribute of \(length) bytes") }
        guard length <= span.byteCount - offset else { throw MalformedMessage("attribute longer than its message") }
        try body(type, span.extracting((offset + 4)..<(offset + length)))
        offset += aligned(length)
    }
}

/// Netlink pads everything to 4 bytes (NLMSG_ALIGNTO, NLA_ALIGNTO).
func aligned(_ length: Int) -> Int { (length + 3) & ~3 }

extension RawSpan {
    /// The value at a byte offset in the machine's byte order, unaligned as attributes are.
    package func load<Value: BitwiseCopyable>(
        at offset: Int,
        as type: Value.Type
    ) throws(MalformedMessage) -> Value {
        guard offset >= 0, offset <= byteCount - MemoryLayout<Value>.size else {
            throw MalformedMessage("\(byteCount) bytes where \(offset + MemoryLayout<Value>.size) are needed")
        }
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// An attribute's single value in the machine's byte order; longer payloads are cut as the kernel does it.
    package func number<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type = Value.self
    ) throws(MalformedMessage) -> Value {
        try load(at: 0, as: type)
    }

    /// The same in network byte order, as all numbers of nf_tables are.
    package func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type = Value.self
    ) throws(MalformedMessage) -> Value {
        Value(bigEndian: try load(at: 0, as: type))
    }

    /// The text up to the first NUL or the end.
    package func string() -> String {
        unsafe withUnsafeBytes { bytes in
            let length = unsafe bytes.firstIndex(of: 0) ?? bytes.count
            return unsafe String(decoding: UnsafeRawBufferPointer(rebasing: bytes[..<length]), as: UTF8.self)
        }
    }

    /// A copy of the bytes.
    package func array() -> [UInt8] {
        unsafe withUnsafeBytes { buffer in unsafe Array(buffer) }
    }

    /// An IP address of 4 or 16 bytes.
    package func ipAddress() throws(MalformedMessage) -> IPAddress {
        guard let address = IPAddress(bytes: array()) else {
            throw MalformedMessage("address of \(byteCount) bytes")
        }
        return address
    }

    /// An Ethernet address, or nil for another kind of link's.
    package func macAddress() -> MACAddress? { MACAddress(bytes: array()) }
}
