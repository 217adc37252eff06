import Addressing

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
        let comment: String
        /// Where new connections go.
        let chosen: [EndpointAddress]
        /// Where open connections may go on.
        let serving: [EndpointAddress]
    }

    /// Nothing: for a service that is gone.
    init() {}

    /// What `table` and `settings` want for a service; a frontend that another service has is left out.
    init(_ service: Service, in table: ServiceTable, _ settings: ProxySettings) {
        let slices = table.slices(of: service.name)
        clusterIPs = service.clusterIPs.filter { settings.families.contains($0.family) }
        var locals: Set<IPAddress> = []
        for address in clusterIPs {
            for port in service.ports {
                let frontend = Frontend(address, port.transport, port.port)
                guard table.owner(of: frontend) == service.name else { continue }
                let selection = EndpointSelection(port, address.family, in: slices)
                let comment = Self.comment(service.name, port)
                let (chosen, serving) = (selection.chosen, selection.serving)
                frontends.append(Target(frontend: frontend, comment: comment, chosen: chosen, serving: serving))
                locals.formUnion(selection.localAddresses(settings.nodeName))
            }
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
