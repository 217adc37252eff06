import Addressing
import CNLRoute
import Glibc
import NetworkModel

/// Whether a namespace forwards packets of a family: a sysctl that RTM_GETNETCONF tells.
struct ForwardingSetting: Hashable {
    /// Which packets.
    let family: IPAddress.Family

    /// The setting that the sysctl is, if it is one. `ip_forward` is `conf/all/forwarding` by another name.
    init?(_ sysctl: Sysctl) {
        switch sysctl.path {
        case "ipv4/ip_forward", "ipv4/conf/all/forwarding": family = .v4
        case "ipv6/conf/all/forwarding": family = .v6
        default: return nil
        }
    }
}

extension RouteNamespace {
    /// The value; nil where the kernel lacks the family.
    mutating func value(of setting: ForwardingSetting) throws(KernelError) -> Int32? {
        var message = Message(type: RTM_GETNETCONF)
        message.append(netconfmsg(ncm_family: UInt8(setting.family.number)))
        message.append(attribute: Int(NETCONFA_IFINDEX), Self.all)
        do throws(KernelError) {
            return try socket.get(message, "read sysctl", "forwarding of \(setting.family)", Self.readForwarding)
        } catch  where error.reason == .unsupported {
            return nil
        }
    }

    private static func readForwarding(_: MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> Int32? {
        var value: Int32?
        let start = aligned(MemoryLayout<netconfmsg>.size)
        try forEachAttribute(in: payload, from: start) { type, number throws(MalformedMessage) in
            if type == Int(NETCONFA_FORWARDING) { value = try number.number() }
        }
        return value
    }

    /// NETCONFA_IFINDEX_ALL of <linux/netconf.h>.
    private static var all: Int32 { -1 }
}
