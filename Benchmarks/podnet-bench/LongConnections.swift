import Glibc

/// Connections that stay, with a byte there and back on each twice a second.
enum LongConnections {
    /// `echo PORT`: sends back what comes and twice a second a byte unasked, until it is ended.
    ///
    /// Unasked ones matter: one that reaches the client untranslated is answered with a reset.
    static func echo(_ arguments: [String]) throws {
        guard let port = arguments.first.flatMap({ UInt16($0) }) else { throw BenchmarkError("echo PORT") }
        var descriptors = [pollfd(fd: try Socket.listening(on: port), events: Int16(POLLIN), revents: 0)]
        var buffer = [UInt8](repeating: 0, count: 4096)
        var turn = 0
        while poll(&descriptors, nfds_t(descriptors.count), 5) >= 0 || errno == EINTR {
            turn += 1
            for index in stride(from: 1 + turn % 100, to: descriptors.count, by: 100) where descriptors[index].fd >= 0 {
                _ = send(descriptors[index].fd, ".", 1, Int32(MSG_NOSIGNAL))
            }
            for index in descriptors.indices.dropFirst() where descriptors[index].revents != 0 {
                let count = recv(descriptors[index].fd, &buffer, buffer.count, 0)
                if count > 0 {
                    _ = send(descriptors[index].fd, buffer, count, Int32(MSG_NOSIGNAL))
                } else {
                    close(descriptors[index].fd)
                    // poll(2) passes over negative ones.
                    descriptors[index].fd = -1
                }
            }
            guard descriptors[0].revents != 0 else { continue }
            descriptors.removeAll { $0.fd < 0 }
            descriptors.append(pollfd(fd: accept(descriptors[0].fd, nil, nil), events: Int16(POLLIN), revents: 0))
        }
    }

    /// `hold COUNT STOP TARGET…`: opens COUNT connections and keeps them in use until the file STOP is there. Says
    /// `holding` when all are open; prints in the end how many there were and how many were reset, or had no answer.
    static func hold(_ arguments: [String]) throws {
        guard arguments.count >= 3, let count = Int(arguments[0]) else {
            throw BenchmarkError("hold COUNT STOP TARGET…")
        }
        let targets = try arguments.dropFirst(2).map(Target.init)
        var held = try Held((0..<count).map { targets[$0 % targets.count] })
        say("holding")
        while access(arguments[1], F_OK) != 0 { held.turn(seconds: 0.5) }
        let end = now() + 10
        while held.isWaiting && now() < end { held.receive(milliseconds: 100) }
        print("long \(count) reset \(held.lost)")
    }
}

/// Open connections and what is under way on each.
private struct Held {
    private var descriptors: [pollfd]
    private var unanswered: [Int]
    private var resets = 0

    init(_ targets: [Target]) throws(BenchmarkError) {
        descriptors = []
        for target in targets {
            let connection = Socket.patient(seconds: 5, datagrams: target.takesDatagrams)
            guard Socket.withAddress(target.address, target.port, { connect(connection, $0, $1) }) == 0 else {
                throw BenchmarkError("connect \(target.address):\(target.port): \(String(cString: strerror(errno)))")
            }
            descriptors.append(pollfd(fd: connection, events: Int16(POLLIN), revents: 0))
        }
        unanswered = Array(repeating: 0, count: targets.count)
    }

    /// Whether an answer is still to come.
    var isWaiting: Bool { unanswered.contains { $0 > 0 } }

    /// Those that were reset, and those whose last byte did not come back.
    var lost: Int { resets + unanswered.count { $0 > 0 } }

    /// A byte on every connection, spread over this time.
    mutating func turn(seconds: Double) {
        let pieces = 100
        for piece in 0..<pieces {
            let begun = now()
            for index in stride(from: piece, to: descriptors.count, by: pieces) where descriptors[index].fd >= 0 {
                if send(descriptors[index].fd, "x", 1, Int32(MSG_NOSIGNAL)) == 1 {
                    unanswered[index] += 1
                } else {
                    drop(index, errno)
                }
            }
            receive(milliseconds: 0)
            let rest = seconds / Double(pieces) - (now() - begun)
            if rest > 0 { usleep(UInt32(rest * 1e6)) }
        }
    }

    /// Takes what has come back, waiting so long for the first of it.
    mutating func receive(milliseconds: Int32) {
        guard poll(&descriptors, nfds_t(descriptors.count), milliseconds) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 256)
        for index in descriptors.indices where descriptors[index].fd >= 0 && descriptors[index].revents != 0 {
            let count = recv(descriptors[index].fd, &buffer, buffer.count, 0)
            let answers = buffer.prefix(max(0, count)).count { $0 == UInt8(ascii: "x") }
            if count > 0 { unanswered[index] -= answers } else { drop(index, count == 0 ? 0 : errno) }
        }
    }

    private mutating func drop(_ index: Int, _ number: Int32) {
        resets += 1
        unanswered[index] = 0
        close(descriptors[index].fd)
        descriptors[index].fd = -1
        guard resets <= 10 else { return }
        say("  reset: \(number == 0 ? "closed by the other side" : String(cString: strerror(number)))")
    }
}
