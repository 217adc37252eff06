import Addressing
import Control
import KubernetesClient
import ServiceProxy
import Testing

@Suite("The cluster's state")
struct ClusterStateTests {
    private let now = ContinuousClock.now

    private func names(_ changes: [ServiceChange]) -> [String] {
        changes.map { change in
            switch change {
            case .service(let service): "+\(service.name.name)"
            case .deleteService(let name): "-\(name.name)"
            case .slice(let slice): "+\(slice.id.name)"
            case .deleteSlice(let id): "-\(id.name)"
            }
        }
    }

    /// What is new, of which there has to be something.
    private func update(of state: inout ClusterState) throws -> SourceUpdate {
        let update = state.takeUpdate(noticed: now)
        return try #require(update)
    }

    private func isSilent(_ state: inout ClusterState) -> Bool { state.takeUpdate(noticed: now) == nil }

    /// Services a and b, slice s.
    private func synced(acceptsEmptiness: Bool = false) throws -> ClusterState {
        var state = ClusterState(acceptsEmptiness: acceptsEmptiness)
        state.note("404 Not Found", of: .serviceCIDRs)
        state.take(.replace([try WatchedObject("a", at: 1), try WatchedObject("b", at: 1)]), of: .services, at: .zero)
        state.take(.replace([try WatchedObject(slice: "s", at: 1)]), of: .endpointSlices, at: .zero)
        _ = state.takeUpdate(noticed: now)
        return state
    }

    @Test("nothing is complete before services and slices both are", arguments: [true, false])
    func both(_ servicesFirst: Bool) throws {
        var state = ClusterState()
        state.note("404 Not Found", of: .serviceCIDRs)
        let services = ListWatch.Change.replace([try WatchedObject("a", at: 1)])
        let slices = ListWatch.Change.replace([try WatchedObject(slice: "s", at: 1)])
        state.take(servicesFirst ? services : slices, of: servicesFirst ? .services : .endpointSlices, at: .zero)
        let silent = isSilent(&state)
        #expect(silent)
        state.take(servicesFirst ? slices : services, of: servicesFirst ? .endpointSlices : .services, at: .zero)
        let update = try self.update(of: &state)
        #expect(update.delivery == .complete)
        #expect(update.changes.count == 2)
    }

    private func range(_ name: String, _ cidr: String) throws -> WatchedObject {
        WatchedObject(
            ObjectKey(name: name),
            try WatchedObject("x", at: 7).version,
            .serviceCIDR(ServiceCIDR(name: name, cidrs: [try CIDR(parsing: cidr)], isReady: true))
        )
    }

    @Test("nothing is complete before ranges and node are told of or cannot be, since the rules depend on them")
    func networks() throws {
        var state = ClusterState(needsNode: true)
        state.take(.replace([try WatchedObject("a", at: 1)]), of: .services, at: .zero)
        state.take(.replace([try WatchedObject(slice: "s", at: 1)]), of: .endpointSlices, at: .zero)
        state.take(.replace([]), of: .node("n"), at: .zero)
        var silent = isSilent(&state)
        #expect(silent)
        state.note("403 Forbidden", of: .serviceCIDRs)
        let first = try update(of: &state)
        #expect(first.delivery == .complete)
        #expect(first.facts == ClusterFacts())
        #expect(first.problem == nil)
        // It may be shown later after all, and change.
        state.take(.replace([try range("kubernetes", "10.96.0.0/16")]), of: .serviceCIDRs, at: .zero)
        #expect(try update(of: &state).facts?.serviceCIDRs == [try CIDR(parsing: "10.96.0.0/16")])
        state.take(.put(try range("more", "10.97.0.0/16")), of: .serviceCIDRs, at: .zero)
        #expect(try update(of: &state).facts?.serviceCIDRs.count == 2)
        state.take(.put(try range("more", "10.97.0.0/16")), of: .serviceCIDRs, at: .zero)
        silent = isSilent(&state)
        #expect(silent)
        state.take(.remove(try range("more", "10.97.0.0/16")), of: .serviceCIDRs, at: .zero)
        #expect(try update(of: &state).facts?.serviceCIDRs.count == 1)
    }

    @Test("before everything is known only trouble is told")
    func troubleAtStart() throws {
        var state = ClusterState()
        state.note("connection refused", of: .services)
        let update = try self.update(of: &state)
        #expect(update.delivery == .waiting)
        #expect(update.problem == "services: connection refused")
        let silent = isSilent(&state)
        #expect(silent)
    }

