import Addressing
import NetworkModel

/// What one service puts into the sets and maps, before anyone knows which endpoint gets which index.
struct ServiceElements: Sendable {
    /// What clients connect to that the service owns, with its endpoints.
    var frontends: [Target] = []
    /// Its virtual addresses.
    var clusterIPs: [IPAddress] = []
    /// The addresses of its chosen endpoints on this node, each once, sorted.
    var hairpins: [IPAddress] = []

    /// A frontend and where it leads.
    struct Target: Sendable {
        let frontend: Frontend
        /// What the kernel should hold: lists in any order, no holder.
        let state: FrontendState
        /// Where open connections may go on.
        let serving: [EndpointAddress]
    }

    /// Nothing: for a service that is gone.
    init() {}

    /// What `table` and `settings` want for a service; a frontend that another service has is left out.
    init(_ service: Service, in table: ServiceTable, _ settings: ProxySettings, _ node: NodeConditions) {
        var choice = EndpointChoice(service, table.slices(of: service.name), settings, node)
        clusterIPs = service.clusterIPs.filter { settings.families.contains($0.family) }
        var locals: Set<IPAddress> = []
        service.forEachFrontend(by: table.rules) { frontend, port, entrance in
            guard settings.families.contains(frontend.address.family), table.owner(of: frontend) == service.name
            else { return }
            let selection = choice.selection(port, frontend.address.family)
            let state = choice.state(frontend, port, entrance, selection)
            frontends.append(Target(frontend: frontend, state: state, serving: selection.serving))
            locals.formUnion(selection.localAddresses(for: service.audience(at: entrance)))
        }
        hairpins = locals.sorted()
    }

    /// `namespace/name:port`, as long as an element's comment may be.
    static func comment(_ service: ServiceName, _ port: ServicePort) -> String {
        let text = port.name.isEmpty ? "\(service)" : "\(service):\(port.name)"
        return String(text.prefix(elementCommentLimit))
    }

    /// `namespace/name`, as long as an element's comment may be.
    static func comment(_ service: ServiceName) -> String { String("\(service)".prefix(elementCommentLimit)) }
}

/// Names are ASCII, so these are bytes: nft's NFTNL_UDATA_COMMENT_MAXLEN without the NUL.
private let elementCommentLimit = 127

/// Chooses the endpoints of one service.
private struct EndpointChoice {
    private let service: Service
    private let slices: [EndpointSlice]
    private let settings: ProxySettings
    private let node: NodeConditions
    /// A service is reached at many addresses, and chooses its endpoints only by port and family.
    private var selections: [SelectionKey: EndpointSelection] = [:]

    private struct SelectionKey: Hashable {
        let portName: String
        let transport: TransportProtocol
        let family: IPAddress.Family
    }

    init(_ service: Service, _ slices: [EndpointSlice], _ settings: ProxySettings, _ node: NodeConditions) {
        self.service = service
        self.slices = slices
        self.settings = settings
        self.node = node
    }

    mutating func selection(_ port: ServicePort, _ family: IPAddress.Family) -> EndpointSelection {
        let key = SelectionKey(portName: port.name, transport: port.transport, family: family)
        if let selection = selections[key] { return selection }
        let node = SelectingNode(name: settings.nodeName, zone: node.zone)
        let selection = EndpointSelection(port, family, in: slices, for: node)
        selections[key] = selection
        return selection
    }

    /// What the kernel should hold of a frontend.
    func state(
        _ frontend: Frontend,
        _ port: ServicePort,
        _ entrance: Entrance,
        _ selection: EndpointSelection
    ) -> FrontendState {
        var state = FrontendState(holder: nil, comment: ServiceElements.comment(service.name, port))
        state.affinity = service.affinity
        state.sourceRanges = sourceRanges(frontend, entrance)
        switch service.audience(at: entrance) {
        case .everywhere, .here: state.endpoints = list(selection, service.audience(at: entrance))
        case .bySource where selection.hasAny:
            state.endpoints = list(selection, .everywhere)
            state.here = list(selection, .here)
        case .bySource: break
        }
        state.traits = traits(entrance, selection, isServed: state.code != nil)
        return state
    }

    private func traits(
        _ entrance: Entrance,
        _ selection: EndpointSelection,
        isServed: Bool
    ) -> FrontendState.Traits {
        if !isServed && selection.hasAny { return .dropped }
        // What is left for a virtual address is refused in any case.
        guard entrance != .clusterIP else { return [] }
        if !isServed { return .refused }
        return service.policy(at: entrance) == .local ? .masqueradedFromNode : .masqueraded
    }

    private func list(_ selection: EndpointSelection, _ audience: EndpointSelection.Audience) -> [EndpointAddress] {
        Array(selection.chosen(for: audience).prefix(Picker(isHere: false, service.affinity).largestCount))
    }

    /// A node that may come by a load balancer's address comes with that address as its source, since it has it.
    private func sourceRanges(_ frontend: Frontend, _ entrance: Entrance) -> [CIDR]? {
        guard let ranges = service.sourceRanges(at: entrance, frontend.address.family) else { return nil }
        let includesNode = node.primaryAddresses.contains { address in ranges.contains { $0.contains(address) } }
        let all = includesNode ? ranges + [CIDR(host: frontend.address)] : ranges
        return Set(all).sorted()
    }
}

extension Service {
    /// Which lists of endpoints the clients of an entrance get.
    func audience(at entrance: Entrance) -> EndpointSelection.Audience {
        switch policy(at: entrance) {
        case .cluster: .everywhere
        case .local: entrance == .clusterIP ? .here : .bySource
        }
    }
}
