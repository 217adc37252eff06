import CMNL
import Glibc
package import NetworkModel
import Posix

/// A netlink socket, bound for life to the network namespace in which its thread opened it.
///
/// The kernel answers within the system call that sends the request, so nothing here waits except
/// `waitForEvents`: when an answer that must be there is not, that is an error and not a hang.
package struct NetlinkSocket: ~Copyable, Sendable {
    /// What the socket talks to.
    package enum Family: Sendable {
        /// Links, addresses, routes, neighbours.
        case route
        /// nf_tables and conntrack.
        case netfilter
    }

    let descriptor: Descriptor
    /// Datagrams are received here, all of them; grows when one is larger.
    var buffer: [UInt8]
    private var lastSequence: UInt32 = 0

    /// Opens a socket in the calling thread's namespace.
    ///
    /// `receiveBuffer` is for sockets that subscribe to events: how many bytes may wait until `.missed` is reported.
    package init(_ family: Family, receiveBuffer: Int? = nil) throws(KernelError) {
        descriptor = try Self.open(family)
        // A dump's datagrams are at most 32 KiB (net/netlink/af_netlink.c, netlink_recvmsg).
        buffer = Self.buffer(32_768)
        setOption(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        // Refused, a request comes back whole without it: that may be a large one only of nf_tables.
        if family == .netfilter { setOption(SOL_NETLINK, NETLINK_CAP_ACK, 1) }
        // Without it the kernel ignores the filters of dumps and of look-ups.
        if family == .route { setOption(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1) }
        if let receiveBuffer { force(SO_RCVBUFFORCE, orElse: SO_RCVBUF, receiveBuffer) }
    }

    /// The descriptor's number, to poll for events together with others.
    package var fileDescriptor: Int32 { descriptor.raw }

    /// Takes `count` message numbers and returns the first; numbers are never 0, which events of the kernel have.
    package mutating func reserveSequences(_ count: Int = 1) -> UInt32 {
        if Int(lastSequence) + count > Int(UInt32.max) { lastSequence = 0 }
        let first = lastSequence + 1
        lastSequence += UInt32(count)
        return first
    }

    /// Memory to receive into. It is not filled first: most answers are small, and memory that nobody touches is free.
    static func buffer(_ size: Int) -> [UInt8] {
        unsafe Array(unsafeUninitializedCapacity: size) { _, count in count = size }
    }

    private static func open(_ family: Family) throws(KernelError) -> Descriptor {
        let number = family == .route ? NETLINK_ROUTE : NETLINK_NETFILTER
        let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let raw = socket(AF_NETLINK, type, number)
        guard raw >= 0 else { throw KernelError("open socket", "netlink", errno: Glibc.errno) }
        return Descriptor(adopting: raw)
    }

    /// Sets an option that some kernels do not have and everything works without.
    @discardableResult
    func setOption(_ level: Int32, _ name: Int32, _ value: Int32) -> Bool {
        var value = value
        return unsafe setsockopt(descriptor.raw, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    /// Sets a buffer's size past the system's limit where we may, else up to it.
    func force(_ name: Int32, orElse fallback: Int32, _ size: Int) {
        let value = Int32(clamping: size)
        if !setOption(SOL_SOCKET, name, value) { setOption(SOL_SOCKET, fallback, value) }
    }
}

/// SOL_NETLINK of <linux/socket.h>, which no header for programs has.
let SOL_NETLINK: Int32 = 270
