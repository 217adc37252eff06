import Glibc

/// Where something listens: an IPv4 address and a port.
struct Target {
    let address: String
    let port: UInt16
    /// Whether it is UDP's and not TCP's.
    let takesDatagrams: Bool
    /// Whether one client must always get to the same endpoint.
    let keepsEndpoint: Bool

    /// Reads `10.96.0.1:80`, `udp/10.96.0.1:53` and, for a service with session affinity, `10.96.0.1:80/same`.
    init(_ text: String) throws(BenchmarkError) {
        takesDatagrams = text.hasPrefix("udp/")
        keepsEndpoint = text.hasSuffix("/same")
        let place = text.dropFirst(takesDatagrams ? 4 : 0).dropLast(keepsEndpoint ? 5 : 0)
        let parts = place.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else {
            throw BenchmarkError("'\(text)' is no ADDRESS:PORT")
        }
        address = String(parts[0])
        self.port = port
    }
}

/// TCP and UDP over IPv4, as far as load needs it.
enum Socket {
    /// A socket that listens on a port of every address.
    static func listening(on port: UInt16) throws(BenchmarkError) -> Int32 {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let status = withAddress("0.0.0.0", port) { bind(listener, $0, $1) }
        guard status == 0, listen(listener, 4096) == 0 else { throw BenchmarkError("listen on \(port)") }
        return listener
    }

    /// A socket that datagrams to this very address come to, and whose answers have it.
    static func receiving(at target: Target) throws(BenchmarkError) -> Int32 {
        let receiver = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard withAddress(target.address, target.port, { bind(receiver, $0, $1) }) == 0 else {
            throw BenchmarkError("bind to \(target.address):\(target.port)")
        }
        return receiver
    }

    /// A socket that gives up connecting, sending and receiving after so many seconds.
    static func patient(seconds: Int, datagrams: Bool = false) -> Int32 {
        let connection = socket(AF_INET, Int32((datagrams ? SOCK_DGRAM : SOCK_STREAM).rawValue), 0)
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            setsockopt(connection, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        return connection
    }

    /// Closes without TIME_WAIT, so that a client never runs out of ports.
    static func reset(_ connection: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close(connection)
    }

    /// The last byte of the IPv4 address that a connection has at this end.
    static func lastByte(ofAddressOf connection: Int32) -> UInt8 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(connection, $0, &length) }
        }
        return status == 0 ? UInt8(UInt32(bigEndian: address.sin_addr.s_addr) & 0xff) : 0
    }

    /// Calls `body` with the address as the kernel takes it.
    static func withAddress(
        _ text: String,
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
