import Addressing
import NetworkModel

/// The elements of a table by frontend.
///
/// A frontend is whole when what its elements say makes just these elements again.
struct FoundFrontends {
    /// The elements of one frontend.
    private struct Found {
        var marks: [String: Element] = [:]
        /// Of `endpoints` and `endpoints-here`.
        var lists: [String: [UInt32: EndpointAddress]] = [:]
        /// Of `identities` and `identities-here`.
        var identities: [String: [UInt32: UInt32]] = [:]
        var ranges: [CIDR] = []
    }

    private var found: [Frontend: Found] = [:]
    /// Keys that belong to no frontend that is whole, by set.
    private(set) var rest: [String: [[UInt8]]] = [:]

    /// Reads the sets and maps about frontends.
    init(_ table: Table) {
        for name in Self.markSets { readMarks(table, name) }
        for picker in [Picker.everywhere, .here] {
            readList(table, picker.endpoints)
            readIdentities(table, picker.identities)
        }
        for name in table.sets.keys {
            ServiceRuleset.SetName.prefixLength(ofSet: name).map { readRanges(table, name, $0) }
        }
    }

    private static var markSets: [String] {
        typealias Name = ServiceRuleset.SetName
        return [
            Name.frontends, Name.everywhere, Name.here, Name.refused, Name.masqueraded, Name.masqueradedFromNode,
            Name.restricted,
        ]
    }

    private mutating func readMarks(_ table: Table, _ name: String) {
        for (key, element) in table.elements(name) {
            if let frontend = ElementBytes.frontend(from: key[...]) {
                found[frontend, default: Found()].marks[name] = element
            } else {
                rest[name, default: []].append(key)
            }
        }
    }

    private mutating func readList(_ table: Table, _ name: String) {
        for (key, element) in table.elements(name) {
            if let (index, frontend) = ElementBytes.slot(from: key),
                let endpoint = element.data.flatMap({ ElementBytes.endpoint(from: $0[...]) })
            {
                found[frontend, default: Found()].lists[name, default: [:]][index] = endpoint
            } else {
                rest[name, default: []].append(key)
            }
        }
    }

    private mutating func readIdentities(_ table: Table, _ name: String) {
        for (key, element) in table.elements(name) {
            if let (index, frontend) = ElementBytes.slot(from: key),
                let number = element.data.flatMap({ RegisterBytes.number(host: $0) })
            {
                found[frontend, default: Found()].identities[name, default: [:]][index] = number
            } else {
                rest[name, default: []].append(key)
            }
        }
    }

    private mutating func readRanges(_ table: Table, _ name: String, _ prefixLength: Int) {
        for key in table.elements(name).keys {
            if let (frontend, range) = ElementBytes.source(from: key, prefixLength: prefixLength) {
                found[frontend, default: Found()].ranges.append(range)
            } else {
                rest[name, default: []].append(key)
            }
        }
    }

    /// The frontends that are whole; what is left of the others is in `rest` afterwards.
    mutating func takeWhole() -> [Frontend: FrontendState] {
        var whole: [Frontend: FrontendState] = [:]
        whole.reserveCapacity(found.count)
        for (frontend, found) in found {
            if let state = Self.state(found) {
                whole[frontend] = state
            } else {
                leave(frontend, found)
            }
        }
        found = [:]
        return whole
    }

    private static func state(_ found: Found) -> FrontendState? {
        typealias Name = ServiceRuleset.SetName
        let code = found.marks[Name.frontends]?.code
        guard let endpoints = endpoints(found, .everywhere), let here = self.endpoints(found, .here),
            code == .bySource || here.isEmpty
        else { return nil }
        var state = FrontendState(holder: nil, comment: comment(found), endpoints: endpoints)
        state.affinity = affinity(found)
        if code == .bySource { state.here = here }
        if code == .drop { state.traits.insert(.dropped) }
        if found.marks[Name.refused] != nil { state.traits.insert(.refused) }
        if found.marks[Name.masqueraded] != nil { state.traits.insert(.masqueraded) }
        if found.marks[Name.masqueradedFromNode] != nil { state.traits.insert(.masqueradedFromNode) }
        if found.marks[Name.restricted] != nil { state.sourceRanges = found.ranges.sorted() }
        guard found.ranges.isEmpty || state.sourceRanges != nil else { return nil }
        var marks: [String: Element] = [:]
        state.forEachMark { marks[$0] = $1 }
        return marks == found.marks && hasIdentities(of: state, found) ? state : nil
    }

    /// The affinity that the codes speak of; that they all do shows when they are made again.
    private static func affinity(_ found: Found) -> Affinity? {
        typealias Name = ServiceRuleset.SetName
        return [Name.frontends, Name.everywhere, Name.here].lazy
            .compactMap { found.marks[$0]?.code?.picker?.affinity }.first
    }

    /// The endpoints by index, if they are different ones at 0 to n − 1.
    private static func endpoints(_ found: Found, _ picker: Picker) -> [EndpointAddress]? {
        let list = found.lists[picker.endpoints] ?? [:]
        let numbers = found.identities[picker.identities]
        let endpoints = (0..<UInt32(truncatingIfNeeded: list.count)).compactMap { index in
            numbers.map { $0[index].flatMap { list[$0] } } ?? list[index]
        }
        guard endpoints.count == list.count, Set(endpoints).count == list.count else { return nil }
        return endpoints
    }

    /// Whether clients find their endpoints by the numbers that we would give them, and no others.
    private static func hasIdentities(of state: FrontendState, _ found: Found) -> Bool {
        guard state.affinity != nil || !found.identities.isEmpty else { return true }
        var identities: [String: [UInt32: UInt32]] = [:]
        for (picker, endpoints) in state.lists where state.affinity != nil && !endpoints.isEmpty {
            let numbers = EndpointIdentity.numbers(of: endpoints)
            identities[picker.identities] = Dictionary(uniqueKeysWithValues: zip(0..., numbers))
        }
        return identities == found.identities
    }

    private static func comment(_ found: Found) -> String {
        typealias Name = ServiceRuleset.SetName
        return [Name.frontends, Name.refused, Name.restricted].lazy.compactMap { found.marks[$0]?.comment }.first ?? ""
    }

    private mutating func leave(_ frontend: Frontend, _ found: Found) {
        for name in found.marks.keys { rest[name, default: []].append(ElementBytes.frontend(frontend)) }
        for (name, numbers) in found.lists.mapValues(\.keys) {
            rest[name, default: []] += numbers.map { ElementBytes.slot(Int($0), of: frontend) }
        }
        for (name, indices) in found.identities.mapValues(\.keys) {
            rest[name, default: []] += indices.map { ElementBytes.slot(Int($0), of: frontend) }
        }
        for range in found.ranges {
            rest[ServiceRuleset.SetName.allowed(range.prefixLength), default: []]
                .append(ElementBytes.source(range, of: frontend))
        }
    }
}

extension Element {
    /// What it says of a frontend, if it does.
    var code: FrontendCode? { data.flatMap { RegisterBytes.number(host: $0) }.flatMap(FrontendCode.init(number:)) }
}
