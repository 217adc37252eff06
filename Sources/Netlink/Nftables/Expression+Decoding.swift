import Addressing
import CNFTNL
import NetworkModel

extension Expression {
    /// Reads an element of NFTA_RULE_EXPRESSIONS.
    ///
    /// What we cannot write, or cannot write quite so, becomes `.unknown` and so equals no expression of ours.
    init(_ payload: RawSpan, in family: TableID.Family) throws(MalformedMessage) {
        var name = ""
        var fields = ExpressionFields()
        try forEachAttribute(in: payload) { type, value throws(MalformedMessage) in
            switch type {
            case Int(NFTA_EXPR_NAME.rawValue): name = value.string()
            case Int(NFTA_EXPR_DATA.rawValue): fields = try ExpressionFields(value)
            default: break
            }
        }
        self = Self.known(name, &fields, family) ?? .unknown(name)
    }

    /// The expression of this kind if all of its fields are such as we write them.
    private static func known(
        _ name: String,
        _ fields: inout ExpressionFields,
        _ family: TableID.Family
    ) -> Expression? {
        let (expression, last): (Expression?, UInt32) =
            switch name {
            case "payload": (payload(&fields), __NFTA_PAYLOAD_MAX.rawValue)
            case "meta": (meta(&fields), __NFTA_META_MAX.rawValue)
            case "ct": (conntrack(&fields), __NFTA_CT_MAX.rawValue)
            case "cmp": (compare(&fields), __NFTA_CMP_MAX.rawValue)
            case "bitwise": (bitwise(&fields), __NFTA_BITWISE_MAX.rawValue)
            case "immediate": (immediate(&fields), __NFTA_IMMEDIATE_MAX.rawValue)
            case "lookup": (lookup(&fields), __NFTA_LOOKUP_MAX.rawValue)
            case "dynset": (writeElement(&fields), __NFTA_DYNSET_MAX.rawValue)
            case "numgen": (random(&fields), __NFTA_NG_MAX.rawValue)
            case "fib": (fib(&fields), __NFTA_FIB_MAX.rawValue)
            case "nat": (dnat(&fields), __NFTA_NAT_MAX.rawValue)
            case "masq": (masquerade(&fields), __NFTA_MASQ_MAX.rawValue)
            case "reject": (reject(&fields, family), __NFTA_REJECT_MAX.rawValue)
            case "counter": (counter(&fields), __NFTA_COUNTER_MAX.rawValue)
            default: (nil, 0)
            }
        return fields.areTaken(upTo: Int(last) - 1) ? expression : nil
    }

    private static func payload(_ fields: inout ExpressionFields) -> Expression? {
        guard let base = fields.number(Int(NFTA_PAYLOAD_BASE.rawValue)).flatMap(PayloadBase.init),
            let offset = fields.number(Int(NFTA_PAYLOAD_OFFSET.rawValue)),
            let length = fields.number(Int(NFTA_PAYLOAD_LEN.rawValue))
        else { return nil }
        if let from = fields.register(Int(NFTA_PAYLOAD_SREG.rawValue)) {
            return base == .network ? setAddress(offset, length, from, &fields) : nil
        }
        guard let into = fields.register(Int(NFTA_PAYLOAD_DREG.rawValue)) else { return nil }
        return .payload(base, offset: offset, length: length, into: into)
    }

    private static func setAddress(
        _ offset: UInt32,
        _ length: UInt32,
        _ from: Register,
        _ fields: inout ExpressionFields
    ) -> Expression? {
        let checksumType = fields.number(Int(NFTA_PAYLOAD_CSUM_TYPE.rawValue)) ?? 0
        let checksumOffset = fields.number(Int(NFTA_PAYLOAD_CSUM_OFFSET.rawValue)) ?? 0
        guard fields.number(Int(NFTA_PAYLOAD_CSUM_FLAGS.rawValue)) == PayloadAddress.coversTransport else { return nil }
        for family in IPAddress.Family.allCases {
            for side in [AddressSide.source, .destination] {
                let field = PayloadAddress(side, family)
                guard field.offset == offset, field.length == length, field.checksumType == checksumType,
                    field.checksumOffset == checksumOffset
                else { continue }
                return .setAddress(side, family, from: from)
            }
        }
        return nil
    }

