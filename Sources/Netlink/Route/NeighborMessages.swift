import Addressing
import CNLRoute
import Glibc
import NetworkModel

/// A neighbour object of libnl, from which requests are built.
@safe private struct NeighborObject: ~Copyable {
    let raw: OpaquePointer

    init(_ neighbor: Neighbor, index: Int32) {
        unsafe raw = allocated(rtnl_neigh_alloc())
        let address = NLAddress(CIDR(host: neighbor.address))
        let mac = NLAddress(neighbor.mac)
        unsafe rtnl_neigh_set_family(raw, neighbor.address.family.number)
        unsafe rtnl_neigh_set_ifindex(raw, index)
        unsafe rtnl_neigh_set_dst(raw, address.raw)
        unsafe rtnl_neigh_set_lladdr(raw, mac.raw)
        unsafe rtnl_neigh_set_state(raw, NUD_PERMANENT)
    }

    deinit { unsafe rtnl_neigh_put(raw) }

    /// RTM_NEWNEIGH
    func newRequest(flags: Int32) -> Message {
        unsafe Message { unsafe rtnl_neigh_build_add_request(raw, flags, $0) }
    }

    /// RTM_DELNEIGH
    func deleteRequest() -> Message {
        unsafe Message { unsafe rtnl_neigh_build_delete_request(raw, 0, $0) }
    }
}

/// The requests about permanent neighbours.
enum NeighborMessages {
    /// Adds an entry, unless there is one for the address already.
    static func add(_ neighbor: Neighbor, index: Int32) -> Message {
        NeighborObject(neighbor, index: index).newRequest(flags: NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Adds an entry in the place of any other.
    static func replace(_ neighbor: Neighbor, index: Int32) -> Message {
        NeighborObject(neighbor, index: index).newRequest(flags: NLM_F_CREATE | NLM_F_REPLACE)
    }

    /// Removes an entry.
    static func remove(_ neighbor: Neighbor, index: Int32) -> Message {
        NeighborObject(neighbor, index: index).deleteRequest()
    }

    /// Looks one entry up.
    static func get(_ address: IPAddress, index: Int32) -> Message {
        var message = Message(type: RTM_GETNEIGH)
        var header = ndmsg()
        header.ndm_family = UInt8(address.family.number)
        header.ndm_ifindex = index
        message.append(header)
        message.append(attribute: Int(NDA_DST), address.bytes)
        return message
    }

    /// Asks for all entries, of both families, on one link.
    static func dump(index: Int32) -> Message {
        var message = Message(type: RTM_GETNEIGH)
        message.append(ndmsg())
        message.append(attribute: Int(NDA_IFINDEX), index)
        return message
    }
}

/// What RTM_NEWNEIGH says of an entry.
package struct NeighborRecord {
    let index: Int32
    let isPermanent: Bool
    private(set) var address: IPAddress?
    private(set) var mac: MACAddress?

    /// Reads the message.
    package init(_ payload: RawSpan) throws(MalformedMessage) {
        let header = try payload.load(at: 0, as: ndmsg.self)
        index = header.ndm_ifindex
        isPermanent = Int32(header.ndm_state) & NUD_PERMANENT != 0
        try forEachAttribute(in: payload, from: MemoryLayout<ndmsg>.size) { type, value throws(MalformedMessage) in
            if type == Int(NDA_DST) { address = IPAddress(bytes: value.array()) }
            if type == Int(NDA_LLADDR) { mac = value.macAddress() }
        }
    }

    /// The entry on this link, or nil unless it is a permanent one of an IP address.
    func neighbor(on link: LinkID) -> Neighbor? {
        guard isPermanent, let address, let mac else { return nil }
        return Neighbor(link, address, mac)
    }
}
