import Addressing
import NetworkModel

/// Compares what is wanted of one frontend with what the kernel has of it.
struct EndpointJudge {
    private let frontend: Frontend
    private let generation: UInt64
    private let table: String
    private let tableIsThere: Bool
    private let element: KernelView.FrontendElement?
    private let elements: [Socket: [KernelView.EndpointElement]]
    private let isRejectedOtherwise: Bool
    private let known: Set<Socket>
    private let selected: Set<Socket>
    private let isClaimed: Bool
    private let owner: PortOwner?

    init(_ frontend: Frontend, _ items: [EndpointItem], _ view: KernelView, generation: UInt64) {
        self.frontend = frontend
        self.generation = generation
        let id = KernelView.tableID(of: frontend.address.family)
        table = id.description
        tableIsThere = view.tables.contains(id)
        element = view.frontends[frontend]
        elements = Dictionary(grouping: view.endpoints[frontend] ?? [], by: Socket.init)
        isRejectedOtherwise = view.clusterIPs[frontend.address] != nil || view.refused[frontend] != nil
        known = Set(items.compactMap(Socket.init))
        selected = Set(items.filter(\.isSelected).compactMap(Socket.init))
        isClaimed = !items.isEmpty
        owner = items.first.map(PortOwner.init) ?? element?.owner
    }

    /// The item with what the kernel has of it and, when that is wrong, why.
    func row(_ item: EndpointItem) -> EndpointItem {
        let found = elements(of: item)
        let live = found.first { element?.draws($0) ?? false }
        let finding = item.isSelected ? wanted(item, live, found) : unwanted(found)
        var row = item
        row.kernel = KernelEvidence(
            finding.state,
            table: table,
            index: (live ?? found.first)?.index,
            connections: (live ?? found.first)?.connections
        )
        let reasons = [finding.complaint, item.reason].compactMap { $0 }
        row.reason = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
        return row
    }

    /// Rows for what the kernel has of this frontend and none of the items is.
    var leftovers: [EndpointItem] {
        let strangers = elements.filter { !known.contains($0.key) }.values.joined()
        if !isClaimed, strangers.isEmpty, element != nil { return [stale(nil)] }
        return strangers.map(stale)
    }

    private struct Finding {
        let state: KernelState
        let complaint: String?
    }

    /// An endpoint's address and port.
    private struct Socket: Hashable {
        let address: IPAddress
        let port: UInt16

        init(_ element: KernelView.EndpointElement) {
            address = element.address
            port = element.port
        }

        init?(_ item: EndpointItem) {
            guard let target = item.endpoint, let address = IPAddress(target.address),
                let port = UInt16(exactly: target.port)
            else { return nil }
            self.address = address
            self.port = port
        }
    }

    /// Two services may claim one frontend and have an endpoint in common; only one of them has it.
    private func elements(of item: EndpointItem) -> [KernelView.EndpointElement] {
        guard let socket = Socket(item), item.isSelected || !selected.contains(socket) else { return [] }
        return elements[socket] ?? []
    }

    private func wanted(
        _ item: EndpointItem,
        _ live: KernelView.EndpointElement?,
        _ found: [KernelView.EndpointElement]
    ) -> Finding {
        if live != nil { return Finding(state: .ok, complaint: nil) }
        let applied =
            item.applied.map { "applied in gen \($0.generation)" } ?? "in desired gen \(generation), not applied"
        return Finding(state: .missing, complaint: "\(applied), \(lack(found))")
    }

    /// What stands between a client and an endpoint that is wanted.
    private func lack(_ found: [KernelView.EndpointElement]) -> String {
        if !tableIsThere { return "no table \(table)" }
        guard let element else { return "not in map frontends" }
        guard let unreachable = found.first else { return "not in map endpoints" }
        return element.lack(of: unreachable)
    }

    private func unwanted(_ found: [KernelView.EndpointElement]) -> Finding {
        if let element = found.first {
            return Finding(state: .stale, complaint: "still \(element.place)")
        }
        if !selected.isEmpty || !tableIsThere { return Finding(state: .absent, complaint: nil) }
        return element.map(instead) ?? rejection
    }

    /// What the kernel does with a port that should be rejected.
    private func instead(_ element: KernelView.FrontendElement) -> Finding {
        if element.isDropping { return Finding(state: .drop, complaint: nil) }
        let count = max(element.count, element.countHere)
        let others = count == 1 ? "another endpoint" : "\(count) others"
        return Finding(state: .missing, complaint: "not refused: leads to \(others)")
    }

    private var rejection: Finding {
        isRejectedOtherwise
            ? Finding(state: .reject, complaint: nil)
            : Finding(state: .missing, complaint: "not in set cluster-ips: clients are not refused")
    }

    private func stale(_ stranger: KernelView.EndpointElement?) -> EndpointItem {
        let place = stranger?.place ?? "in map frontends"
        return EndpointItem(
            owner: owner,
            frontend: frontend,
            element: stranger,
            state: .undesired,
            reason: "\(place), not desired",
            kernel: KernelEvidence(
                .stale,
                table: table,
                index: stranger?.index,
                connections: stranger?.connections ?? element?.connections
            )
        )
    }
}

extension PortOwner {
    fileprivate init(_ item: EndpointItem) {
        self.init(namespace: item.namespace, service: item.service, portName: item.portName)
    }
}

extension EndpointItem {
    /// Whether it has to be in the kernel.
    fileprivate var isSelected: Bool { desired?.selected == true }

    /// A row that only the kernel tells of.
    init(
        owner: PortOwner?,
        frontend: Frontend,
        element: KernelView.EndpointElement?,
        state: EndpointState,
        reason: String?,
        kernel: KernelEvidence
    ) {
        self.init(
            namespace: owner?.namespace ?? "",
            service: owner?.service ?? "",
            portName: owner?.portName ?? "",
            protocol: frontend.transport.rawValue,
            vip: frontend.address.description,
            port: Int(frontend.port),
            endpoint: element.map { Target(address: $0.address.description, port: Int($0.port), local: false) },
            desired: nil,
            applied: nil,
            state: state,
            reason: reason,
            kernel: kernel
        )
    }
}
