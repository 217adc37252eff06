import CMNL

/// A netlink request under construction: header, the family's fixed part, attributes.
///
/// The socket fills in the sequence number when it sends it.
package struct Message: Sendable {
    /// The message without its header, padded to 4.
    private var body: [UInt8] = []
    private var header: nlmsghdr

    /// Begins a request; NLM_F_REQUEST is added to `flags`.
    package init(type: Int, flags: Int32 = 0) {
        header = nlmsghdr(
            nlmsg_len: 0,
            nlmsg_type: UInt16(truncatingIfNeeded: type),
            nlmsg_flags: UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST),
            nlmsg_seq: 0,
            nlmsg_pid: 0
        )
    }

    /// Takes over a message that a C library has built: its header, and what follows it.
    init(header: nlmsghdr, body: [UInt8]) {
        self.header = header
        self.header.nlmsg_flags |= UInt16(NLM_F_REQUEST)
        self.body = body
        pad()
    }

    /// The bytes to send, under this number and with these flags besides its own.
    func sealed(sequence: UInt32, addingFlags flags: Int32 = 0) -> [UInt8] {
        var header = header
        header.nlmsg_len = UInt32(MemoryLayout<nlmsghdr>.size + body.count)
        header.nlmsg_flags |= UInt16(truncatingIfNeeded: flags)
        header.nlmsg_seq = sequence
        return unsafe withUnsafeBytes(of: header) { unsafe Array($0) } + body
    }

    /// Appends a fixed part (`struct ifinfomsg`, `struct rtmsg`, …) or a number as it lies in memory.
    package mutating func append<Value: BitwiseCopyable>(_ value: Value) {
        unsafe withUnsafeBytes(of: value) { unsafe body.append(contentsOf: $0) }
        pad()
    }

    /// Appends an attribute with these bytes.
    package mutating func append(attribute type: Int, _ payload: some Collection<UInt8>) {
        let start = beginAttribute(type)
        body += payload
        endAttribute(start)
    }

    /// Appends an attribute with one number in the machine's byte order.
    package mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(attribute type: Int, _ number: Number) {
        let start = beginAttribute(type)
        unsafe withUnsafeBytes(of: number) { unsafe body.append(contentsOf: $0) }
        endAttribute(start)
    }

    /// Appends an attribute with a C structure as it lies in memory.
    package mutating func append<Value: BitwiseCopyable>(attribute type: Int, structure: Value) {
        append(attribute: type, unsafe withUnsafeBytes(of: structure) { unsafe Array($0) })
    }

    /// Appends an attribute with a text and its closing NUL.
    package mutating func append(attribute type: Int, _ text: String) {
        append(attribute: type, Array(text.utf8) + [0])
    }

    /// Appends an attribute that holds those that `content` appends.
    package mutating func nest(_ type: Int, _ content: (inout Message) -> Void) {
        let start = beginAttribute(type | 1 << 15)
        content(&self)
        endAttribute(start)
    }

    private mutating func beginAttribute(_ type: Int) -> Int {
        append(nlattr(nla_len: 0, nla_type: UInt16(truncatingIfNeeded: type)))
        return body.count - MemoryLayout<nlattr>.size
    }

    /// Writes the attribute's length, which does not count the padding behind it, into its first two bytes.
    private mutating func endAttribute(_ start: Int) {
        guard let length = UInt16(exactly: body.count - start) else {
            preconditionFailure("an attribute of \(body.count - start) bytes")
        }
        unsafe withUnsafeBytes(of: length) { unsafe body.replaceSubrange(start..<(start + 2), with: $0) }
        pad()
    }

    private mutating func pad() {
        while body.count % 4 != 0 { body.append(0) }
    }
}
