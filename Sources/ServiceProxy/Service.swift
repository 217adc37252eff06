package import Addressing

/// A Kubernetes Service, as far as this proxy acts on it; every value is valid.
package struct Service: Hashable, Sendable {
    /// Its name.
    package var name: ServiceName
    /// What reaches it.
    package var kind: Kind
    /// One port for each thing it offers, in the order given; no two share a name, or protocol and number.
    package var ports: [ServicePort]
    /// The instant it was made, which settles who keeps an address that two services claim; nil counts as latest.
    package var created: Timestamp?
    /// The proxy it is meant for by the label `service.kubernetes.io/service-proxy-name`; nil is us.
    package var proxyName: String?

    /// What reaches a service.
    package enum Kind: Hashable, Sendable {
        /// Virtual addresses: at most one a family, at least one.
        case virtual(ClusterIPs)
        /// Names only (`clusterIP: None`, or none given): nothing for a proxy to do.
        case headless
        /// A DNS alias: nothing for a proxy to do.
        case externalName
    }

    /// Describes a service.
    package init(
        _ name: ServiceName,
        kind: Kind,
        ports: [ServicePort],
        created: Timestamp? = nil,
        proxyName: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.ports = ports
        self.created = created
        self.proxyName = proxyName
    }

    /// The virtual addresses that are ours to serve; none for a service that is not.
    package var clusterIPs: [IPAddress] {
        guard proxyName == nil, case .virtual(let addresses) = kind else { return [] }
        return addresses.all
    }

    /// Why nothing is programmed for it, or nil when something is.
    package var reasonNotServed: String? {
        if let proxyName { return "left to the proxy '\(proxyName)'" }
        switch kind {
        case .virtual: return nil
        case .headless: return "headless: it has no virtual address"
        case .externalName: return "an ExternalName: it is a DNS alias"
        }
    }
}

/// The virtual addresses of a service, at most one a family.
package struct ClusterIPs: Hashable, Sendable {
    /// The IPv4 address, if there is one.
    package private(set) var v4: IPAddress?
    /// The IPv6 address, if there is one.
    package private(set) var v6: IPAddress?

    /// One address.
    package init(_ address: IPAddress) {
        _ = add(address)
    }

    /// One or two addresses; nil when there is none, or two of one family.
    package init?(_ addresses: [IPAddress]) {
        guard !addresses.isEmpty else { return nil }
        for address in addresses where !add(address) { return nil }
    }

    /// The addresses, IPv4 first.
    package var all: [IPAddress] { [v4, v6].compactMap(\.self) }

    private mutating func add(_ address: IPAddress) -> Bool {
        switch address.family {
        case .v4 where v4 == nil: v4 = address
        case .v6 where v6 == nil: v6 = address
        case .v4, .v6: return false
        }
        return true
    }
}

/// A port of a service.
package struct ServicePort: Hashable, Sendable {
    /// Joins it to the ports of endpoint slices; empty when the service has one port without a name.
    package let name: String
    /// The protocol.
    package let transport: TransportProtocol
    /// The port at the virtual address.
    package let port: Port

    /// Describes a port.
    package init(name: String = "", _ transport: TransportProtocol = .tcp, _ port: Port) {
        self.name = name
        self.transport = transport
        self.port = port
    }
}

/// An instant in UTC to the second, as Kubernetes writes `creationTimestamp`.
package struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The digits of year to second as one number, which sorts by time: 20261123060412.
    package let digits: UInt64

    /// Reads `2026-11-23T06:04:12Z`.
    package init(parsing text: String) throws(InvalidValue) {
        let bytes = Array(text.utf8)
        var digits: UInt64 = 0
        for (byte, expected) in zip(bytes, "0000-00-00T00:00:00Z".utf8) {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            guard expected == UInt8(ascii: "0") ? isDigit : byte == expected else { throw Self.invalid(text) }
            if isDigit { digits = digits * 10 + UInt64(byte - UInt8(ascii: "0")) }
        }
        guard bytes.count == 20 else { throw Self.invalid(text) }
        self.digits = digits
    }

    private static func invalid(_ text: String) -> InvalidValue {
        InvalidValue(shortened(text), isNot: "a time", reason: "write it as 2026-11-23T06:04:12Z")
    }

    /// `2026-11-23T06:04:12Z`
    package var description: String {
        var text = String(digits)
        text = String(repeating: "0", count: max(0, 14 - text.count)) + text
        let parts = [(0, 4, "-"), (4, 2, "-"), (6, 2, "T"), (8, 2, ":"), (10, 2, ":"), (12, 2, "Z")]
        return parts.map { start, count, end in text.dropFirst(start).prefix(count) + end }.joined()
    }

    /// Earlier first.
    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.digits < right.digits }
}
