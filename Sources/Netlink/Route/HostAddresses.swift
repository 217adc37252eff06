package import Addressing
import CNLRoute
import Glibc
package import NetworkModel

/// The addresses of the calling thread's namespace, and news of them.
package struct HostAddresses: ~Copyable, Sendable {
    private var requests: NetlinkSocket
    private var events: NetlinkSocket

    /// Subscribes: what changes from now on is reported.
    package init() throws(KernelError) {
        let asking = try NetlinkSocket(.route)
        let listening = try Self.subscribed()
        requests = asking
        events = listening
    }

    private static func subscribed() throws(KernelError) -> NetlinkSocket {
        let socket = try NetlinkSocket(.route, receiveBuffer: 1 << 18)
        for group in [RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR] { try socket.subscribe(to: Int(group.rawValue)) }
        return socket
    }

    /// The descriptor's number, to poll for news together with others.
    package var fileDescriptor: Int32 { events.fileDescriptor }

    /// Takes the news that are queued; whether there were any.
    package mutating func readQueued() throws(KernelError) -> Bool {
        try events.readEvents { _, _ in } != .timedOut
    }

    /// Every address but the host's own loopback and IPv6's link-local ones, sorted.
    package mutating func all() throws(KernelError) -> [IPAddress] {
        let found = try requests.dump(AddressMessages.dump(index: 0), "read addresses", "of the host") {
            _,
            payload throws(MalformedMessage) in try AddressRecord(payload)?.cidr.address
        }
        return Set(found.filter { !$0.isLoopback && !$0.isLinkLocal }).sorted()
    }

    /// The addresses, one a family, that the host would speak to the outside with; none where no route leads there.
    package mutating func preferred() throws(KernelError) -> [IPAddress] {
        // RFC 5737 and RFC 3849: addresses that are nobody's. Nothing is sent; the routing tables are asked.
        let outside = [IPAddress.v4(0xc000_0201), .v6(0x2001_0db8 << 32, 1)]
        var sources: [IPAddress] = []
        for address in outside {
            if let source = try source(towards: address) { sources.append(source) }
        }
        return sources
    }

    private mutating func source(towards address: IPAddress) throws(KernelError) -> IPAddress? {
        do throws(KernelError) {
            return try requests.get(RouteMessages.match(address), "read route", "\(address)") {
                _,
                payload throws(MalformedMessage) in
                var source: IPAddress?
                try forEachAttribute(in: payload, from: MemoryLayout<rtmsg>.size) {
                    type,
                    value throws(MalformedMessage) in
                    if type == Int(RTA_PREFSRC.rawValue) { source = try value.ipAddress() }
                }
                return source
            }
        } catch  where [ENETUNREACH, EHOSTUNREACH, ESRCH, EAFNOSUPPORT, EACCES].contains(error.errno) {
            return nil
        }
    }
}
