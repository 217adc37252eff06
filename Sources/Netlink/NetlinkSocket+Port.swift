import CMNL
import Glibc
import NetworkModel
import Posix

extension NetlinkSocket {
    /// The socket's number, by which the kernel tells who caused an event.
    ///
    /// The kernel gives it one with its first request (net/netlink/af_netlink.c, `netlink_sendmsg`); before that it gets
    /// it here.
    package var portID: UInt32 {
        get throws(KernelError) {
            if let number = try boundPort() { return number }
            try bind()
            return try boundPort() ?? 0
        }
    }

    /// Nil before it has one.
    private func boundPort() throws(KernelError) -> UInt32? {
        var address = sockaddr_nl()
        var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor.raw, $0, &length)
            }
        }
        guard result == 0 else { throw KernelError("read number of socket", "netlink", errno: Glibc.errno) }
        return address.nl_pid == 0 ? nil : address.nl_pid
    }

    private func bind() throws(KernelError) {
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(descriptor.raw, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        guard result == 0 else { throw KernelError("bind socket", "netlink", errno: Glibc.errno) }
    }
}
