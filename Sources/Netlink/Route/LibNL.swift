import Addressing
import CMNL
import CNLRoute
import Glibc

// libnl-route builds messages here and sends none: its own socket folds errno values into codes of its own and drops
// the kernel's words.

/// An address object of libnl.
@safe struct NLAddress: ~Copyable {
    let raw: OpaquePointer

    init(_ cidr: CIDR) {
        self.init(family: cidr.family.number, cidr.address.bytes, prefixLength: cidr.prefixLength)
    }

    init(_ mac: MACAddress) {
        self.init(family: AF_LLC, mac.bytes, prefixLength: 48)
    }

    private init(family: Int32, _ bytes: [UInt8], prefixLength: Int) {
        var bytes = bytes
        unsafe raw = allocated(unsafe nl_addr_build(family, &bytes, bytes.count))
        unsafe nl_addr_set_prefixlen(raw, Int32(prefixLength))
    }

    deinit { unsafe nl_addr_put(raw) }
}

/// What libnl's allocators return; they fail only without memory.
func allocated(_ pointer: OpaquePointer?) -> OpaquePointer {
    guard let pointer = unsafe pointer else { preconditionFailure("out of memory") }
    return unsafe pointer
}

extension Message {
    /// Takes over the message that one of libnl's `…_build_…_request` functions makes.
    ///
    /// They fail only for objects that lack an attribute, which is our mistake, or without memory.
    init(_ build: (UnsafeMutablePointer<OpaquePointer?>) -> Int32) {
        var message: OpaquePointer?
        let result = unsafe build(&message)
        guard result == 0, let message = unsafe message, let header = unsafe nlmsg_hdr(message) else {
            preconditionFailure("libnl cannot build a message: error \(result)")
        }
        let length = unsafe Int(header.pointee.nlmsg_len)
        unsafe self.init(built: Array(UnsafeRawBufferPointer(start: header, count: length)))
        unsafe nlmsg_free(message)
    }
}

extension IPAddress.Family {
    /// `AF_INET` or `AF_INET6`
    var number: Int32 { self == .v4 ? AF_INET : AF_INET6 }

    /// The family with this number, or nil for another protocol's.
    init?(number: UInt8) {
        switch Int32(number) {
        case AF_INET: self = .v4
        case AF_INET6: self = .v6
        default: return nil
        }
    }
}
