import Glibc

/// The other end of long UDP flows, as `LongConnections` holds them.
enum Datagrams {
    /// `answer ADDRESS:PORT…`: sends back every datagram that comes to one of these, until it is ended.
    static func answer(_ arguments: [String]) throws {
        let receivers = try arguments.map { try Socket.receiving(at: Target($0)) }
        var descriptors = receivers.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&descriptors, nfds_t(descriptors.count), -1) >= 0 || errno == EINTR {
            for descriptor in descriptors where descriptor.revents != 0 { answerOne(descriptor.fd) }
        }
    }

    private static func answerOne(_ receiver: Int32) {
        var sender = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var buffer = [UInt8](repeating: 0, count: 256)
        withUnsafeMutablePointer(to: &sender) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { sender in
                let count = recvfrom(receiver, &buffer, buffer.count, 0, sender, &length)
                if count > 0 { _ = sendto(receiver, buffer, count, 0, sender, length) }
            }
        }
    }
}