    private static func meta(_ fields: inout ExpressionFields) -> Expression? {
        guard let key = fields.number(Int(NFTA_META_KEY.rawValue)).flatMap(MetaKey.init) else { return nil }
        if let into = fields.register(Int(NFTA_META_DREG.rawValue)) { return .meta(key, into: into) }
        if let from = fields.register(Int(NFTA_META_SREG.rawValue)) { return .setMeta(key, from: from) }
        return nil
    }

    private static func conntrack(_ fields: inout ExpressionFields) -> Expression? {
        guard let key = fields.number(Int(NFTA_CT_KEY.rawValue)).flatMap(ConntrackKey.init),
            let into = fields.register(Int(NFTA_CT_DREG.rawValue))
        else { return nil }
        // The protocol is the same in both directions: the kernel takes a direction with it and does not print it.
        if key == .transportProtocol { return .conntrack(key, .original, into: into) }
        guard fields.has(Int(NFTA_CT_DIRECTION.rawValue)) else { return .conntrack(key, nil, into: into) }
        guard let direction = fields.octet(Int(NFTA_CT_DIRECTION.rawValue)).flatMap(Direction.init) else { return nil }
        return .conntrack(key, direction, into: into)
    }

    private static func compare(_ fields: inout ExpressionFields) -> Expression? {
        guard let register = fields.register(Int(NFTA_CMP_SREG.rawValue)),
            let comparison = fields.number(Int(NFTA_CMP_OP.rawValue)).flatMap(Comparison.init),
            let bytes = fields.bytes(Int(NFTA_CMP_DATA.rawValue))
        else { return nil }
        return .compare(register, comparison, bytes)
    }

    private static func bitwise(_ fields: inout ExpressionFields) -> Expression? {
        guard let from = fields.register(Int(NFTA_BITWISE_SREG.rawValue)),
            let into = fields.register(Int(NFTA_BITWISE_DREG.rawValue)),
            fields.number(Int(NFTA_BITWISE_OP.rawValue)) ?? 0 == NFT_BITWISE_MASK_XOR.rawValue,
            let length = fields.number(Int(NFTA_BITWISE_LEN.rawValue)),
            let mask = fields.bytes(Int(NFTA_BITWISE_MASK.rawValue)),
            let xor = fields.bytes(Int(NFTA_BITWISE_XOR.rawValue)),
            mask.count == length, xor.count == length
        else { return nil }
        return .bitwise(from, mask: mask, xor: xor, into: into)
    }

    private static func immediate(_ fields: inout ExpressionFields) -> Expression? {
        if fields.isVerdictRegister(Int(NFTA_IMMEDIATE_DREG.rawValue)) {
            return fields.verdict(Int(NFTA_IMMEDIATE_DATA.rawValue)).map(Expression.verdict)
        }
        guard let into = fields.register(Int(NFTA_IMMEDIATE_DREG.rawValue)),
            let bytes = fields.bytes(Int(NFTA_IMMEDIATE_DATA.rawValue))
        else { return nil }
        return .immediate(bytes, into: into)
    }

    private static func lookup(_ fields: inout ExpressionFields) -> Expression? {
        guard let set = fields.text(Int(NFTA_LOOKUP_SET.rawValue)),
            let key = fields.register(Int(NFTA_LOOKUP_SREG.rawValue))
        else { return nil }
        let flags = fields.number(Int(NFTA_LOOKUP_FLAGS.rawValue)) ?? 0
        if flags == NFT_LOOKUP_F_INV.rawValue { return .lookupMissing(set: set, key: key) }
        guard flags == 0 else { return nil }
        if fields.isVerdictRegister(Int(NFTA_LOOKUP_DREG.rawValue)) { return .verdictMap(map: set, key: key) }
        return .lookup(set: set, key: key, into: fields.register(Int(NFTA_LOOKUP_DREG.rawValue)))
    }

