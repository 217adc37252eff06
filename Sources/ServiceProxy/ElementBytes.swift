import Addressing
import NetworkModel

/// Keys and values of elements as the kernel has them: each part padded to four bytes.
///
/// Written without intermediate arrays: a node's start makes some hundred thousand of them.
enum ElementBytes {
    /// `address . protocol . port`
    static func frontend(_ frontend: Frontend) -> [UInt8] {
        var bytes = [UInt8]()
        bytes.reserveCapacity(24)
        bytes.append(frontend)
        return bytes
    }

    /// `index . address . protocol . port`
    static func slot(_ index: Int, of frontend: Frontend) -> [UInt8] {
        var bytes = [UInt8]()
        bytes.reserveCapacity(28)
        bytes.append(host: UInt32(truncatingIfNeeded: index))
        bytes.append(frontend)
        return bytes
    }

    /// `address . protocol . port . network`
    static func source(_ range: CIDR, of frontend: Frontend) -> [UInt8] {
        var bytes = [UInt8]()
        bytes.reserveCapacity(40)
        bytes.append(frontend)
        bytes.append(range.first)
        return bytes
    }

    /// `address . port`
    static func endpoint(_ endpoint: EndpointAddress) -> [UInt8] {
        var bytes = [UInt8]()
        bytes.reserveCapacity(20)
        bytes.append(endpoint.address)
        bytes.append(endpoint.port)
        return bytes
    }

    /// An address with itself.
    static func pair(_ address: IPAddress) -> [UInt8] {
        var bytes = [UInt8]()
        bytes.reserveCapacity(32)
        bytes.append(address)
        bytes.append(address)
        return bytes
    }

    /// An address alone.
    static func address(_ address: IPAddress) -> [UInt8] {
        var bytes = [UInt8]()
        bytes.reserveCapacity(16)
        bytes.append(address)
        return bytes
    }

    /// What `frontend(_:)` wrote, or nil when nobody could have meant these bytes for one.
    static func frontend(from bytes: ArraySlice<UInt8>) -> Frontend? {
        let address = bytes.dropLast(8)
        let rest = Array(bytes.suffix(8))
        guard rest.count == 8, let address = IPAddress(bytes: address), let port = port(rest[4...]),
            let transport = TransportProtocol(number: rest[0])
        else { return nil }
        return Frontend(address, transport, port)
    }

    /// What `slot(_:of:)` wrote.
    static func slot(from bytes: [UInt8]) -> (number: UInt32, frontend: Frontend)? {
        guard let number = RegisterBytes.number(host: bytes.prefix(4)),
            let frontend = frontend(from: bytes.dropFirst(4))
        else { return nil }
        return (number, frontend)
    }

    /// What `source(_:of:)` wrote for a prefix of this length.
    static func source(from bytes: [UInt8], prefixLength: Int) -> (Frontend, CIDR)? {
        let length = (bytes.count - 8) / 2
        guard let frontend = frontend(from: bytes.dropLast(length)),
            let address = IPAddress(bytes: bytes.suffix(length)),
            let range = CIDR(address, prefixLength: prefixLength), range.network == range
        else { return nil }
        return (frontend, range)
    }

    /// What `endpoint(_:)` wrote.
    static func endpoint(from bytes: ArraySlice<UInt8>) -> EndpointAddress? {
        guard let address = IPAddress(bytes: bytes.dropLast(4)), let port = port(bytes.suffix(4)) else { return nil }
        return EndpointAddress(address, port)
    }

    private static func port(_ bytes: ArraySlice<UInt8>) -> Port? {
        try? Port(bytes.prefix(2).reduce(0) { $0 << 8 | Int($1) })
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ frontend: Frontend) {
        append(frontend.address)
        append(frontend.transport.number)
        append(0)
        append(0)
        append(0)
        append(frontend.port)
    }

    fileprivate mutating func append(_ address: IPAddress) {
        switch address {
        case .v4(let bits): append(network: bits)
        case .v6(let high, let low):
            append(network: UInt32(truncatingIfNeeded: high >> 32))
            append(network: UInt32(truncatingIfNeeded: high))
            append(network: UInt32(truncatingIfNeeded: low >> 32))
            append(network: UInt32(truncatingIfNeeded: low))
        }
    }

    fileprivate mutating func append(_ port: Port) {
        append(network: UInt32(port.number) << 16)
    }

    fileprivate mutating func append(host number: UInt32) {
        // As it lies in memory: `bigEndian` swaps on little-endian machines, and the bytes go out highest first.
        append(network: number.bigEndian)
    }

    fileprivate mutating func append(network number: UInt32) {
        append(UInt8(truncatingIfNeeded: number >> 24))
        append(UInt8(truncatingIfNeeded: number >> 16))
        append(UInt8(truncatingIfNeeded: number >> 8))
        append(UInt8(truncatingIfNeeded: number))
    }
}
