internal import Glibc

/// A UNIX datagram socket that only sends, to one receiver.
package struct DatagramSocket: ~Copyable, Sendable {
    private let socket: Descriptor
    private let receiver: [UInt8]

    /// Makes a socket that sends to `receiver`: a path, or a NUL and the rest of an abstract name (unix(7)).
    package init(to receiver: [UInt8]) throws(PosixError) {
        let name = Self.shown(receiver)
        guard (1...Self.capacity).contains(receiver.count) else { throw PosixError("connect", name, errno: EINVAL) }
        let type = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        socket = Descriptor(adopting: try call("open", name) { Glibc.socket(AF_UNIX, type, 0) })
        self.receiver = receiver
    }

    /// Sends one datagram; `wouldBlock` when the receiver's queue is full.
    package func send(_ text: String) throws(PosixError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: receiver) }
        // An abstract name ends where the length says, not at a NUL.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + receiver.count)
        let bytes = Array(text.utf8)
        let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
        try call("send to", Self.shown(receiver)) {
            unsafe withUnsafeBytes(of: &address) { raw in
                let generic = unsafe raw.baseAddress?.assumingMemoryBound(to: sockaddr.self)
                return unsafe sendto(socket.raw, bytes, bytes.count, flags, generic, length)
            }
        }
    }

    /// The size of `sun_path`.
    private static let capacity = 108

    /// The name with `@` for an abstract one's NUL, as everybody prints it.
    private static func shown(_ name: [UInt8]) -> String {
        name.first == 0
            ? "@" + String(decoding: name.dropFirst(), as: UTF8.self) : String(decoding: name, as: UTF8.self)
    }
}
