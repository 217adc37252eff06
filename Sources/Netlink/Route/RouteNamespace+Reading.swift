import Addressing
import CNLRoute
import Glibc
import NetworkModel

extension RouteNamespace {
    /// All addresses of a link but the link-local ones of IPv6; none when there is no such link.
    mutating func addresses(of link: LinkID) throws(KernelError) -> [LinkAddress] {
        try dump(of: link, "read addresses", AddressMessages.dump) { payload, index throws(MalformedMessage) in
            guard let record = try AddressRecord(payload), record.index == index, !record.isAutomatic
            else { return nil }
            return record.address(on: link)
        }
    }

    /// All routes by a link in table main but the kernel's own; none when there is no such link.
    mutating func routes(of link: LinkID) throws(KernelError) -> [Route] {
        try dump(of: link, "read routes", { RouteMessages.dump(table: Route.mainTable, index: $0) }) {
            payload,
            index throws(MalformedMessage) in
            guard let record = try RouteRecord(payload)?.through(index), record.isSet, record.table == Route.mainTable
            else { return nil }
            return record.route(on: link)
        }
    }

    /// All permanent neighbours on a link; none when there is no such link.
    mutating func neighbors(of link: LinkID) throws(KernelError) -> [Neighbor] {
        try dump(of: link, "read neighbours", NeighborMessages.dump) { payload, index throws(MalformedMessage) in
            let record = try NeighborRecord(payload)
            return record.index == index ? record.neighbor(on: link) : nil
        }
    }

    private mutating func dump<Value>(
        of link: LinkID,
        _ operation: String,
        _ request: (Int32) -> Message,
        _ read: (RawSpan, Int32) throws(MalformedMessage) -> Value?
    ) throws(KernelError) -> [Value] {
        do throws(KernelError) {
            let index = try index(of: link)
            return try socket.dump(request(index), operation, "of \(link)") { _, payload throws(MalformedMessage) in
                try read(payload, index)
            }
        } catch  where error.reason == .notFound {
            return []
        }
    }

    /// The permanent neighbour entry for an address on a link, or nil.
    mutating func neighbor(_ address: IPAddress, on link: LinkID) throws(KernelError) -> Neighbor? {
        do throws(KernelError) {
            let message = NeighborMessages.get(address, index: try index(of: link))
            let record = try socket.get(message, "read neighbour", "\(address) dev \(link)") {
                _,
                payload throws(MalformedMessage) in try NeighborRecord(payload)
            }
            return record.neighbor(on: link)
        } catch  where error.reason == .notFound {
            return nil
        }
    }

    /// The route in table main to exactly this network, whatever link it is on, or nil.
    ///
    /// One look-up almost always. A route to something smaller within the network, or one in another table, can hide
    /// it from the look-up, and 0.0.0.0 stands for this host there; only then the table is read.
    mutating func route(to destination: CIDR) throws(KernelError) -> Route? {
        guard destination.prefixLength > 0 else { return try routeByReading(to: destination) }
        guard let match = try match(destination.first) else { return nil }
        guard match.table == Route.mainTable, match.type == UInt8(RTN_UNICAST),
            match.destination.prefixLength <= destination.prefixLength
        else { return try routeByReading(to: destination) }
        return match.destination == destination ? try named(match) : nil
    }

    private mutating func routeByReading(to destination: CIDR) throws(KernelError) -> Route? {
        let message = RouteMessages.dump(table: Route.mainTable, index: nil)
        let found = try socket.dump(message, "read route", "\(destination)") { _, payload throws(MalformedMessage) in
            try RouteRecord(payload).flatMap { $0.destination == destination ? $0 : nil }
        }
        guard let first = found.first(where: { $0.isSet && $0.table == Route.mainTable }) else { return nil }
        return try named(first)
    }

    /// Whether the address is one of this namespace's own: packets to it are delivered here.
    mutating func isLocal(_ address: IPAddress) throws(KernelError) -> Bool {
        try match(address)?.type == UInt8(RTN_LOCAL)
    }

    /// The entry that packets to an address use, or nil when there is none.
    private mutating func match(_ address: IPAddress) throws(KernelError) -> RouteRecord? {
        do throws(KernelError) {
            return try socket.get(RouteMessages.match(address), "read route", "\(address)") {
                _,
                payload throws(MalformedMessage) in try RouteRecord(payload)
            }
        } catch  where [ENETUNREACH, EHOSTUNREACH, ESRCH, EAFNOSUPPORT].contains(error.errno) {
            return nil
        }
    }

    private mutating func named(_ record: RouteRecord) throws(KernelError) -> Route? {
        guard record.isSet, let index = record.index, let name = try name(of: index) else { return nil }
        return record.route(on: LinkID(place, name))
    }
}
