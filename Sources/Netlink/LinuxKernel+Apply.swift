import Addressing
package import NetworkModel
import Posix

extension LinuxKernel {
    /// Makes one change.
    package mutating func apply(_ step: Step) throws(KernelError) {
        switch step {
        case .createBridge(let link):
            try inNamespace(of: link.id, "create link") { space throws(KernelError) in try space.createBridge(link) }
        case .createVethPair(let link, let peer):
            try createVethPair(link, peer)
        case .createMacvlan(let link):
            try createMacvlan(link)
        case .createIFB(let link):
            try inNamespace(of: link.id, "create link") { space throws(KernelError) in try space.createIFB(link) }
        case .moveLink(let link, let target):
            try move(link, to: target)
        case .deleteLink(let link):
            // A peer goes along, perhaps in the other namespace, and its name may come back with another number.
            forgetLinks()
            try inNamespace(of: link.id, "delete link") { space throws(KernelError) in try space.delete(link) }
        case .changeLink(let old, let new):
            try inNamespace(of: new.id, "change link") { space throws(KernelError) in
                try space.change(from: old, to: new)
            }
        case .awaitCarrier(let link):
            try awaitCarrier(of: link)
        case .awaitAddress(let address):
            let limit = carrierLimit
            try inNamespace(of: address.link, "wait for address") { space throws(KernelError) in
                try space.awaitAddress(address, atMost: limit)
            }
        case .addAddress, .removeAddress, .addRoute, .removeRoute, .addNeighbor, .removeNeighbor, .addShaping,
            .removeShaping:
            try applyOnLink(step)
        case .addRule(let rule):
            try inNamespace(rule.place, "add rule", rule) { space throws(KernelError) in try space.add(rule) }
        case .removeRule(let rule):
            try inNamespace(rule.place, "remove rule", rule) { space throws(KernelError) in try space.remove(rule) }
        case .setSysctl(let sysctl, _, let value):
            try set(sysctl, to: value)
        case .changeRuleset(let changes, _):
            try commit(changes, generation: nil)
        case .forgetFlows(let filter):
            _ = try forget(try flows(filter))
        }
    }

    private mutating func applyOnLink(_ step: Step) throws(KernelError) {
        switch step {
        case .addAddress(let address):
            try inNamespace(of: address.link, "add address") { space throws(KernelError) in try space.add(address) }
        case .removeAddress(let address):
            try inNamespace(of: address.link, "remove address") { space throws(KernelError) in
                try space.remove(address)
            }
        case .addRoute(let route):
            try inNamespace(of: route.link, "add route") { space throws(KernelError) in try space.add(route) }
        case .removeRoute(let route):
            try inNamespace(of: route.link, "remove route") { space throws(KernelError) in try space.remove(route) }
        case .addNeighbor(let entry):
            try inNamespace(of: entry.link, "add neighbour") { space throws(KernelError) in try space.add(entry) }
        case .removeNeighbor(let entry):
            try inNamespace(of: entry.link, "remove neighbour") { space throws(KernelError) in try space.remove(entry) }
        case .addShaping(let shaping):
            try inNamespace(of: shaping.link, "add shaping") { space throws(KernelError) in try space.add(shaping) }
        case .removeShaping(let shaping):
            try inNamespace(of: shaping.link, "remove shaping") { space throws(KernelError) in
                try space.remove(shaping)
            }
        case .createBridge, .createVethPair, .createMacvlan, .createIFB, .moveLink, .deleteLink, .changeLink,
            .awaitCarrier, .awaitAddress, .addRule, .removeRule, .setSysctl, .changeRuleset, .forgetFlows:
            preconditionFailure("not a step on a link: \(step)")
        }
    }

    private mutating func createVethPair(_ link: Link, _ peer: Link) throws(KernelError) {
        switch (link.id.place, peer.id.place) {
        case (.host, .host), (.container, .container):
            try inNamespace(of: link.id, "create link") { space throws(KernelError) in
                try space.createVethPair(link, peer: peer, peerNamespace: nil)
            }
        case (.host, .container):
            guard let descriptor = container?.descriptor else { throw Self.noContainer("create link", peer.id) }
            try host.createVethPair(link, peer: peer, peerNamespace: descriptor)
        case (.container, .host):
            try inNamespace(of: link.id, "create link") { space throws(KernelError) in
                try space.createVethPair(link, peer: peer, peerNamespace: space.outerDescriptor)
            }
        }
        noteNumbers(link.id, peer.id)
        try finish(peer)
    }

    /// Asks for the number of one end, and takes in with it that of the other. Who needs one that is not known asks
    /// for it.
    private mutating func noteNumbers(_ link: LinkID, _ peer: LinkID) {
        guard let record = try? record(of: link), record.kind == "veth", let number = record.peerIndex else { return }
        try? inNamespace(of: peer, "read link") { space in space.note(number, of: peer.name) }
    }

    /// Sets what the peer cannot be made with.
    private mutating func finish(_ peer: Link) throws(KernelError) {
        let made = Link(peer.id, kind: peer.kind, mac: peer.mac, mtu: peer.mtu)
        guard peer != made else { return }
        do throws(KernelError) {
            try inNamespace(of: peer.id, "change link") { space throws(KernelError) in
                try space.change(from: made, to: peer)
            }
        } catch {
            try? inNamespace(of: peer.id, "delete link") { space throws(KernelError) in try space.delete(peer) }
            throw error
        }
    }

    private mutating func set(_ sysctl: Sysctl, to value: String) throws(KernelError) {
        if let setting = LinkSetting(sysctl), let number = Int32(value) {
            var isSet = false
            try inNamespace(of: setting.link, "set sysctl") { space throws(KernelError) in
                isSet = try space.set(setting, to: number, sysctl)
            }
            if isSet { return }
        }
        try setFile(sysctl, to: value)
    }

    private mutating func setFile(_ sysctl: Sysctl, to value: String) throws(KernelError) {
        switch sysctl.place {
        case .host:
            try ProcSys.write(sysctl, value)
        case .container:
            let written: Void? = try inContainer { space throws(KernelError) in
                try space.run { () throws(KernelError) in try ProcSys.write(sysctl, value) }
            }
            guard written != nil else { throw Self.noContainer("set sysctl", sysctl) }
        }
    }

    /// Does something in the namespace of a link.
    mutating func inNamespace(
        of id: LinkID,
        _ operation: String,
        _ body: (inout RouteNamespace) throws(KernelError) -> Void
    ) throws(KernelError) {
        try inNamespace(id.place, operation, id, body)
    }

    private mutating func inNamespace(
        _ place: Place,
        _ operation: String,
        _ subject: some CustomStringConvertible,
        _ body: (inout RouteNamespace) throws(KernelError) -> Void
    ) throws(KernelError) {
        if place == .host { return try body(&host) }
        guard try inContainer(body) != nil else { throw Self.noContainer(operation, subject) }
    }

    static func noContainer(_ operation: String, _ subject: some CustomStringConvertible) -> KernelError {
        KernelError(operation, subject.description, reason: .notFound, text: "the container has no network namespace")
    }
}
