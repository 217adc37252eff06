import Addressing
import NetworkModel

extension ConntrackMessages {
    /// What is known, or asked, of one direction of a flow.
    struct Tuple {
        var number: UInt8 = 0
        var source: IPAddress?
        var sourcePort: Port?
        var destination: IPAddress?
        var destinationPort: Port?

        var from: FlowEnd? { source.flatMap { address in sourcePort.map { FlowEnd(address, $0) } } }
        var to: FlowEnd? { destination.flatMap { address in destinationPort.map { FlowEnd(address, $0) } } }

        init() {}

        init(
            _ number: UInt8,
            source: IPAddress? = nil,
            sourcePort: Port? = nil,
            destination: IPAddress? = nil,
            destinationPort: Port? = nil
        ) {
            self.number = number
            self.source = source
            self.sourcePort = sourcePort
            self.destination = destination
            self.destinationPort = destinationPort
        }

        /// `CTA_FILTER_FLAG` of what is set (net/netfilter/nf_internals.h).
        var flags: UInt32 {
            (source == nil ? 0 : 1 << 0) | (destination == nil ? 0 : 1 << 1) | 1 << 3
                | (sourcePort == nil ? 0 : 1 << 4) | (destinationPort == nil ? 0 : 1 << 5)
        }

        func append(_ type: Int, to message: inout Message) {
            message.nest(type) { tuple in
                if source != nil || destination != nil {
                    tuple.nest(addresses) { nested in
                        // CTA_IP_V4_SRC, V4_DST, V6_SRC, V6_DST are 1 to 4.
                        if let source { nested.append(attribute: source.family == .v4 ? 1 : 3, source.bytes) }
                        if let destination {
                            nested.append(attribute: destination.family == .v4 ? 2 : 4, destination.bytes)
                        }
                    }
                }
                tuple.nest(transport) { nested in
                    // CTA_PROTO_NUM, _SRC_PORT, _DST_PORT are 1 to 3.
                    nested.append(attribute: 1, [number])
                    if let sourcePort { nested.append(attribute: 2, sourcePort.number.bigEndian) }
                    if let destinationPort { nested.append(attribute: 3, destinationPort.number.bigEndian) }
                }
            }
        }

        init(_ payload: RawSpan) throws(MalformedMessage) {
            var tuple = Tuple()
            try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
                if type == addresses { try tuple.readAddresses(value) }
                if type == transport { try tuple.readPorts(value) }
            }
            self = tuple
        }

        private mutating func readAddresses(_ payload: RawSpan) throws(MalformedMessage) {
            try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
                if type == 1 || type == 3 { source = try value.ipAddress() }
                if type == 2 || type == 4 { destination = try value.ipAddress() }
            }
        }

        private mutating func readPorts(_ payload: RawSpan) throws(MalformedMessage) {
            try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
                if type == 1 { number = try value.number() }
                if type == 2 { sourcePort = try? Port(Int(try value.bigEndian(UInt16.self))) }
                if type == 3 { destinationPort = try? Port(Int(try value.bigEndian(UInt16.self))) }
            }
        }
    }
}