    @Test("a list removes what it does not have; an event removes its object")
    func changes() throws {
        var state = try synced()
        state.take(.replace([try WatchedObject("b", at: 5), try WatchedObject("c", at: 6)]), of: .services, at: .zero)
        state.take(.remove(try WatchedObject("b", at: 7)), of: .services, at: .zero)
        state.take(.remove(try WatchedObject("b", at: 7)), of: .services, at: .zero)
        let update = try self.update(of: &state)
        #expect(names(update.changes) == ["-a", "+b", "+c", "-b"])
    }

    @Test("a list without anything changes nothing until the doubt is over")
    func emptiness() throws {
        var state = try synced()
        state.take(.replace([]), of: .services, at: .seconds(10))
        var update = try self.update(of: &state)
        #expect(update.changes.isEmpty)
        #expect(update.problem?.contains("no services at all") == true)
        #expect(update.delivery == .partial)
        // Another such list begins no new doubt, and what is named one by one is believed.
        state.take(.replace([]), of: .services, at: .seconds(200))
        state.take(.put(try WatchedObject("b", at: 20)), of: .services, at: .seconds(201))
        state.pass(.seconds(309))
        update = try self.update(of: &state)
        #expect(names(update.changes) == ["+b"])
        state.pass(.seconds(310))
        update = try self.update(of: &state)
        #expect(names(update.changes) == ["-a"])
        #expect(update.problem == nil)
        #expect(update.delivery == .complete)
        state.pass(.seconds(999))
        let silent = isSilent(&state)
        #expect(silent)
    }

    @Test("a list with anything ends the doubt at once")
    func doubtEnds() throws {
        var state = try synced()
        state.take(.replace([]), of: .endpointSlices, at: .zero)
        state.take(.replace([try WatchedObject(slice: "t", at: 9)]), of: .endpointSlices, at: .zero)
        let update = try self.update(of: &state)
        #expect(names(update.changes) == ["-s", "+t"])
        #expect(update.delivery == .complete)
        #expect(update.problem == nil)
    }

    @Test("emptiness is believed by who was told to")
    func acceptsEmptiness() throws {
        var state = try synced(acceptsEmptiness: true)
        state.take(.replace([]), of: .services, at: .zero)
        let update = try self.update(of: &state)
        #expect(names(update.changes) == ["-a", "-b"])
        #expect(update.delivery == .complete)
    }

    @Test("a first list without anything leaves what an earlier run left")
    func emptyAtStart() throws {
        var state = ClusterState()
        state.note("404 Not Found", of: .serviceCIDRs)
        state.take(.replace([]), of: .services, at: .zero)
        state.take(.replace([]), of: .endpointSlices, at: .zero)
        var update = try self.update(of: &state)
        #expect(update.delivery == .partial)
        state.pass(.seconds(300))
        update = try self.update(of: &state)
        #expect(update.delivery == .complete)
    }

    @Test("a refused version of an object keeps its last good one; gone is gone")
    func refused() throws {
        var state = try synced()
        let good = try WatchedObject("a", at: 2)
        let id = ObjectID(.service, namespace: "default", name: "a")
        let rejection = Rejection(id, field: "spec.ports[0].port", value: "0", reason: "'0' is not a port")
        state.take(.put(WatchedObject(good.key, good.version, .refused(rejection))), of: .services, at: .zero)
        var update = try self.update(of: &state)
        #expect(update.changes.isEmpty)
        #expect(update.problems.map(\.object) == ["Service default/a"])
        #expect(update.problems[0].reason.hasSuffix("(the last good version stays in force)"))
        state.take(.remove(good), of: .services, at: .zero)
        update = try self.update(of: &state)
        #expect(names(update.changes) == ["-a"])
        #expect(update.problems.isEmpty)
    }

    @Test("a watch in trouble is told and changes nothing; of the node's nobody hears")
    func trouble() throws {
        var state = try synced()
        state.note("connection refused", of: .endpointSlices)
        var update = try self.update(of: &state)
        #expect(update.problem == "endpointslices: connection refused")
        #expect(update.changes.isEmpty)
        #expect(update.delivery == .complete)
        state.note("connection refused", of: .endpointSlices)
        state.note("no", of: .node("n"))
        let silent = isSilent(&state)
        #expect(silent)
        state.note(nil, of: .endpointSlices)
        update = try self.update(of: &state)
        #expect(update.problem == nil)
    }
}
