import Addressing
import CNLRoute
import Glibc
import NetworkModel

/// The requests about addresses of links.
enum AddressMessages {
    /// Puts an address on a link.
    ///
    /// IPv4 gets the broadcast address of its network, as every other tool that sets pods up does. IPv6 is usable at
    /// once, unless duplicate address detection is asked for.
    static func add(_ address: LinkAddress, index: Int32) -> Message {
        let cidr = address.cidr
        var flags = cidr.family == .v6 && !address.detectsDuplicates ? UInt32(IFA_F_NODAD) : 0
        if !address.hasPrefixRoute { flags |= UInt32(IFA_F_NOPREFIXROUTE) }
        var message = request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, cidr, index)
        if flags != 0 { message.append(attribute: Int(IFA_FLAGS), flags) }
        if cidr.family == .v4, cidr.prefixLength < 31 {
            message.append(attribute: Int(IFA_BROADCAST), cidr.last.bytes)
        }
        return message
    }

    /// Takes an address from a link.
    static func remove(_ cidr: CIDR, index: Int32) -> Message { request(RTM_DELADDR, 0, cidr, index) }

    private static func request(_ type: Int, _ flags: Int32, _ cidr: CIDR, _ index: Int32) -> Message {
        var message = Message(type: type, flags: flags)
        var header = ifaddrmsg()
        header.ifa_family = UInt8(cidr.family.number)
        header.ifa_prefixlen = UInt8(cidr.prefixLength)
        // 127.0.0.0/8 is nobody else's; of IPv6 addresses the kernel knows the scope itself.
        if cidr.family == .v4, cidr.address.isLoopback { header.ifa_scope = UInt8(RT_SCOPE_HOST.rawValue) }
        header.ifa_index = UInt32(bitPattern: index)
        message.append(header)
        message.append(attribute: Int(IFA_LOCAL), cidr.address.bytes)
        message.append(attribute: Int(IFA_ADDRESS), cidr.address.bytes)
        return message
    }

    /// Asks for the addresses, of both families, of one link.
    static func dump(index: Int32) -> Message {
        var message = Message(type: RTM_GETADDR)
        var header = ifaddrmsg()
        header.ifa_index = UInt32(bitPattern: index)
        message.append(header)
        return message
    }
}

/// What RTM_NEWADDR says of an address.
package struct AddressRecord {
    let index: Int32
    let cidr: CIDR
    /// `IFA_F_*`
    let flags: UInt32

    /// Whether nobody may be spoken to from it yet: the kernel still asks whether somebody else has it.
    var isTentative: Bool { flags & UInt32(IFA_F_TENTATIVE) != 0 }
    /// Whether somebody else has it.
    var isDuplicate: Bool { flags & UInt32(IFA_F_DADFAILED) != 0 }

    /// Reads the message, or nil when it is not about IP.
    package init?(_ payload: RawSpan) throws(MalformedMessage) {
        let header = try payload.load(at: 0, as: ifaddrmsg.self)
        guard let family = IPAddress.Family(number: header.ifa_family) else { return nil }
        var address: IPAddress?
        var local: IPAddress?
        var flags = UInt32(header.ifa_flags)
        try forEachAttribute(in: payload, from: MemoryLayout<ifaddrmsg>.size) { type, value throws(MalformedMessage) in
            // On a link with a peer IFA_ADDRESS is the peer's, IFA_LOCAL ours; IPv6 links without have only the former.
            if type == Int(IFA_ADDRESS) { address = try value.ipAddress() }
            if type == Int(IFA_LOCAL) { local = try value.ipAddress() }
            // All bits; the header has room for the first eight only.
            if type == Int(IFA_FLAGS) { flags = try value.number() }
        }
        guard let own = local ?? address, own.family == family,
            let cidr = CIDR(own, prefixLength: Int(header.ifa_prefixlen))
        else { throw MalformedMessage("no address in it") }
        index = Int32(bitPattern: header.ifa_index)
        self.cidr = cidr
        self.flags = flags
    }

    /// The address on this link.
    func address(on link: LinkID) -> LinkAddress {
        LinkAddress(link, cidr, hasPrefixRoute: flags & UInt32(IFA_F_NOPREFIXROUTE) == 0)
    }

    /// Whether the kernel made it by itself: link-local addresses of IPv6 come and go with the link's state.
    var isAutomatic: Bool { cidr.family == .v6 && cidr.address.isLinkLocal }
}
