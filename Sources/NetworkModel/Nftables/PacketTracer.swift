package import Addressing

/// Walks the first packet of a connection through a ruleset, expression by expression, and tells every way it can end.
///
/// It is what the tests of rulesets assert on and what `netctl explain` shows. It knows what our rules use; anything
/// else that a rule does is an error, never a guess.
package struct PacketTracer {
    /// `RTN_*` (linux/rtnetlink.h), those that a route to an address can have here.
    package enum AddressType: UInt32, Hashable, Sendable {
        case unicast = 1
        case local = 2
        case broadcast = 3
        case multicast = 5
    }

    /// At most so many different courses are followed.
    package static let courseLimit = 65536

    private let ruleset: Ruleset
    private let addressType: @Sendable (IPAddress) -> AddressType
    private let outputLink: @Sendable (IPAddress) -> InterfaceName?

    /// Knows the rules, and of the node how its routing table sees an address: its type, and the link out.
    package init(
        _ ruleset: Ruleset,
        addressType: @escaping @Sendable (IPAddress) -> AddressType,
        outputLink: @escaping @Sendable (IPAddress) -> InterfaceName?
    ) {
        self.ruleset = ruleset
        self.addressType = addressType
        self.outputLink = outputLink
    }

    /// Every course that the packet can take, one for each combination of random numbers, in their order.
    package func courses(of packet: Packet) throws(TraceError) -> [Course] {
        var choices = Choices()
        var courses: [Course] = []
        repeat {
            guard courses.count < Self.courseLimit else { throw TraceError("more than \(Self.courseLimit) courses") }
            courses.append(try walk(packet, &choices))
        } while choices.advance()
        return courses
    }

    /// The course with these random numbers: each is taken modulo what the rule asks for, and none left means 0.
    package func course(of packet: Packet, drawing numbers: [UInt32]) throws(TraceError) -> Course {
        var choices = Choices(numbers)
        return try walk(packet, &choices)
    }

    /// The ends of all courses, each once, in a fixed order.
    package func ends(of packet: Packet) throws(TraceError) -> [Course.End] {
        Array(Set(try courses(of: packet).map(\.end))).sorted()
    }

    /// Through the hooks in the kernel's order (net/netfilter, "Netfilter packet flow").
    private func walk(_ packet: Packet, _ choices: inout Choices) throws(TraceError) -> Course {
        var walk = PacketWalk(ruleset, packet, addressType)
        guard try walk.pass(packet.isLocal ? .output : .prerouting, &choices) else { return walk.course }
        if !packet.isLocal {
            let isForHost = addressType(walk.destination) == .local
            if !isForHost { walk.forward(by: outputLink) }
            guard try walk.pass(isForHost ? .input : .forward, &choices), !isForHost else { return walk.course }
        }
        if packet.isLocal { walk.route(by: outputLink) }
        _ = try walk.pass(.postrouting, &choices)
        return walk.course
    }
}

/// A packet, as far as rules look at it.
package struct Packet: Hashable, Sendable {
    /// The transport protocol.
    package var transport: TransportProtocol
    /// Whom it says that it is from.
    package var source: IPAddress
    /// The client's port.
    package var sourcePort: UInt16
    /// Whom it is for.
    package var destination: IPAddress
    /// The server's port.
    package var destinationPort: UInt16
    /// The link that it comes in by; nil for one that the node itself sends.
    package var inputLink: InterfaceName?
    /// Whether conntrack has not seen its connection yet; NAT looks at such packets only.
    package var isNew: Bool

    /// Describes the first packet of a connection.
    package init(
        _ transport: TransportProtocol,
        from source: IPAddress,
        port sourcePort: UInt16,
        to destination: IPAddress,
        port destinationPort: UInt16,
        arrivingBy inputLink: InterfaceName?,
        isNew: Bool = true
    ) {
        self.transport = transport
        self.source = source
        self.sourcePort = sourcePort
        self.destination = destination
        self.destinationPort = destinationPort
        self.inputLink = inputLink
        self.isNew = isNew
    }

    /// Whether the node itself sends it.
    package var isLocal: Bool { inputLink == nil }
}

/// One way of a packet through the rules.
package struct Course: Hashable, Sendable {
    /// What becomes of the packet.
    package enum Fate: Hashable, Sendable {
        case accepted
        case dropped
        case rejected(Expression.Rejection)
    }

    /// The outcome without the way: what tests compare.
    package struct End: Hashable, Sendable, Comparable, CustomStringConvertible {
        /// What becomes of it.
        package var fate: Fate
        /// Where it goes after translation.
        package var destination: IPAddress
        /// To which port.
        package var destinationPort: UInt16
        /// Whether a rule translated its destination.
        package var isTranslated: Bool
        /// Whether it leaves with the node's address.
        package var isMasqueraded: Bool

        /// Describes an outcome.
        package init(
            _ fate: Fate,
            _ destination: IPAddress,
            _ destinationPort: UInt16,
            isTranslated: Bool,
            isMasqueraded: Bool
        ) {
            self.fate = fate
            self.destination = destination
            self.destinationPort = destinationPort
            self.isTranslated = isTranslated
            self.isMasqueraded = isMasqueraded
        }

        /// For example `dnat 10.11.23.2:80 masquerade`, `reject with tcp reset`, `drop`, `untouched`.
        package var description: String {
            switch fate {
            case .dropped: return "drop"
            case .rejected(.tcpReset): return "reject with tcp reset"
            case .rejected(.portUnreachable): return "reject with port unreachable"
            case .accepted:
                let host = destination.family == .v4 ? "\(destination)" : "[\(destination)]"
                let words = [
                    isTranslated ? "dnat \(host):\(destinationPort)" : nil, isMasqueraded ? "masquerade" : nil,
                ]
                let text = words.compactMap { $0 }.joined(separator: " ")
                return text.isEmpty ? "untouched" : text
            }
        }

        /// By address and port, then by the rest.
        package static func < (left: End, right: End) -> Bool {
            let leftKey = (left.destination, left.destinationPort, left.description)
            return leftKey < (right.destination, right.destinationPort, right.description)
        }
    }

    /// A rule that did something to the packet.
    package struct Hop: Hashable, Sendable {
        /// The rule's table.
        package let table: TableID
        /// The rule's chain.
        package let chain: String
        /// Its place in the chain, from 0.
        package let rule: Int
        /// The rule's comment.
        package let comment: String?
        /// The comments of the elements that were found.
        package let elements: [String]
        /// The rule as nft writes it.
        package let text: String
    }

    /// An element that a rule wrote.
    package struct Write: Hashable, Sendable {
        /// The set's table.
        package let table: TableID
        /// The set.
        package let set: String
        /// The element's key.
        package let key: [UInt8]
        /// What a map's element leads to; nil when it is deleted.
        package let data: [UInt8]?
    }

    /// The outcome.
    package var end: End
    /// The rules that did something to the packet, in order.
    package var hops: [Hop] = []
    /// The elements that rules wrote, in order.
    package var writes: [Write] = []
}

extension Ruleset {
    /// Takes over what rules wrote when a packet went this way; nothing of it expires.
    package mutating func learn(from course: Course) {
        for write in course.writes {
            tables[write.table]?.sets[write.set]?.elements[write.key] = write.data.map { Element(.data($0)) }
        }
    }
}

/// A rule that the kernel would refuse, or that the tracer does not know.
package struct TraceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, and where.
    package let description: String

    init(_ description: String) { self.description = description }
}
