import Addressing
package import NetworkModel
import Posix

extension LinuxKernel {
    /// Reads as much as `scope` names, by look-ups; lists are read only of single links.
    ///
    /// Left out is what the kernel makes itself: link-local addresses of IPv6, routes to own addresses and networks
    /// or learnt from routers, neighbours that are not permanent. A metric that the kernel chose is nil.
    package mutating func observe(_ scope: Scope) throws(KernelError) -> NetworkState {
        forgetLinks()
        defer { forgetAbsent() }
        var state = NetworkState()
        let records = try records(of: scope.links)
        state.links = try links(records)
        for id in scope.vlansOf where state.links[id]?.bridgePort != nil {
            state.links[id]?.bridgePort?.vlans = try read(id.place) { space throws(KernelError) in
                try space.vlans(of: id)
            }
        }
        try readLists(scope, into: &state)
        try readSingles(scope, into: &state)
        try readShaping(scope, into: &state)
        for sysctl in scope.sysctls {
            state.sysctls[sysctl] = try read(sysctl, records)
        }
        for (table, elements) in scope.tables {
            state.ruleset.tables[table] = try self.table(table, elements)
        }
        return state
    }

    /// Whether there is a link of this name.
    package mutating func isThere(_ link: LinkID) throws(KernelError) -> Bool {
        defer { forgetAbsent() }
        return try record(of: link) != nil
    }

    /// Forgets which number belongs to which name.
    mutating func forgetLinks() {
        host.forgetLinks()
        container?.forgetLinks()
    }

    /// Forgets which names are no link's.
    private mutating func forgetAbsent() {
        host.forgetAbsent()
        container?.forgetAbsent()
    }

    /// Every link of the host's namespace, with kind, alias and bridge port.
    package mutating func hostLinks() throws(KernelError) -> [Link] {
        var links: [Link] = []
        for record in try host.records() {
            guard let name = try host.name(of: record.index) else { continue }
            links.append(try link(LinkID(.host, name), record))
        }
        return links
    }

    /// What the kernel says of those of the links that are there.
    private mutating func records(of wanted: Set<LinkID>) throws(KernelError) -> [LinkID: LinkRecord] {
        var records: [LinkID: LinkRecord] = [:]
        for id in wanted { records[id] = try record(of: id) }
        return records
    }

    /// What the kernel says of a link, or nil when there is none.
    mutating func record(of id: LinkID) throws(KernelError) -> LinkRecord? {
        try read(id.place) { namespace throws(KernelError) in try namespace.record(of: id.name) }
    }

    /// The links; all were read before, so that one that is another's peer or master has its name by now.
    private mutating func links(_ records: [LinkID: LinkRecord]) throws(KernelError) -> [LinkID: Link] {
        var links: [LinkID: Link] = [:]
        for (id, record) in records {
            links[id] = try link(id, record)
        }
        return links
    }

    private mutating func readLists(_ scope: Scope, into state: inout NetworkState) throws(KernelError) {
        for id in scope.addressesOf {
            state.addresses.formUnion(
                try read(id.place) { namespace throws(KernelError) in try namespace.addresses(of: id) } ?? []
            )
        }
        for id in scope.routesOf {
            state.routes.formUnion(
                try read(id.place) { namespace throws(KernelError) in try namespace.routes(of: id) } ?? []
            )
        }
        for place in scope.tablesOf {
            state.routes.formUnion(
                try read(place) { namespace throws(KernelError) in try namespace.allRoutes() } ?? []
            )
        }
        for place in scope.rulesOf {
            state.rules.formUnion(try read(place) { namespace throws(KernelError) in try namespace.rules() } ?? [])
        }
        for id in scope.neighborsOf {
            state.neighbors.formUnion(
                try read(id.place) { namespace throws(KernelError) in try namespace.neighbors(of: id) } ?? []
            )
        }
    }

    private mutating func readShaping(_ scope: Scope, into state: inout NetworkState) throws(KernelError) {
        for id in scope.shapingOf {
            state.shaping.formUnion(
                try read(id.place) { namespace throws(KernelError) in try namespace.shaping(of: id) } ?? []
            )
        }
    }

