import Addressing
import Control
import NetworkModel

/// The daemon's tables as the kernel would give them, written down as text.
struct KernelPicture {
    private var tables: [TableID: Table] = [:]

    init() {}

    /// An empty table per family, all maps in place.
    static func empty(_ families: [IPAddress.Family] = [.v4]) -> KernelPicture {
        var picture = KernelPicture()
        for family in families {
            let sets = ["frontends", "identities", "endpoints", "cluster-ips"].map { ($0, ElementSet(key: [])) }
            picture.tables[tableID(family)] = Table(sets: Dictionary(uniqueKeysWithValues: sets))
        }
        return picture
    }

    /// What netctl makes of it.
    var view: KernelView { KernelView(tables) }

    /// `10.96.14.20:80/tcp` leads to `endpoints`; the map says how many there are.
    func leading(
        _ frontend: String,
        _ comment: String?,
        to endpoints: [String],
        count: Int? = nil,
        connections: UInt64? = nil,
        passed: UInt64? = nil
    ) throws -> KernelPicture {
        var picture = try withVIP(frontend, comment)
        let (key, family) = try Self.key(frontend)
        let value = Self.host(UInt32(count ?? endpoints.count))
        picture.set(
            "frontends",
            family,
            key,
            Element(.data(value), comment: comment, hasCounter: true, packets: passed ?? connections)
        )
        for (index, endpoint) in endpoints.enumerated() where endpoint != "-" {
            let (address, port) = try Self.socket(endpoint)
            let element = Element(.data(address.bytes + Self.port(port)), hasCounter: true, packets: connections)
            picture.set("endpoints", family, Self.host(UInt32(index)) + key, element)
        }
        return picture
    }

    /// As `leading`, but with session affinity: endpoint number 100 + i is there, and only indices below `count` lead
    /// to one each.
    func keeping(_ frontend: String, _ comment: String?, to endpoints: [String], count: Int) throws -> KernelPicture {
        var picture = try withVIP(frontend, comment)
        let (key, family) = try Self.key(frontend)
        let code = 1 << 31 | 10_800 << 13 | UInt32(count)
        picture.set("frontends", family, key, Element(.data(Self.host(code)), comment: comment, hasCounter: true))
        for (index, endpoint) in endpoints.enumerated() {
            let (address, port) = try Self.socket(endpoint)
            let number = Self.host(UInt32(100 + index))
            picture.set("endpoints", family, number + key, Element(.data(address.bytes + Self.port(port))))
            guard index < count else { continue }
            picture.set("identities", family, Self.host(UInt32(index)) + key, Element(.data(number)))
        }
        return picture
    }

    /// The frontend's address is in `cluster-ips`.
    func withVIP(_ frontend: String, _ comment: String?) throws -> KernelPicture {
        var picture = self
        let address = try Self.socket(String(frontend.prefix { $0 != "/" })).0
        let service = comment.map { String($0.prefix { $0 != ":" }) }
        picture.set("cluster-ips", address.family, address.bytes, Element(comment: service))
        return picture
    }

    private mutating func set(_ name: String, _ family: IPAddress.Family, _ key: [UInt8], _ element: Element) {
        tables[Self.tableID(family)]?.sets[name]?.elements[key] = element
    }

    private static func tableID(_ family: IPAddress.Family) -> TableID {
        TableID(family == .v4 ? .ip : .ip6, "podnet")
    }

    private static func key(_ frontend: String) throws -> ([UInt8], IPAddress.Family) {
        let parts = frontend.split(separator: "/").map(String.init)
        let (address, port) = try socket(parts[0])
        let transport = try TransportProtocol(parsing: parts[1])
        return (address.bytes + [transport.number, 0, 0, 0] + self.port(port), address.family)
    }

    private static func socket(_ text: String) throws -> (IPAddress, UInt16) {
        let parts = text.split(separator: ":").map(String.init)
        if text.hasPrefix("[") {
            let address = text.dropFirst().prefix { $0 != "]" }
            return (try IPAddress(parsing: String(address)), UInt16(parts.last ?? "") ?? 0)
        }
        return (try IPAddress(parsing: parts[0]), parts.count > 1 ? UInt16(parts[1]) ?? 0 : 0)
    }

    /// As it lies in memory.
    private static func host(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }

    private static func port(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff), 0, 0] }
}
