import Addressing
import CNLRoute
import Glibc
import NetworkModel
import Posix

/// One of the two namespaces of an attachment, through a routing socket of its own.
struct RouteNamespace: ~Copyable, Sendable {
    let place: Place
    /// How to get there and back; nil is the calling thread's own.
    let way: Way?
    var socket: NetlinkSocket
    /// Numbers of links that were looked up; forgotten before every observation.
    private var indexes: [InterfaceName: Int32] = [:]
    /// Names of numbers that were listed or asked for by number.
    private var names: [Int32: InterfaceName] = [:]
    /// Names that were looked up and are no link's, few; forgotten after every observation, too, since then links are
    /// made.
    private var absent: [InterfaceName] = []

    /// The way into a pod's namespace and back.
    struct Way: ~Copyable, Sendable {
        let inner: NetNS
        /// The one that whoever uses this is in, opened once: every opening is a walk through procfs.
        let outer: NetNS

        init(into inner: consuming NetNS) throws(KernelError) {
            self.inner = inner
            outer = try NetNS.current()
        }

        func run<Result: ~Copyable>(_ body: () throws(KernelError) -> Result) throws(KernelError) -> Result {
            try inner.run(returningTo: outer, body)
        }
    }

    /// Opens the socket in the calling thread's namespace.
    init(_ place: Place) throws(KernelError) {
        self.place = place
        way = nil
        socket = try NetlinkSocket(.route)
    }

    /// Opens the socket inside the namespace.
    init(_ place: Place, _ way: consuming Way) throws(KernelError) {
        let opened = try way.run { () throws(KernelError) in try NetlinkSocket(.route) }
        self.place = place
        self.way = consume way
        socket = opened
    }

    /// The namespace's descriptor; nil for the calling thread's own.
    var descriptor: Int32? {
        switch way {
        case .none: nil
        case .some(let way): way.inner.descriptor.raw
        }
    }

    /// The descriptor of the namespace outside; nil for the calling thread's own.
    var outerDescriptor: Int32? {
        switch way {
        case .none: nil
        case .some(let way): way.outer.descriptor.raw
        }
    }

    /// Another socket in the same namespace.
    func openSocket() throws(KernelError) -> NetlinkSocket {
        try run { () throws(KernelError) in try NetlinkSocket(.route) }
    }

    /// Runs `body` with the calling thread in the namespace.
    func run<Result: ~Copyable>(_ body: () throws(KernelError) -> Result) throws(KernelError) -> Result {
        switch way {
        case .none: return try body()
        case .some(let way): return try way.run(body)
        }
    }

    /// Forgets which number belongs to which name.
    mutating func forgetLinks() {
        indexes = [:]
        names = [:]
        absent = []
    }

    /// Forgets which names are no link's.
    mutating func forgetAbsent() { absent = [] }

    /// Forgets one link, since it goes.
    mutating func forget(_ name: InterfaceName) {
        if let index = indexes.removeValue(forKey: name) { names[index] = nil }
    }
}

extension RouteNamespace {
    /// A link by its name, or nil when there is none.
    mutating func record(of name: InterfaceName) throws(KernelError) -> LinkRecord? {
        do throws(KernelError) {
            let record = try socket.get(LinkMessages.get(name), "read link", "\(LinkID(place, name))", Self.readLink)
            indexes[name] = record.index
            return record
        } catch  where error.reason == .notFound {
            if !isKnownAbsent(name) { absent.append(name) }
            return nil
        }
    }

    /// Whether a look-up since `forgetLinks` has found no link of this name.
    func isKnownAbsent(_ name: InterfaceName) -> Bool {
        for other in absent where other == name { return true }
        return false
    }

    /// Takes in the number of a link that another answer has told.
    mutating func note(_ index: Int32, of name: InterfaceName) { indexes[name] = index }

    /// The number of a link; `.notFound` when there is none of this name.
    mutating func index(of link: LinkID) throws(KernelError) -> Int32 {
        if let index = indexes[link.name] { return index }
        if !isKnownAbsent(link.name), let record = try record(of: link.name) { return record.index }
        throw KernelError("read link", link.description, errno: ENODEV)
    }

    /// The name of the link with this number, or nil when there is none.
    mutating func name(of index: Int32) throws(KernelError) -> InterfaceName? {
        if let name = names[index] { return name }
        for (name, known) in indexes where known == index { return name }
        do throws(KernelError) {
            let record = try socket.get(LinkMessages.get(index: index), "read link", "number \(index)", Self.readLink)
            guard let name = try? InterfaceName(record.name) else { return nil }
            names[index] = name
            return name
        } catch  where error.reason == .notFound {
            return nil
        }
    }

    /// All links that have names we can say.
    mutating func records() throws(KernelError) -> [LinkRecord] {
        let all = try socket.dump(LinkMessages.dump(), "read links", "of the \(place.rawValue)", Self.readLink)
        forgetLinks()
        for record in all {
            guard let name = try? InterfaceName(record.name) else { continue }
            indexes[name] = record.index
            names[record.index] = name
        }
        return all.filter { names[$0.index] != nil }
    }

    private static func readLink(_: MessageHeader, _ payload: RawSpan) throws(MalformedMessage) -> LinkRecord {
        try LinkRecord(payload)
    }

    /// This namespace's number for another one, as IFLA_LINK_NETNSID uses it; nil while it has none.
    mutating func number(ofNamespaceBehind descriptor: Int32) throws(KernelError) -> Int32? {
        var message = Message(type: RTM_GETNSID)
        message.append(rtgenmsg())
        message.append(attribute: Self.namespaceDescriptor, descriptor)
        let size = MemoryLayout<rtgenmsg>.size
        let number = try socket.get(message, "read number of", "network namespace") {
            _,
            payload throws(MalformedMessage) in
            var number: Int32 = -1
            try forEachAttribute(in: payload, from: aligned(size)) { type, value throws(MalformedMessage) in
                if type == Self.namespaceNumber { number = try value.number() }
            }
            return number
        }
        return number < 0 ? nil : number
    }

    // NETNSA_NSID and NETNSA_FD of <linux/net_namespace.h>.
    private static var namespaceNumber: Int { 1 }
    private static var namespaceDescriptor: Int { 3 }
}
