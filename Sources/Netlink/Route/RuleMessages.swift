import Addressing
import CNLRoute
import NetworkModel

/// The requests about rules that lead to routing tables.
enum RuleMessages {
    /// Adds a rule before the ones that are there. The kernel takes the same one twice: it gives them two priorities.
    static func add(_ source: CIDR, table: UInt32) -> Message {
        message(RTM_NEWRULE, flags: NLM_F_CREATE, source, table)
    }

    /// Removes a rule.
    static func remove(_ source: CIDR, table: UInt32) -> Message {
        message(RTM_DELRULE, flags: 0, source, table)
    }

    /// Asks for all rules of both families.
    static func dump() -> Message {
        var message = Message(type: RTM_GETRULE)
        message.append(fib_rule_hdr())
        return message
    }

    private static func message(_ type: Int, flags: Int32, _ source: CIDR, _ table: UInt32) -> Message {
        var message = Message(type: type, flags: flags)
        var header = fib_rule_hdr()
        header.family = UInt8(source.family.number)
        header.src_len = UInt8(source.prefixLength)
        header.action = UInt8(FR_ACT_TO_TBL)
        message.append(header)
        message.append(attribute: FRA_SRC, source.address.bytes)
        message.append(attribute: FRA_TABLE, table)
        return message
    }
}

/// What RTM_NEWRULE says of a rule.
package struct RuleRecord {
    private let header: fib_rule_hdr
    private let family: IPAddress.Family
    private var source: IPAddress?
    private var table: UInt32
    /// Whether packets have to be more than from the source.
    private var hasMore: Bool

    /// Reads the message, or nil when it is not about IP.
    package init?(_ payload: RawSpan) throws(MalformedMessage) {
        header = try payload.load(at: 0, as: fib_rule_hdr.self)
        guard let family = IPAddress.Family(number: header.family) else { return nil }
        self.family = family
        table = UInt32(header.table)
        hasMore = header.dst_len != 0 || header.tos != 0 || header.flags != 0
        try forEachAttribute(in: payload, from: MemoryLayout<fib_rule_hdr>.size) {
            type,
            value throws(MalformedMessage) in try take(type, value)
        }
        if let source, source.family != family { throw MalformedMessage("source \(source) of another family") }
    }

    /// Attributes that are not known here ask for something, too: then it is no rule that we could make.
    private mutating func take(_ type: Int, _ value: RawSpan) throws(MalformedMessage) {
        switch type {
        case FRA_TABLE: table = try value.number()
        case FRA_SRC: source = try value.ipAddress()
        case FRA_PRIORITY, FRA_PROTOCOL: break
        // All ones, which is "none", in every rule of a table.
        case FRA_SUPPRESS_PREFIXLEN: if try value.number(UInt32.self) != .max { hasMore = true }
        default: hasMore = true
        }
    }

    /// The rule, or nil for one that leads to no table.
    func rule(in place: Place) -> RoutingRule? {
        guard header.action == UInt8(FR_ACT_TO_TBL) else { return nil }
        let network = CIDR(source ?? .unspecified(family), prefixLength: Int(header.src_len))
        return RoutingRule(place, from: hasMore || header.src_len == 0 ? nil : network, table: table)
    }
}
