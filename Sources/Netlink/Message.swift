import CMNL

/// A netlink request under construction: header, the family's fixed part, attributes.
///
/// The socket fills in the sequence number when it sends it.
package struct Message: Sendable {
    /// Header and all, padded to 4.
    private var bytes: [UInt8] = []

    /// Begins a request; NLM_F_REQUEST is added to `flags`.
    package init(type: Int, flags: Int32 = 0) {
        // More than most requests need.
        bytes.reserveCapacity(128)
        append(
            nlmsghdr(
                nlmsg_len: 0,
                nlmsg_type: UInt16(truncatingIfNeeded: type),
                nlmsg_flags: UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST),
                nlmsg_seq: 0,
                nlmsg_pid: 0
            )
        )
    }

    /// Takes over a message that a C library has built, its header first.
    init(built bytes: [UInt8]) {
        self.bytes = bytes
        pad()
    }

    /// The bytes to send, under this number and with these flags besides its own.
    func sealed(sequence: UInt32, addingFlags flags: Int32 = 0) -> [UInt8] {
        var sealed = bytes
        unsafe sealed.withUnsafeMutableBytes { buffer in
            var header = unsafe buffer.load(as: nlmsghdr.self)
            header.nlmsg_len = UInt32(buffer.count)
            header.nlmsg_flags |= UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST)
            header.nlmsg_seq = sequence
            unsafe buffer.storeBytes(of: header, as: nlmsghdr.self)
        }
        return sealed
    }

    /// Appends a fixed part (`struct ifinfomsg`, `struct rtmsg`, …) or a number as it lies in memory.
    package mutating func append<Value: BitwiseCopyable>(_ value: Value) {
        unsafe withUnsafeBytes(of: value) { unsafe bytes.append(contentsOf: $0) }
        pad()
    }

    /// Appends an attribute with these bytes.
    package mutating func append(attribute type: Int, _ payload: some Collection<UInt8>) {
        let start = beginAttribute(type)
        bytes += payload
        endAttribute(start)
    }

    /// Appends an attribute with one number in the machine's byte order.
    package mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(attribute type: Int, _ number: Number) {
        let start = beginAttribute(type)
        unsafe withUnsafeBytes(of: number) { unsafe bytes.append(contentsOf: $0) }
        endAttribute(start)
    }

    /// Appends an attribute with a C structure as it lies in memory.
    package mutating func append<Value: BitwiseCopyable>(attribute type: Int, structure: Value) {
        append(attribute: type, unsafe withUnsafeBytes(of: structure) { unsafe Array($0) })
    }

    /// Appends an attribute with a text and its closing NUL.
    package mutating func append(attribute type: Int, _ text: String) {
        let start = beginAttribute(type)
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
        endAttribute(start)
    }

    /// Appends an attribute that holds those that `content` appends.
    package mutating func nest(_ type: Int, _ content: (inout Message) -> Void) {
        let start = beginAttribute(type | 1 << 15)
        content(&self)
        endAttribute(start)
    }

    private mutating func beginAttribute(_ type: Int) -> Int {
        append(nlattr(nla_len: 0, nla_type: UInt16(truncatingIfNeeded: type)))
        return bytes.count - MemoryLayout<nlattr>.size
    }

    /// Writes the attribute's length, which does not count the padding behind it, into its first two bytes.
    private mutating func endAttribute(_ start: Int) {
        guard let length = UInt16(exactly: bytes.count - start) else {
            preconditionFailure("an attribute of \(bytes.count - start) bytes")
        }
        unsafe bytes.withUnsafeMutableBytes { unsafe $0.storeBytes(of: length, toByteOffset: start, as: UInt16.self) }
        pad()
    }

    private mutating func pad() {
        while bytes.count % 4 != 0 { bytes.append(0) }
    }
}
