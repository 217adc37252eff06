import Addressing
import NetworkModel

/// What the kernel tells of one frontend when there is nobody to compare it with.
struct KernelWitness {
    private let frontend: Frontend
    private let table: String
    private let element: KernelView.FrontendElement?
    private let elements: [KernelView.EndpointElement]

    init(_ frontend: Frontend, _ view: KernelView) {
        self.frontend = frontend
        table = KernelView.tableID(of: frontend.address.family).description
        element = view.frontends[frontend]
        elements = view.endpoints[frontend] ?? []
    }

    /// One row per endpoint, and one for the gaps in their numbers.
    var rows: [EndpointItem] {
        elements.map(endpoint) + ["endpoints", "endpoints-here"].compactMap(gap) + (stray.map { [$0] } ?? [])
    }

    /// A number that somebody else wrote.
    private var stray: EndpointItem? {
        element?.strayNumber.map { number in
            row(nil, .missing, reason: "leads to chain number \(number), which is none: connections are dropped")
        }
    }

    private func endpoint(_ found: KernelView.EndpointElement) -> EndpointItem {
        guard let element else { return row(found, .stale, reason: "not in map frontends") }
        if element.draws(found) { return row(found, .ok) }
        return row(found, .stale, reason: element.lack(of: found))
    }

    /// Numbers that the kernel draws and that lead nowhere.
    ///
    /// They are counted and never listed: the count is whatever somebody wrote into the kernel.
    private func gap(in map: String) -> EndpointItem? {
        let count = element?.count(in: map) ?? 0
        let taken = Set(elements.lazy.filter { $0.map == map }.compactMap(\.index).filter { $0 < count })
        guard taken.count < count else { return nil }
        let first = taken.sorted().enumerated().first { $0.offset != $0.element }?.offset ?? taken.count
        let lack = "\(count - taken.count) of \(count) indices lead nowhere (first \(first))"
        return row(nil, .missing, index: first, reason: "\(lack): those connections are dropped")
    }

    private func row(
        _ found: KernelView.EndpointElement?,
        _ kernel: KernelState,
        index: Int? = nil,
        reason: String? = nil
    ) -> EndpointItem {
        EndpointItem(
            owner: element?.owner,
            frontend: frontend,
            element: found,
            state: .unknown,
            reason: reason,
            kernel: KernelEvidence(
                kernel,
                table: table,
                index: found?.index ?? index,
                connections: found?.connections
            )
        )
    }
}

extension EndpointItem {
    /// A row for a virtual IP none of whose ports leads anywhere.
    init(rejecting address: IPAddress, of owner: PortOwner?, state: EndpointState, kernel: KernelState, reason: String?)
    {
        self.init(
            namespace: owner?.namespace ?? "",
            service: owner?.service ?? "",
            portName: "",
            protocol: "",
            vip: address.description,
            port: 0,
            endpoint: nil,
            desired: nil,
            applied: nil,
            state: state,
            reason: reason,
            kernel: KernelEvidence(kernel, table: KernelView.tableID(of: address.family).description)
        )
    }
}

extension EndpointItem {
    /// A row for a port that leads nowhere.
    init(
        refusing frontend: Frontend,
        of owner: PortOwner?,
        state: EndpointState,
        kernel: KernelState,
        reason: String?
    ) {
        let table = KernelView.tableID(of: frontend.address.family).description
        self.init(
            owner: owner,
            frontend: frontend,
            element: nil,
            state: state,
            reason: reason,
            kernel: KernelEvidence(kernel, table: table)
        )
    }
}
