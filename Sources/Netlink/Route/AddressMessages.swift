import Addressing
import CNLRoute
import Glibc
import NetworkModel

/// An address object of libnl, from which requests are built.
@safe private struct AddressObject: ~Copyable {
    let raw: OpaquePointer

    init(_ cidr: CIDR, index: Int32) {
        unsafe raw = allocated(rtnl_addr_alloc())
        let address = NLAddress(cidr)
        unsafe rtnl_addr_set_ifindex(raw, index)
        unsafe rtnl_addr_set_local(raw, address.raw)
    }

    deinit { unsafe rtnl_addr_put(raw) }

    /// RTM_NEWADDR
    func newRequest(flags: Int32) -> Message {
        unsafe Message { unsafe rtnl_addr_build_add_request(raw, flags, $0) }
    }

    /// RTM_DELADDR
    func deleteRequest() -> Message {
        unsafe Message { unsafe rtnl_addr_build_delete_request(raw, 0, $0) }
    }
}

/// The requests about addresses of links.
enum AddressMessages {
    /// Puts an address on a link.
    ///
    /// IPv4 gets the broadcast address of its network, as every other tool that sets pods up does. IPv6 is usable at
    /// once, unless duplicate address detection is asked for.
    static func add(_ address: LinkAddress, index: Int32) -> Message {
        let cidr = address.cidr
        let object = AddressObject(cidr, index: index)
        var flags = cidr.family == .v6 && !address.detectsDuplicates ? UInt32(IFA_F_NODAD) : 0
        if !address.hasPrefixRoute { flags |= UInt32(IFA_F_NOPREFIXROUTE) }
        if flags != 0 { unsafe rtnl_addr_set_flags(object.raw, flags) }
        switch cidr.family {
        case .v4 where cidr.prefixLength < 31:
            let broadcast = NLAddress(CIDR(host: cidr.last))
            _ = unsafe rtnl_addr_set_broadcast(object.raw, broadcast.raw)
        case .v4, .v6: break
        }
        return object.newRequest(flags: NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Takes an address from a link.
    static func remove(_ cidr: CIDR, index: Int32) -> Message {
        AddressObject(cidr, index: index).deleteRequest()
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
