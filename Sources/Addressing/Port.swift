/// A transport protocol that has ports.
package enum TransportProtocol: String, Hashable, Sendable, CaseIterable, Comparable {
    case tcp, udp, sctp

    /// The number in an IP header.
    package var number: UInt8 {
        switch self {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        }
    }

    /// The protocol with this number, or nil for one without ports.
    package init?(number: UInt8) {
        guard let match = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = match
    }

    /// Reads `TCP`, `udp`, …: Kubernetes writes capitals, CNI small letters.
    package init(parsing text: String) throws(InvalidValue) {
        guard let match = TransportProtocol(rawValue: text.lowercased()) else {
            throw InvalidValue(text, isNot: "a protocol", reason: "known are TCP, UDP and SCTP")
        }
        self = match
    }

    /// By number.
    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// A port number of a transport protocol: 1…65535.
package struct Port: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 1…65535.
    package let number: UInt16

    /// Takes 1…65535.
    package init(_ number: Int) throws(InvalidValue) {
        guard let number = UInt16(exactly: number), number > 0 else {
            throw InvalidValue("\(number)", isNot: "a port", reason: "ports are 1 to 65535")
        }
        self.number = number
    }

    /// The number.
    package var description: String { "\(number)" }

    /// By number.
    package static func < (left: Port, right: Port) -> Bool { left.number < right.number }
}
