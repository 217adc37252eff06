import Addressing
import CNLRoute
import NetworkModel

extension RouteNamespace {
    /// All routes but those of table `local`.
    mutating func allRoutes() throws(KernelError) -> [Route] {
        let records = try socket.dump(RouteMessages.dump(), "read routes", "of the \(place.rawValue)") {
            _,
            payload throws(MalformedMessage) in try RouteRecord(payload)
        }
        var routes: [Route] = []
        for record in records.flatMap(\.singles) where record.isLasting && record.table != Route.localTable {
            guard let index = record.index, let name = try name(of: index) else { continue }
            if let route = record.route(on: LinkID(place, name)) { routes.append(route) }
        }
        return routes
    }

    /// All rules that lead to a table.
    mutating func rules() throws(KernelError) -> [RoutingRule] {
        let place = place
        return try socket.dump(RuleMessages.dump(), "read rules", "of the \(place.rawValue)") {
            _,
            payload throws(MalformedMessage) in try RuleRecord(payload)?.rule(in: place)
        }
    }

    /// Adds a rule.
    mutating func add(_ rule: RoutingRule) throws(KernelError) {
        try socket.request(RuleMessages.add(source(of: rule), table: rule.table), "add rule", "\(rule)")
    }

    /// Removes a rule.
    mutating func remove(_ rule: RoutingRule) throws(KernelError) {
        try socket.request(RuleMessages.remove(source(of: rule), table: rule.table), "remove rule", "\(rule)")
    }

    private func source(of rule: RoutingRule) throws(KernelError) -> CIDR {
        guard let source = rule.source else {
            throw KernelError("change rule", "\(rule)", reason: .invalid, text: "only rules by source are made here")
        }
        return source
    }
}
