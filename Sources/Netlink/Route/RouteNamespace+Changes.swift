import Addressing
import CNLRoute
import Glibc
import NetworkModel

extension RouteNamespace {
    /// Makes a bridge with name, address, MTU and state; anything of that name is `.exists`.
    mutating func createBridge(_ link: Link) throws(KernelError) {
        try socket.request(LinkMessages.createBridge(link), "create link", "\(link.id)")
        try finish(link, from: Link(link.id, kind: .bridge, mac: link.mac, mtu: link.mtu, isUp: link.isUp ?? false))
    }

    /// Makes a pair of which `link` is in this namespace, in one message.
    mutating func createVethPair(_ link: Link, peer: Link, peerNamespace: Int32?) throws(KernelError) {
        let master = try masterIndex(of: link)
        let message = LinkMessages.createVethPair(link, master: master, peer: peer, peerNamespace: peerNamespace)
        do throws(KernelError) {
            try socket.request(message, "create link", "\(link.id)")
        } catch  where error.reason == .exists {
            // The kernel's answer is the same for either name.
            let taken = try record(of: link.id.name) == nil ? peer.id : link.id
            throw KernelError("create link", taken.description, errno: error.errno, kernelMessage: error.kernelMessage)
        }
        try finish(link, from: Link(link.id, kind: link.kind, mac: link.mac, mtu: link.mtu, master: link.master))
    }

    /// Makes a macvlan of `parent`, which is in this namespace.
    mutating func createMacvlan(
        _ link: Link,
        _ macvlan: Link.Macvlan,
        parent: LinkID,
        in descriptor: Int32?
    ) throws(KernelError) {
        let index = try index(of: parent)
        let message = LinkMessages.createMacvlan(link, macvlan, parent: index, in: descriptor)
        try socket.request(message, "create link", "\(link.id)")
    }

    /// Makes an intermediate device.
    mutating func createIFB(_ link: Link) throws(KernelError) {
        try socket.request(LinkMessages.createIFB(link), "create link", "\(link.id)")
    }

    /// Gives a link of this namespace another name, in the namespace behind `descriptor` if that is another one.
    mutating func move(_ link: Link, to target: LinkID, in descriptor: Int32?) throws(KernelError) {
        let index = try index(of: link.id)
        forget(link.id.name)
        try socket.request(
            LinkMessages.move(index: index, to: target.name, in: descriptor),
            "move link",
            "\(link.id) to \(target)"
        )
    }

    /// Sets what a link cannot be made with; a link for which that is refused does not stay.
    private mutating func finish(_ link: Link, from made: Link) throws(KernelError) {
        guard link != made else { return }
        do throws(KernelError) {
            try change(from: made, to: link)
        } catch {
            try? delete(link)
            throw error
        }
    }

    /// Sets those properties that differ.
    mutating func change(from old: Link, to new: Link) throws(KernelError) {
        let change = LinkChange(old: old, new: new, index: try index(of: new.id))
        if let message = change.filteringVLANs {
            try socket.request(message, "switch VLAN filtering of link", "\(new.id)")
        }
        if change.joinsMaster {
            try socket.request(change.joining(try masterIndex(of: new)), "change link", "\(new.id)")
        }
        if let message = change.changing { try socket.request(message, "change link", "\(new.id)") }
        if let wanted = new.bridgePort?.vlans, wanted != old.bridgePort?.vlans { try setVLANs(wanted, of: new.id) }
    }

    /// The kernel gives a new port the bridge's default VLAN (net/bridge/br_vlan.c, `nbp_vlan_init`), so what there is
    /// is read first. VLANs come before others go: the port is never without one.
    private mutating func setVLANs(_ wanted: PortVLANs, of link: LinkID) throws(KernelError) {
        let found = try vlans(of: link) ?? PortVLANs()
        for message in VLANMessages.changes(from: found, to: wanted, index: try index(of: link)) {
            try socket.request(message, "set VLANs of link", "\(link)")
        }
    }

    private mutating func masterIndex(of link: Link) throws(KernelError) -> Int32? {
        guard let master = link.master else { return nil }
        return try index(of: LinkID(place, master))
    }

    /// Deletes a link; a veth's peer goes with it.
    mutating func delete(_ link: Link) throws(KernelError) {
        forget(link.id.name)
        try socket.request(LinkMessages.delete(link), "delete link", "\(link.id)")
    }

    /// Sets a setting of a link; false when only the file does.
    mutating func set(_ setting: LinkSetting, to value: Int32, _ sysctl: Sysctl) throws(KernelError) -> Bool {
        guard setting.isWritable else { return false }
        let message = setting.message(value, index: try index(of: setting.link))
        try socket.request(message, "set sysctl", sysctl.description)
        return true
    }

    /// Puts an address on its link.
    mutating func add(_ address: LinkAddress) throws(KernelError) {
        let message = AddressMessages.add(address, index: try index(of: address.link))
        try socket.request(message, "add address", "\(address)")
    }

    /// Takes an address from its link.
    mutating func remove(_ address: LinkAddress) throws(KernelError) {
        let message = AddressMessages.remove(address.cidr, index: try index(of: address.link))
        try socket.request(message, "remove address", "\(address)")
    }

    /// Adds a route.
    mutating func add(_ route: Route) throws(KernelError) {
        let message = RouteMessages.add(route, index: try index(of: route.link))
        try socket.request(message, "add route", "\(route)")
    }

    /// Removes a route.
    mutating func remove(_ route: Route) throws(KernelError) {
        let message = RouteMessages.remove(route, index: try index(of: route.link))
        try socket.request(message, "remove route", "\(route)")
    }

    /// Adds a permanent neighbour, in the place of one that the kernel has learnt.
    mutating func add(_ neighbor: Neighbor) throws(KernelError) {
        let index = try index(of: neighbor.link)
        do throws(KernelError) {
            try socket.request(NeighborMessages.add(neighbor, index: index), "add neighbour", "\(neighbor)")
        } catch  where error.reason == .exists {
            guard try self.neighbor(neighbor.address, on: neighbor.link) == nil else { throw error }
            try socket.request(NeighborMessages.replace(neighbor, index: index), "add neighbour", "\(neighbor)")
        }
    }

    /// Removes a permanent neighbour.
    mutating func remove(_ neighbor: Neighbor) throws(KernelError) {
        let message = NeighborMessages.remove(neighbor, index: try index(of: neighbor.link))
        try socket.request(message, "remove neighbour", "\(neighbor)")
    }
}
