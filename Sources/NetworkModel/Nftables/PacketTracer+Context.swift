import Addressing

extension RuleContext {
    /// The bytes of a header as far as they matter; nil for a header that the packet does not have here.
    func header(_ base: Expression.PayloadBase) -> [UInt8]? {
        switch base {
        case .link: nil
        case .network: networkHeader
        case .transport: RegisterBytes.port(packet.sourcePort) + RegisterBytes.port(packet.destinationPort)
        }
    }

    /// RFC 791 and RFC 8200.
    private var networkHeader: [UInt8] {
        let addresses = packet.source.bytes + packet.destination.bytes
        let number = packet.transport.number
        switch packet.destination.family {
        case .v4: return [0x45] + Array(repeating: 0, count: 8) + [number, 0, 0] + addresses
        case .v6: return [0x60, 0, 0, 0, 0, 0, number, 64] + addresses
        }
    }

    /// The bytes as `meta` loads them; a link that there is not at this hook has an empty name.
    func meta(_ key: Expression.MetaKey) throws(TraceError) -> [UInt8] {
        switch key {
        case .priority: return RegisterBytes.host(priority)
        case .mark: return RegisterBytes.host(mark)
        case .inputName: return name(of: packet.inputLink)
        case .outputName: return name(of: outputLink)
        // NFPROTO_IPV4 and NFPROTO_IPV6.
        case .netfilterProtocol: return [packet.destination.family == .v4 ? 2 : 10]
        case .transportProtocol: return [packet.transport.number]
        case .inputIndex, .outputIndex: throw TraceError("\(key.nftName): numbers of links are not known")
        }
    }

    private func name(of link: InterfaceName?) -> [UInt8] {
        link.map(RegisterBytes.interfaceName) ?? Array(repeating: 0, count: 16)
    }

    /// The bytes as `ct` loads them; nil for the other family's addresses.
    func conntrack(_ key: Expression.ConntrackKey, _ direction: Expression.Direction?) -> [UInt8]? {
        switch key {
        case .state: return RegisterBytes.host(packet.isNew ? 8 : 2)
        case .status: return RegisterBytes.host((isDestinationTranslated ? 32 : 0) | (isMasqueraded ? 16 : 0))
        case .transportProtocol: return [packet.transport.number]
        case .sourcePort: return RegisterBytes.port(tuple(direction).sourcePort)
        case .destinationPort: return RegisterBytes.port(tuple(direction).destinationPort)
        case .sourceIPv4: return address(tuple(direction).source, .v4)
        case .destinationIPv4: return address(tuple(direction).destination, .v4)
        case .sourceIPv6: return address(tuple(direction).source, .v6)
        case .destinationIPv6: return address(tuple(direction).destination, .v6)
        }
    }

    private func address(_ address: IPAddress, _ family: IPAddress.Family) -> [UInt8]? {
        address.family == family ? address.bytes : nil
    }

    /// The connection as its packets look in one direction.
    private func tuple(_ direction: Expression.Direction?) -> Packet {
        guard direction == .reply else { return original }
        var reply = packet
        (reply.source, reply.sourcePort) = (packet.destination, packet.destinationPort)
        (reply.destination, reply.destinationPort) = (packet.source, packet.sourcePort)
        return reply
    }
}
