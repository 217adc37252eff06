import CNFTNL
import NetworkModel

// libnftnl's objects as values that free themselves. Each lives for one function: it is filled, built into a message
// and gone. The library fails to make or fill one only when memory is out, which ends the process as it does in Swift.

/// A table on its way into a message.
@safe struct TableObject: ~Copyable {
    private let raw: OpaquePointer

    init() { unsafe raw = allocated(nftnl_table_alloc()) }

    deinit { unsafe nftnl_table_free(raw) }

    func set(_ attribute: nftnl_table_attr, _ text: String) {
        _ = unsafe nftnl_table_set_str(raw, UInt16(attribute.rawValue), text)
    }

    func set(_ attribute: nftnl_table_attr, _ number: UInt32) {
        unsafe nftnl_table_set_u32(raw, UInt16(attribute.rawValue), number)
    }

    func set(_ attribute: nftnl_table_attr, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        _ = unsafe nftnl_table_set_data(raw, UInt16(attribute.rawValue), bytes, UInt32(bytes.count))
    }

    func build(into message: UnsafeMutablePointer<nlmsghdr>) {
        unsafe nftnl_table_nlmsg_build_payload(message, raw)
    }
}

/// A chain on its way into a message.
@safe struct ChainObject: ~Copyable {
    private let raw: OpaquePointer

    init() { unsafe raw = allocated(nftnl_chain_alloc()) }

    deinit { unsafe nftnl_chain_free(raw) }

    func set(_ attribute: nftnl_chain_attr, _ text: String) {
        _ = unsafe nftnl_chain_set_str(raw, UInt16(attribute.rawValue), text)
    }

    func set(_ attribute: nftnl_chain_attr, _ number: UInt32) {
        unsafe nftnl_chain_set_u32(raw, UInt16(attribute.rawValue), number)
    }

    func set(_ attribute: nftnl_chain_attr, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        _ = unsafe nftnl_chain_set_data(raw, UInt16(attribute.rawValue), bytes, UInt32(bytes.count))
    }

    func build(into message: UnsafeMutablePointer<nlmsghdr>) {
        unsafe nftnl_chain_nlmsg_build_payload(message, raw)
    }
}

/// A set or map, without elements, on its way into a message.
@safe struct SetObject: ~Copyable {
    private let raw: OpaquePointer

    init() { unsafe raw = allocated(nftnl_set_alloc()) }

    deinit { unsafe nftnl_set_free(raw) }

    func set(_ attribute: nftnl_set_attr, _ text: String) {
        _ = unsafe nftnl_set_set_str(raw, UInt16(attribute.rawValue), text)
    }

    func set(_ attribute: nftnl_set_attr, _ number: UInt32) {
        unsafe nftnl_set_set_u32(raw, UInt16(attribute.rawValue), number)
    }

    func set(_ attribute: nftnl_set_attr, _ number: UInt64) {
        unsafe nftnl_set_set_u64(raw, UInt16(attribute.rawValue), number)
    }

    func set(_ attribute: nftnl_set_attr, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        _ = unsafe nftnl_set_set_data(raw, UInt16(attribute.rawValue), bytes, UInt32(bytes.count))
    }

    func build(into message: UnsafeMutablePointer<nlmsghdr>) {
        unsafe nftnl_set_nlmsg_build_payload(message, raw)
    }
}

/// A rule on its way into a message.
@safe struct RuleObject: ~Copyable {
    private let raw: OpaquePointer

    init() { unsafe raw = allocated(nftnl_rule_alloc()) }

    deinit { unsafe nftnl_rule_free(raw) }

    func set(_ attribute: nftnl_rule_attr, _ text: String) {
        _ = unsafe nftnl_rule_set_str(raw, UInt16(attribute.rawValue), text)
    }

    func set(_ attribute: nftnl_rule_attr, _ number: UInt64) {
        unsafe nftnl_rule_set_u64(raw, UInt16(attribute.rawValue), number)
    }

    func set(_ attribute: nftnl_rule_attr, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        _ = unsafe nftnl_rule_set_data(raw, UInt16(attribute.rawValue), bytes, UInt32(bytes.count))
    }

    /// Appends an expression, which belongs to the rule from then on.
    func append(_ expression: consuming ExpressionObject) {
        unsafe nftnl_rule_add_expr(raw, expression.release())
    }

    func build(into message: UnsafeMutablePointer<nlmsghdr>) {
        unsafe nftnl_rule_nlmsg_build_payload(message, raw)
    }
}

/// An expression on its way into a rule.
@safe struct ExpressionObject: ~Copyable {
    private let raw: OpaquePointer

    /// Makes one of the kernel's kinds, `payload`, `meta`, …, with these 32-bit attributes.
    init(_ kind: String, _ numbers: KeyValuePairs<Int, UInt32> = [:]) {
        unsafe raw = allocated(nftnl_expr_alloc(kind))
        for (attribute, number) in numbers { unsafe nftnl_expr_set_u32(raw, UInt16(attribute), number) }
    }

    deinit { unsafe nftnl_expr_free(raw) }

    consuming func release() -> OpaquePointer {
        let raw = unsafe raw
        discard self
        return unsafe raw
    }

    func set(_ attribute: Int, _ text: String) {
        _ = unsafe nftnl_expr_set_str(raw, UInt16(attribute), text)
    }

    func set(_ attribute: Int, _ number: UInt32) {
        unsafe nftnl_expr_set_u32(raw, UInt16(attribute), number)
    }

    func set(_ attribute: Int, octet: UInt8) {
        unsafe nftnl_expr_set_u8(raw, UInt16(attribute), octet)
    }

    func set(_ attribute: Int, _ bytes: [UInt8]) {
        _ = unsafe nftnl_expr_set(raw, UInt16(attribute), bytes, UInt32(bytes.count))
    }
}