    /// The kernel prints a timeout and flags of zero by itself.
    private static func writeElement(_ fields: inout ExpressionFields) -> Expression? {
        guard let operation = fields.number(Int(NFTA_DYNSET_OP.rawValue)).flatMap(ElementOperation.init),
            let set = fields.text(Int(NFTA_DYNSET_SET_NAME.rawValue)),
            let key = fields.register(Int(NFTA_DYNSET_SREG_KEY.rawValue)),
            fields.isZero(Int(NFTA_DYNSET_TIMEOUT.rawValue)),
            fields.isZero(Int(NFTA_DYNSET_FLAGS.rawValue))
        else { return nil }
        let data = fields.register(Int(NFTA_DYNSET_SREG_DATA.rawValue))
        return .writeElement(operation, set: set, key: key, data: data)
    }

    private static func random(_ fields: inout ExpressionFields) -> Expression? {
        guard fields.number(Int(NFTA_NG_TYPE.rawValue)) == NFT_NG_RANDOM.rawValue,
            fields.number(Int(NFTA_NG_OFFSET.rawValue)) ?? 0 == 0,
            let modulus = fields.number(Int(NFTA_NG_MODULUS.rawValue)),
            let into = fields.register(Int(NFTA_NG_DREG.rawValue))
        else { return nil }
        return .random(modulus: modulus, into: into)
    }

    private static func fib(_ fields: inout ExpressionFields) -> Expression? {
        guard fields.number(Int(NFTA_FIB_RESULT.rawValue)) == NFT_FIB_RESULT_ADDRTYPE.rawValue,
            let field = fields.number(Int(NFTA_FIB_FLAGS.rawValue)).flatMap(FibField.init),
            let into = fields.register(Int(NFTA_FIB_DREG.rawValue))
        else { return nil }
        return .fibAddressType(field, into: into)
    }

    /// The kernel adds the flags, and a maximum equal to the minimum, by itself.
    private static func dnat(_ fields: inout ExpressionFields) -> Expression? {
        guard fields.number(Int(NFTA_NAT_TYPE.rawValue)) == NFT_NAT_DNAT.rawValue,
            let number = fields.number(Int(NFTA_NAT_FAMILY.rawValue)),
            let family = IPAddress.Family.allCases.first(where: { $0.protocolNumber == number }),
            let address = fields.register(Int(NFTA_NAT_REG_ADDR_MIN.rawValue)),
            fields.register(Int(NFTA_NAT_REG_ADDR_MAX.rawValue)) ?? address == address
        else { return nil }
        let port = fields.register(Int(NFTA_NAT_REG_PROTO_MIN.rawValue))
        let expected = NatRange.address | (port == nil ? 0 : NatRange.port)
        guard fields.register(Int(NFTA_NAT_REG_PROTO_MAX.rawValue)) ?? port == port,
            fields.number(Int(NFTA_NAT_FLAGS.rawValue)) ?? expected == expected
        else { return nil }
        return .dnat(family, address: address, port: port)
    }

    private static func masquerade(_ fields: inout ExpressionFields) -> Expression? {
        switch fields.number(Int(NFTA_MASQ_FLAGS.rawValue)) ?? 0 {
        case 0: .masquerade(fullyRandom: false)
        case NatRange.fullyRandom: .masquerade(fullyRandom: true)
        default: nil
        }
    }

    private static func reject(_ fields: inout ExpressionFields, _ family: TableID.Family) -> Expression? {
        guard let type = fields.number(Int(NFTA_REJECT_TYPE.rawValue)) else { return nil }
        // A reset has no code, and the kernel prints none.
        let code = fields.octet(Int(NFTA_REJECT_ICMP_CODE.rawValue)) ?? 0
        let rejection = [Rejection.tcpReset, .portUnreachable].first { $0.wire(in: family) == (type, code) }
        return rejection.map(Expression.reject)
    }

    private static func counter(_ fields: inout ExpressionFields) -> Expression? {
        // Eight bytes each, which is not what `number` reads; what is counted is no part of the rule.
        _ = fields.text(Int(NFTA_COUNTER_BYTES.rawValue))
        _ = fields.text(Int(NFTA_COUNTER_PACKETS.rawValue))
        return .counter
    }
}
