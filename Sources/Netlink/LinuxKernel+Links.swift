import NetworkModel
import Posix

/// Links that are in another namespace than what they are made of, or go to another one.
extension LinuxKernel {
    /// Makes a macvlan with one message from its parent's namespace, directly in its own.
    mutating func createMacvlan(_ link: Link) throws(KernelError) {
        guard case .macvlan(let macvlan) = link.kind, let parent = macvlan.parent else {
            throw KernelError("create link", "\(link.id)", reason: .invalid, text: "a macvlan of no link")
        }
        try withDescriptor(of: link.id, seenFrom: parent.place, "create link") {
            descriptor,
            space throws(KernelError) in
            try space.createMacvlan(link, macvlan, parent: parent, in: descriptor)
        }
    }

    /// Gives a link another name, another namespace, or both.
    mutating func move(_ link: Link, to target: LinkID) throws(KernelError) {
        do throws(KernelError) {
            try send(link, to: target)
        } catch {
            takeBack(link, from: target.place)
            throw error
        }
    }

    private mutating func send(_ link: Link, to target: LinkID) throws(KernelError) {
        defer { forgetLinks() }
        try withDescriptor(of: target, seenFrom: link.id.place, "move link") { descriptor, space throws(KernelError) in
            try space.move(link, to: target, in: descriptor)
        }
    }

    /// The kernel changes the namespace first and the name second (net/core/rtnetlink.c, do_setlink), so a link whose new
    /// name is taken is in the other namespace under its old one.
    private mutating func takeBack(_ link: Link, from place: Place) {
        guard place != link.id.place, (try? isThere(link.id)) == false else { return }
        try? send(link.moved(to: LinkID(place, link.id.name)), to: link.id)
    }

    /// Hands over the namespace at `place` and, if `target` is in another one, that one's descriptor.
    private mutating func withDescriptor(
        of target: LinkID,
        seenFrom place: Place,
        _ operation: String,
        _ body: (_ descriptor: Int32?, inout RouteNamespace) throws(KernelError) -> Void
    ) throws(KernelError) {
        switch (place, target.place) {
        case (.host, .host), (.container, .container):
            try inNamespace(of: LinkID(place, target.name), operation) { space throws(KernelError) in
                try body(nil, &space)
            }
        case (.host, .container):
            guard let descriptor = container?.descriptor else { throw Self.noContainer(operation, target) }
            try body(descriptor, &host)
        case (.container, .host):
            let outer = try NetNS.current()
            try inNamespace(of: LinkID(place, target.name), operation) { space throws(KernelError) in
                try body(outer.descriptor.raw, &space)
            }
        }
    }
}
