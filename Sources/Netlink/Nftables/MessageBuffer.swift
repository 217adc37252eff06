import CMNL
import CNFTNL
import Glibc

/// Netlink messages, one after the other, in memory that grows by doubling and is sent from where it lies.
///
/// Whoever appends reserves room first; appending without it ends the process instead of writing past the end.
@safe struct MessageBuffer: ~Copyable {
    private var start: UnsafeMutableRawPointer
    private var capacity: Int
    /// The number of bytes so far.
    private(set) var count = 0

    /// An empty buffer.
    init(capacity: Int) {
        unsafe start = Self.allocated(malloc(capacity))
        self.capacity = capacity
    }

    deinit { unsafe free(start) }

    /// Calls `body` with the bytes so far.
    func withBytes<Answer, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        try unsafe body(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Makes room for `more` bytes. Big blocks are remapped by realloc(3), not copied.
    mutating func reserve(_ more: Int) {
        guard more > capacity - count else { return }
        capacity = max(2 * capacity, count + more)
        unsafe start = Self.allocated(realloc(start, capacity))
    }

    private static func allocated(_ memory: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer {
        guard let memory = unsafe memory else { preconditionFailure("out of memory") }
        return unsafe memory
    }
}

extension MessageBuffer {
    /// Appends a number as it lies in memory.
    @inline(__always)
    mutating func append<Value: BitwiseCopyable>(_ value: Value) {
        precondition(count + MemoryLayout<Value>.size <= capacity, "no room reserved")
        unsafe start.storeBytes(of: value, toByteOffset: count, as: Value.self)
        count += MemoryLayout<Value>.size
    }

    /// Appends bytes and zeros up to the next multiple of 4.
    @inline(__always)
    mutating func append(padded bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        let end = aligned(count + bytes.count)
        precondition(end <= capacity, "no room reserved")
        // The zeros come first, so that the bytes overwrite what is too many of them.
        unsafe start.storeBytes(of: UInt32(0), toByteOffset: end - 4, as: UInt32.self)
        unsafe (start + count).copyMemory(from: source, byteCount: bytes.count)
        count = end
    }

    /// Appends an attribute's header; `length` is that of the payload.
    @inline(__always)
    mutating func append(attribute type: UInt16, length: Int) {
        append(UInt16(truncatingIfNeeded: length + MemoryLayout<nlattr>.size))
        append(type)
    }

    /// Appends an attribute with these bytes.
    @inline(__always)
    mutating func append(attribute type: UInt16, _ bytes: [UInt8]) {
        append(attribute: type, length: bytes.count)
        unsafe bytes.withUnsafeBytes { unsafe append(padded: $0) }
    }

    /// Appends an attribute with one number, which netlink's nf_tables wants in network order.
    mutating func append(attribute type: UInt16, bigEndian number: UInt32) {
        append(attribute: type, length: 4)
        append(number.bigEndian)
    }

    /// Appends an attribute with a text and its closing NUL.
    mutating func append(attribute type: UInt16, _ text: String) {
        append(attribute: type, Array(text.utf8) + [0])
    }

    /// Appends the payload of user data that is a comment: type, length, text, NUL, padding.
    @inline(__always)
    mutating func append(comment text: UnsafeBufferPointer<UInt8>, type: UInt8) {
        let end = count + 2 + text.count + 1
        precondition(aligned(end) <= capacity, "no room reserved")
        unsafe start.storeBytes(of: 0, toByteOffset: aligned(end) - 4, as: UInt32.self)
        unsafe start.storeBytes(of: type, toByteOffset: count, as: UInt8.self)
        unsafe start.storeBytes(of: UInt8(text.count + 1), toByteOffset: count + 1, as: UInt8.self)
        if let source = text.baseAddress { unsafe (start + count + 2).copyMemory(from: source, byteCount: text.count) }
        unsafe start.storeBytes(of: 0, toByteOffset: end - 1, as: UInt8.self)
        count = aligned(end)
    }

    /// Appends an attribute that holds those that `body` appends, at most 65,531 bytes of them.
    @inline(__always)
    mutating func nest(_ type: UInt16, _ body: (inout MessageBuffer) -> Void) {
        let header = count
        append(attribute: type | UInt16(NLA_F_NESTED), length: 0)
        body(&self)
        unsafe start.storeBytes(of: UInt16(count - header), toByteOffset: header, as: UInt16.self)
    }
}

extension MessageBuffer {
    /// The header of a message: `struct nlmsghdr` and `struct nfgenmsg`.
    struct Header {
        /// `NFT_MSG_*` with the subsystem's number above it, or `NFNL_MSG_BATCH_*`.
        var type: UInt16
        /// `NLM_F_*`; NLM_F_REQUEST is added.
        var flags: Int32 = 0
        /// `NFPROTO_*`
        var family: UInt8 = 0
        /// The subsystem that a batch is for.
        var resource: UInt16 = 0
        /// The message's number.
        var sequence: UInt32
    }

    /// Appends a message whose attributes `body` appends, in room that it reserves itself.
    mutating func message(_ header: Header, _ body: (inout MessageBuffer) -> Void) {
        let offset = count
        reserve(MemoryLayout<nlmsghdr>.size + MemoryLayout<nfgenmsg>.size)
        append(UInt32(0))
        append(header.type)
        append(UInt16(truncatingIfNeeded: header.flags | NLM_F_REQUEST))
        append(header.sequence)
        append(UInt32(0))
        append(nfgenmsg(nfgen_family: header.family, version: UInt8(NFNETLINK_V0), res_id: header.resource.bigEndian))
        body(&self)
        unsafe start.storeBytes(of: UInt32(count - offset), toByteOffset: offset, as: UInt32.self)
    }

    /// Appends a message whose attributes libnftnl builds, `room` bytes of them at most.
    ///
    /// libmnl appends behind the header's own length without asking how much memory there is.
    mutating func message(_ header: Header, room: Int, building body: (UnsafeMutablePointer<nlmsghdr>) -> Void) {
        let offset = count
        message(header) { $0.reserve(room) }
        let raw = unsafe (start + offset).assumingMemoryBound(to: nlmsghdr.self)
        unsafe body(raw)
        count = offset + Int(unsafe raw.pointee.nlmsg_len)
        precondition(count <= capacity, "libnftnl wrote \(count - capacity) bytes past the reserved room")
    }

    /// Sets flags of the message that begins at `offset`.
    mutating func add(flags: Int32, toMessageAt offset: Int) {
        let raw = unsafe (start + offset).assumingMemoryBound(to: nlmsghdr.self)
        unsafe raw.pointee.nlmsg_flags |= UInt16(truncatingIfNeeded: flags)
    }
}
