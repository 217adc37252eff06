import CNLRoute
package import NetworkModel

/// The requests about the VLANs of bridge ports (linux/if_bridge.h).
package enum VLANMessages {
    /// What makes of one set of VLANs another: at most one message that adds and one that removes.
    static func changes(from found: PortVLANs, to wanted: PortVLANs, index: Int32) -> [Message] {
        var changed = wanted.untagged.subtracting(found.untagged).union(wanted.tagged.subtracting(found.tagged))
        if wanted.native != found.native {
            // Said again without the flag it is no longer the native one.
            changed.formUnion([wanted.native, found.native].compactMap { $0 }.filter(wanted.all.contains))
        }
        let plain = changed.subtracting([wanted.native].compactMap { $0 })
        let entries =
            ranges(plain.intersection(wanted.untagged), flags: untagged)
            + ranges(plain.intersection(wanted.tagged), flags: 0)
            + changed.filter { $0 == wanted.native }.map { number in
                entry(number, native | (wanted.untagged.contains(number) ? untagged : 0))
            }
        let gone = ranges(found.all.subtracting(wanted.all), flags: 0)
        return [message(RTM_SETLINK, entries, index), message(RTM_DELLINK, gone, index)].compactMap { $0 }
    }

    /// The same as the bytes that are sent, with message number 1.
    package static func bytes(from found: PortVLANs, to wanted: PortVLANs, index: Int32) -> [[UInt8]] {
        changes(from: found, to: wanted, index: index).map { $0.sealed(sequence: 1) }
    }

    /// Asks for the VLANs of one port: of the kernel's ways the only one that can be asked about a single one (Linux 5.6).
    static func dump(index: Int32) -> Message {
        var message = Message(type: RTM_GETVLAN)
        var header = br_vlan_msg()
        header.family = UInt8(AF_BRIDGE)
        header.ifindex = UInt32(bitPattern: index)
        message.append(header)
        return message
    }

    private static let native: UInt16 = 1 << 1  // BRIDGE_VLAN_INFO_PVID
    private static let untagged: UInt16 = 1 << 2  // BRIDGE_VLAN_INFO_UNTAGGED
    private static let rangeBegin: UInt16 = 1 << 3  // BRIDGE_VLAN_INFO_RANGE_BEGIN
    private static let rangeEnd: UInt16 = 1 << 4  // BRIDGE_VLAN_INFO_RANGE_END

    private static func ranges(_ numbers: Set<Int>, flags: UInt16) -> [bridge_vlan_info] {
        PortVLANs.runs(of: numbers).flatMap { run in
            run.count == 1
                ? [entry(run.lowerBound, flags)]
                : [entry(run.lowerBound, flags | rangeBegin), entry(run.upperBound, flags | rangeEnd)]
        }
    }

    private static func entry(_ number: Int, _ flags: UInt16) -> bridge_vlan_info {
        bridge_vlan_info(flags: flags, vid: UInt16(truncatingIfNeeded: number))
    }

    private static func message(_ type: Int, _ entries: [bridge_vlan_info], _ index: Int32) -> Message? {
        guard !entries.isEmpty else { return nil }
        var message = Message(type: type)
        var header = ifinfomsg()
        header.ifi_family = UInt8(AF_BRIDGE)
        header.ifi_index = index
        message.append(header)
        message.nest(IFLA_AF_SPEC) { specification in
            for entry in entries {
                let bytes = unsafe withUnsafeBytes(of: entry) { unsafe Array($0) }
                specification.append(attribute: Int(IFLA_BRIDGE_VLAN_INFO), bytes)
            }
        }
        return message
    }
}

/// What RTM_NEWVLAN says of a port's VLANs.
package struct VLANRecord {
    let index: Int32
    /// Those that it names.
    package private(set) var vlans = PortVLANs()

    /// Reads the message.
    package init(_ payload: RawSpan) throws(MalformedMessage) {
        let header = try payload.load(at: 0, as: br_vlan_msg.self)
        index = Int32(bitPattern: header.ifindex)
        try forEachAttribute(in: payload, from: MemoryLayout<br_vlan_msg>.size) {
            type,
            value throws(MalformedMessage) in
            if type == Self.entryType { try take(value) }
        }
    }

    private mutating func take(_ entry: RawSpan) throws(MalformedMessage) {
        var info = bridge_vlan_info()
        var last: UInt16?
        try forEachAttribute(in: entry) { type, value throws(MalformedMessage) in
            if type == Self.infoType { info = try value.load(at: 0, as: bridge_vlan_info.self) }
            if type == Self.rangeType { last = try value.number() }
        }
        let first = Int(info.vid)
        guard PortVLANs.range.contains(first), Int(last ?? info.vid) >= first, Int(last ?? info.vid) <= 4095 else {
            throw MalformedMessage("VLAN \(first)")
        }
        let numbers = Set(first...Int(last ?? info.vid))
        if info.flags & 1 << 1 != 0 { vlans.native = first }
        if info.flags & 1 << 2 != 0 { vlans.untagged.formUnion(numbers) } else { vlans.tagged.formUnion(numbers) }
    }

    /// What this message and the ones before it say.
    func joined(to other: PortVLANs) -> PortVLANs {
        PortVLANs(
            native: vlans.native ?? other.native,
            untagged: vlans.untagged.union(other.untagged),
            tagged: vlans.tagged.union(other.tagged)
        )
    }

    private static var entryType: Int { 1 }  // BRIDGE_VLANDB_ENTRY
    private static var infoType: Int { 1 }  // BRIDGE_VLANDB_ENTRY_INFO
    private static var rangeType: Int { 2 }  // BRIDGE_VLANDB_ENTRY_RANGE
}
