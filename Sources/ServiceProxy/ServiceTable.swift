/// One object that came, changed or went.
package enum ServiceChange: Hashable, Sendable {
    case service(Service)
    case deleteService(ServiceName)
    case slice(EndpointSlice)
    case deleteSlice(ObjectID)
}

/// Two services that claim one address, protocol and port.
package struct Clash: Hashable, Sendable, CustomStringConvertible {
    /// What both claim.
    package let frontend: Frontend
    /// Who keeps it: the oldest, of equally old ones the first by name.
    package let winner: ServiceName
    /// Who does not get it.
    package let loser: ServiceName

    /// Names a clash.
    package init(frontend: Frontend, winner: ServiceName, loser: ServiceName) {
        self.frontend = frontend
        self.winner = winner
        self.loser = loser
    }

    /// `default/new: 10.96.0.1:80/tcp belongs to default/old, which is older or first by name`
    package var description: String { "\(loser): \(reason)" }

    /// The same without the loser.
    package var reason: String { "\(frontend) belongs to \(winner), which is older or first by name" }
}

/// The services and slices that the source holds now, joined by service, and which services they changed.
///
/// The cost of a change is that of its own service, however many others there are.
package struct ServiceTable: Sendable {
    /// The services by name.
    package private(set) var services: [ServiceName: Service] = [:]
    /// The slices of each service, by slice name; also of services that are not there (yet).
    private var slicesByService: [ServiceName: [EndpointSlice]] = [:]
    /// The service that each slice is filed under.
    private var serviceOfSlice: [ObjectID: ServiceName] = [:]
    /// Who has each frontend.
    private var owners: [Frontend: ServiceName] = [:]
    /// All who claim a frontend, where they are several.
    private var claimants: [Frontend: [ServiceName]] = [:]
    private var dirty: Set<ServiceName> = []
    /// By which addresses services may be reached.
    package private(set) var rules: EntranceRules

    /// Nothing yet.
    package init(_ rules: EntranceRules = EntranceRules()) {
        self.rules = rules
    }

    /// The slices of a service, by name.
    package func slices(of service: ServiceName) -> [EndpointSlice] { slicesByService[service] ?? [] }

    /// The service that a slice is filed under.
    package func service(ofSlice id: ObjectID) -> ServiceName? { serviceOfSlice[id] }

    /// All slices, in no order.
    package var allSlices: [EndpointSlice] { slicesByService.values.flatMap(\.self) }

    /// How many slices there are.
    package var sliceCount: Int { serviceOfSlice.count }

    /// Who serves an address, protocol and port, if anyone claims it.
    package func owner(of frontend: Frontend) -> ServiceName? { owners[frontend] }

    /// Whether a service changed since `takeDirty` was last called.
    package var isDirty: Bool { !dirty.isEmpty }

    /// The services that changed since this was last called; some may be gone by now.
    package mutating func takeDirty() -> [ServiceName] {
        defer { dirty.removeAll() }
        return dirty.sorted()
    }

    /// Counts a service as changed, whether it is there or not.
    package mutating func markDirty(_ name: ServiceName) { dirty.insert(name) }

    /// Counts every service as changed.
    package mutating func markAllDirty() {
        dirty.formUnion(services.keys)
    }

    /// Takes other rules of entrance. Costs a walk over all services.
    package mutating func use(_ rules: EntranceRules) {
        guard rules != self.rules else { return }
        let affected = services.values.filter { $0.exposure != nil || $0.hasNodePorts }
        for service in affected { withdrawClaims(of: service) }
        self.rules = rules
        for service in affected { makeClaims(of: service) }
        dirty.formUnion(affected.lazy.map(\.name))
    }

    /// The claims that lost, by frontend. Walks the contested frontends only.
    package var clashes: [Clash] {
        claimants.sorted { $0.key < $1.key }.flatMap { frontend, names in
            names.sorted().compactMap { name in
                owners[frontend].flatMap { $0 == name ? nil : Clash(frontend: frontend, winner: $0, loser: name) }
            }
        }
    }

    /// Takes one change. What is as it was changes nothing and makes nothing dirty.
    package mutating func apply(_ change: ServiceChange) {
        switch change {
        case .service(let service): upsert(service)
        case .deleteService(let name): delete(name)
        case .slice(let slice): upsert(slice)
        case .deleteSlice(let id): deleteSlice(id)
        }
    }

    /// The changes that make the table hold exactly these objects. Costs a walk over all of them.
    package func changes(
        reaching services: some Collection<Service>,
        _ slices: some Collection<EndpointSlice>
    ) -> [ServiceChange] {
        let names = Set(services.lazy.map(\.name))
        let ids = Set(slices.lazy.map(\.id))
        var changes: [ServiceChange] = []
        changes += serviceOfSlice.keys.lazy.filter { !ids.contains($0) }.map { .deleteSlice($0) }
        changes += self.services.keys.lazy.filter { !names.contains($0) }.map { .deleteService($0) }
        changes += services.lazy.filter { self.services[$0.name] != $0 }.map { .service($0) }
        changes += slices.lazy.filter { self.slice($0.id) != $0 }.map { .slice($0) }
        return changes
    }

    private func slice(_ id: ObjectID) -> EndpointSlice? {
        serviceOfSlice[id].flatMap { slicesByService[$0]?.first { $0.id == id } }
    }
}

