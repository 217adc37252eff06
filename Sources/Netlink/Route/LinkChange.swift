import Addressing
import CNLRoute
import Glibc
import NetworkModel

/// The requests that make of one state of a link another: none, one, or two.
///
/// The kernel takes a bridge port's options only for a link that is a port already (net/core/rtnetlink.c,
/// `__rtnl_newlink`: the options are read by the master that the link has before the message). So a link that becomes
/// a port takes two, and comes up with the second one: no frame passes before the options are in place.
struct LinkChange {
    let old: Link
    let new: Link
    let index: Int32

    /// Whether the link gets another master, or none.
    var joinsMaster: Bool { new.master != old.master }

    /// Separate from the rest, so that a kernel without VLANs on bridges says what it does not have.
    var filteringVLANs: Message? {
        guard let filters = changed(\.bridge?.filtersVLANs) else { return nil }
        var message = LinkMessages.change(index: index)
        message.nest(IFLA_LINKINFO) { info in
            info.append(attribute: IFLA_INFO_KIND, "bridge")
            info.nest(IFLA_INFO_DATA) { $0.append(attribute: IFLA_BR_VLAN_FILTERING, UInt8(filters ? 1 : 0)) }
        }
        return message
    }

    /// The address to set, although it may be the one that the link has: an address that was set stays.
    private var newMAC: MACAddress? { changed(\.mac) ?? (changed(\.keepsMAC) == true ? new.mac : nil) }

    private var changesMore: Bool {
        newMAC != nil || changed(\.mtu) != nil || changed(\.alias) != nil || changed(\.isUp) != nil
            || changed(\.isPromiscuous) != nil || changed(\.isAllMulticast) != nil
            || changed(\.transmitQueueLength) != nil || hasPortOptions
    }

    private var hasPortOptions: Bool {
        new.master != nil && (changed(\.bridgePort?.hairpinMode) != nil || changed(\.bridgePort?.isolated) != nil)
    }

    /// The new value, if it is another and not left as it is.
    private func changed<Value: Equatable>(_ property: (Link) -> Value?) -> Value? {
        guard let value = property(new), value != property(old) else { return nil }
        return value
    }

    /// Gives the link the master with this number; none makes a port a free link again.
    func joining(_ masterIndex: Int32?) -> Message {
        var message = LinkMessages.change(index: index)
        message.append(attribute: IFLA_MASTER, UInt32(bitPattern: masterIndex ?? 0))
        return message
    }

    /// Sets everything else; nil when there is nothing.
    var changing: Message? {
        guard changesMore else { return nil }
        var message = LinkMessages.change(index: index, flags)
        if let mac = newMAC { message.append(attribute: IFLA_ADDRESS, mac.bytes) }
        if let mtu = changed(\.mtu) { message.append(attribute: IFLA_MTU, UInt32(clamping: mtu)) }
        if let length = changed(\.transmitQueueLength) { message.append(attribute: IFLA_TXQLEN, UInt32(length)) }
        if let alias = changed(\.alias) { message.append(attribute: IFLA_IFALIAS, alias) }
        if hasPortOptions { appendPortOptions(to: &message) }
        return message
    }

    /// Those flags that change.
    private var flags: LinkMessages.Flags {
        var flags = LinkMessages.Flags()
        if let isUp = changed(\.isUp) { flags.set(IFF_UP, isUp) }
        if let isPromiscuous = changed(\.isPromiscuous) { flags.set(IFF_PROMISC, isPromiscuous) }
        if let isOn = changed(\.isAllMulticast) { flags.set(IFF_ALLMULTI, isOn) }
        return flags
    }

    private func appendPortOptions(to message: inout Message) {
        message.nest(IFLA_LINKINFO) { info in
            info.append(attribute: IFLA_INFO_SLAVE_KIND, "bridge")
            info.nest(IFLA_INFO_SLAVE_DATA) { options in
                if let hairpin = changed(\.bridgePort?.hairpinMode) {
                    options.append(attribute: IFLA_BRPORT_MODE, UInt8(hairpin ? 1 : 0))
                }
                if let isolated = changed(\.bridgePort?.isolated) {
                    options.append(attribute: IFLA_BRPORT_ISOLATED, UInt8(isolated ? 1 : 0))
                }
            }
        }
    }
}
