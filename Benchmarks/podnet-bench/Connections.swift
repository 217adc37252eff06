import Glibc

/// A server that accepts and closes, a client that connects and closes, as fast as the kernel lets them.
enum Connections {
    /// `serve PORT`: accepts until it is ended.
    static func serve(_ arguments: [String]) throws {
        guard let port = arguments.first.flatMap({ UInt16($0) }) else { throw BenchmarkError("serve PORT") }
        let listener = try Socket.listening(on: port)
        while true {
            let connection = accept(listener, nil, nil)
            if connection >= 0 { Socket.reset(connection) }
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
            guard
                Socket.withAddress(arguments[0], port, { connect(connection, $0, $1) }) == 0 || errno == ECONNRESET
            else {
                throw BenchmarkError("connect \(arguments[0]):\(port): \(String(cString: strerror(errno)))")
            }
            Socket.reset(connection)
            count += 1
        }
        print(Double(count) / (now() - started))
    }
}
