import Addressing

extension NftSyntax {
    /// A key: `10.96.14.20 . tcp . 80`, or hexadecimal digits when its types are not known or do not fit.
    package static func text(of key: [UInt8], as types: [ElementSet.DataType]?) -> String {
        guard let types, let parts = RegisterBytes.parts(of: key, as: types) else { return hexadecimal(key) }
        return zip(parts, types).map { text(of: $0, as: $1) }.joined(separator: " . ")
    }

    /// What an element holds besides its key: ` counter comment "…" : 10.11.23.2 . 80`, without the leading blank.
    package static func text(of element: Element, in set: ElementSet) -> String {
        var words: [String] = []
        if element.hasCounter { words.append("counter" + (element.packets.map { " packets \($0)" } ?? "")) }
        if let comment = element.comment { words.append("comment \(quoted(comment))") }
        if let value = element.value { words.append(": " + text(of: value, as: set.value)) }
        return words.isEmpty ? "a plain element" : words.joined(separator: " ")
    }

    /// An element with its key, as in `elements = { … }`.
    static func text(of keyed: KeyedElement, in set: ElementSet?) -> String {
        let key = text(of: keyed.key, as: set?.key)
        let element = keyed.element
        guard element.hasCounter || element.comment != nil || element.value != nil else { return key }
        return key + " " + text(of: element, in: set ?? ElementSet(key: []))
    }

    private static func text(of value: Element.Value, as type: ElementSet.Value?) -> String {
        switch value {
        case .verdict(let verdict): return text(of: verdict)
        case .data(let bytes):
            guard case .data(let types) = type else { return hexadecimal(bytes) }
            return text(of: bytes, as: types)
        }
    }

    static func text(of verdict: Verdict) -> String {
        switch verdict {
        case .accept: "accept"
        case .drop: "drop"
        case .return: "return"
        case .jump(let chain): "jump \(chain)"
        case .goto(let chain): "goto \(chain)"
        }
    }

    /// One value of a known type.
    static func text(of bytes: [UInt8], as type: ElementSet.DataType) -> String {
        guard bytes.count == type.length else { return hexadecimal(bytes) }
        switch type {
        case .ipv4Address, .ipv6Address: return IPAddress(bytes: bytes)?.description ?? hexadecimal(bytes)
        case .etherAddress: return MACAddress(bytes: bytes)?.description ?? hexadecimal(bytes)
        case .inetProto: return protocolName(bytes[0])
        case .inetService: return "\(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))"
        case .mark: return "0x" + hexadecimal(RegisterBytes.number(host: bytes) ?? 0)
        case .classID: return classID(RegisterBytes.number(host: bytes) ?? 0)
        case .interfaceIndex: return "\(RegisterBytes.number(host: bytes) ?? 0)"
        case .interfaceName: return quoted(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        }
    }

    private static func protocolName(_ number: UInt8) -> String {
        switch number {
        case 1: "icmp"
        case 58: "ipv6-icmp"
        default: TransportProtocol(number: number)?.rawValue ?? "\(number)"
        }
    }

    /// As `tc` writes handles: major and minor number, hexadecimal.
    private static func classID(_ number: UInt32) -> String {
        number == 0 ? "none" : String(number >> 16, radix: 16) + ":" + String(number & 0xffff, radix: 16)
    }

    static func hexadecimal(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension ElementSet.DataType {
    /// The name of the type in nft.
    package var nftName: String {
        switch self {
        case .ipv4Address: "ipv4_addr"
        case .ipv6Address: "ipv6_addr"
        case .etherAddress: "ether_addr"
        case .inetProto: "inet_proto"
        case .inetService: "inet_service"
        case .mark: "mark"
        case .classID: "classid"
        case .interfaceIndex: "iface_index"
        case .interfaceName: "ifname"
        }
    }
}
