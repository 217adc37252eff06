import Glibc

/// A server that accepts and closes, a client that connects and closes, as fast as the kernel lets them.
enum Connections {
    /// `serve PORT`: accepts until it is ended.
    static func serve(_ arguments: [String]) throws {
        guard let port = arguments.first.flatMap({ UInt16($0) }) else { throw BenchmarkError("serve PORT") }
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let status = withAddress("0.0.0.0", port) { bind(listener, $0, $1) }
        guard status == 0, listen(listener, 4096) == 0 else { throw BenchmarkError("listen on \(port)") }
        while true {
            let connection = accept(listener, nil, nil)
            if connection >= 0 { reset(connection) }
        }
    }

    /// `connect-loop ADDRESS PORT SECONDS`: prints how many connections a second it made.
    static func connectLoop(_ arguments: [String]) throws {
        guard arguments.count == 3, let port = UInt16(arguments[1]), let seconds = Double(arguments[2]) else {
            throw BenchmarkError("connect-loop ADDRESS PORT SECONDS")
        }
        let started = now()
        var count = 0
        while now() - started < seconds {
            let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            // The server resets at once what it accepts: a reset tells of a connection, too.
            guard withAddress(arguments[0], port, { connect(connection, $0, $1) }) == 0 || errno == ECONNRESET else {
                throw BenchmarkError("connect \(arguments[0]):\(port): \(String(cString: strerror(errno)))")
            }
            reset(connection)
            count += 1
        }
        print(Double(count) / (now() - started))
    }

    /// Closes without TIME_WAIT, so that a client never runs out of ports.
    private static func reset(_ connection: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close(connection)
    }

    private static func withAddress(
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