extension ServiceTable {
    private mutating func upsert(_ service: Service) {
        let former = services[service.name]
        guard former != service else { return }
        if let former { withdrawClaims(of: former) }
        services[service.name] = service
        makeClaims(of: service)
        dirty.insert(service.name)
    }

    private mutating func makeClaims(of service: Service) {
        service.forEachFrontend(by: rules) { frontend, _, _ in claim(frontend, for: service.name) }
    }

    private mutating func delete(_ name: ServiceName) {
        guard let former = services.removeValue(forKey: name) else { return }
        withdrawClaims(of: former)
        dirty.insert(name)
    }

    private mutating func upsert(_ slice: EndpointSlice) {
        if let former = serviceOfSlice[slice.id], former != slice.service { deleteSlice(slice.id) }
        let place = slicesByService[slice.service]?.firstIndex { $0.id >= slice.id } ?? slices(of: slice.service).count
        if let present = slicesByService[slice.service], place < present.count, present[place].id == slice.id {
            guard present[place] != slice else { return }
            slicesByService[slice.service]?[place] = slice
        } else {
            slicesByService[slice.service, default: []].insert(slice, at: place)
            serviceOfSlice[slice.id] = slice.service
        }
        dirty.insert(slice.service)
    }

    private mutating func deleteSlice(_ id: ObjectID) {
        guard let service = serviceOfSlice.removeValue(forKey: id) else { return }
        slicesByService[service]?.removeAll { $0.id == id }
        if slices(of: service).isEmpty { slicesByService[service] = nil }
        dirty.insert(service)
    }

    private mutating func claim(_ frontend: Frontend, for name: ServiceName) {
        guard let owner = owners[frontend] else {
            owners[frontend] = name
            return
        }
        claimants[frontend, default: [owner]].append(name)
        settle(frontend)
    }

    private mutating func withdrawClaims(of service: Service) {
        service.forEachFrontend(by: rules) { frontend, _, _ in
            guard var rest = claimants[frontend] else {
                owners[frontend] = nil
                return
            }
            rest.removeAll { $0 == service.name }
            claimants[frontend] = rest
            settle(frontend)
        }
    }

    /// Gives a contested frontend to the oldest claimant, and to the first by name of equally old ones.
    private mutating func settle(_ frontend: Frontend) {
        guard let names = claimants[frontend], let winner = names.min(by: precedes) else { return }
        if let former = owners[frontend], former != winner { dirty.formUnion([former, winner]) }
        owners[frontend] = winner
        if names.count == 1 { claimants[frontend] = nil }
    }

    private func precedes(_ left: ServiceName, _ right: ServiceName) -> Bool {
        switch (services[left]?.created, services[right]?.created) {
        case (let one?, let other?) where one != other: one < other
        case (_?, nil): true
        case (nil, _?): false
        default: left < right
        }
    }
}