    private mutating func readSingles(_ scope: Scope, into state: inout NetworkState) throws(KernelError) {
        for destination in scope.hostRoutesTo {
            if let route = try host.route(to: destination) { state.routes.insert(route) }
        }
        for key in scope.hostNeighbors {
            let neighbor = try host.neighbor(key.address, on: LinkID(.host, key.link))
            if let neighbor { state.neighbors.insert(neighbor) }
        }
    }

    /// The value, by netlink where that tells it.
    private mutating func read(
        _ sysctl: Sysctl,
        _ records: [LinkID: LinkRecord]
    ) throws(KernelError) -> String? {
        let link = sysctl.link
        if let link, isKnownAbsent(link) { return nil }
        if let setting = LinkSetting(sysctl, of: link) {
            return try value(of: setting, records).map(Self.text)
        }
        if let forwarding = ForwardingSetting(sysctl) {
            let value = try read(sysctl.place) { namespace throws(KernelError) in try namespace.value(of: forwarding) }
            return value.map(Self.text)
        }
        return try readFile(sysctl)
    }

    /// The number's digits. Almost every setting is off or on, for which nothing needs to be computed.
    private static func text(_ value: Int32) -> String {
        switch value {
        case 0: "0"
        case 1: "1"
        default: value.description
        }
    }

    private mutating func value(
        of setting: LinkSetting,
        _ records: [LinkID: LinkRecord]
    ) throws(KernelError) -> Int32? {
        if let record = records[setting.link] { return record.settings.value(setting.key) }
        return try record(of: setting.link)?.settings.value(setting.key)
    }

    private func isKnownAbsent(_ id: LinkID) -> Bool {
        id.place == .host ? host.isKnownAbsent(id.name) : container?.isKnownAbsent(id.name) ?? true
    }

    private mutating func readFile(_ sysctl: Sysctl) throws(KernelError) -> String? {
        try read(sysctl.place) { namespace throws(KernelError) in
            try namespace.run { () throws(KernelError) in try ProcSys.read(sysctl) }
        }
    }

    /// Reads something in one of the namespaces; nil in a pod's that is not there.
    mutating func read<Value>(
        _ place: Place,
        _ body: (inout RouteNamespace) throws(KernelError) -> Value?
    ) throws(KernelError) -> Value? {
        if place == .host { return try body(&host) }
        return try inContainer(body) ?? nil
    }
}

extension LinuxKernel {
    /// The link that a record describes, with the names of its master and of its peer.
    private mutating func link(_ id: LinkID, _ record: LinkRecord) throws(KernelError) -> Link {
        let master = try record.masterIndex.flatMap { index throws(KernelError) in
            try read(id.place) { namespace throws(KernelError) in try namespace.name(of: index) }
        }
        return record.link(id, master: master, peer: try peer(of: record, in: id.place))
    }

    /// The other end of a veth, or a macvlan's parent, if it is in one of the two namespaces.
    private mutating func peer(of record: LinkRecord, in place: Place) throws(KernelError) -> LinkID? {
        guard ["veth", "macvlan"].contains(record.kind), let index = record.peerIndex, index > 0 else { return nil }
        guard let place = try peerPlace(of: record, in: place) else { return nil }
        let name = try read(place) { namespace throws(KernelError) in try namespace.name(of: index) }
        return name.map { LinkID(place, $0) }
    }

    private mutating func peerPlace(of record: LinkRecord, in place: Place) throws(KernelError) -> Place? {
        guard let number = record.peerNamespace else { return place }
        return try number == self.number(ofOtherThan: place) ? (place == .host ? .container : .host) : nil
    }

    /// The kernel's number, in one of the namespaces, for the other one.
    private mutating func number(ofOtherThan place: Place) throws(KernelError) -> Int32? {
        switch place {
        case .container:
            return try inContainer { space throws(KernelError) in
                guard let outer = space.outerDescriptor else { return nil }
                return try space.number(ofNamespaceBehind: outer)
            } ?? nil
        case .host:
            guard let inner = container?.descriptor else { return nil }
            return try host.number(ofNamespaceBehind: inner)
        }
    }
}
